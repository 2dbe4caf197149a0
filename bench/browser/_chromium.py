"""Chromium for the benchmarks: quiet, and measured through its own protocol."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
]
BITS_PER_BYTE = 8


class NoChromium(Exception):
    """There is none on this machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the machine's Chromium.

    Raises:
        NoChromium: neither PATH nor the variable CHROMIUM has one.
    """
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        raise NoChromium("No Chromium: install it, or set CHROMIUM to its path.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Memory:
    """What a page holds after its garbage was collected."""

    heap_bytes: float
    n_nodes: int
    n_listeners: int


class Meter:
    """Chromium's own instruments for one page."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def throttle(self, times: float) -> None:
        """Make the processor of the page so many times as slow."""
        self.session.send("Emulation.setCPUThrottlingRate", {"rate": times})

    def slow_network(self, *, bits_per_s: float, latency_ms: float) -> None:
        """Put the page behind a line of this width and delay."""
        width = bits_per_s / BITS_PER_BYTE
        self.session.send("Network.enable")
        self.session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": latency_ms,
                "downloadThroughput": width,
                "uploadThroughput": width,
            },
        )

    def cpu_ms(self) -> float:
        """Return the processor time that the main thread has spent so far."""
        return self._metrics()["TaskDuration"] * 1000

    def memory(self) -> Memory:
        """Collect the garbage and return what is left."""
        self.session.send("HeapProfiler.collectGarbage")
        found = self._metrics()
        return Memory(found["JSHeapUsedSize"], int(found["Nodes"]), int(found["JSEventListeners"]))

    def _metrics(self) -> dict[str, float]:
        told = self.session.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in told}


def load_note() -> str:
    """Say what else the machine was doing: milliseconds depend on it, ratios hardly."""
    one, five, _ = os.getloadavg()
    return (
        f"load {one:.1f} now and {five:.1f} over five minutes on {os.cpu_count()} processors, "
        f"Python {sys.version.split()[0]}"
    )
