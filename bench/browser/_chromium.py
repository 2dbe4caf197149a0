"""Headless Chromium for benchmarks, with measurements through the DevTools protocol."""

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
    """This machine has no Chromium."""


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
    """Memory of a page after garbage collection."""

    heap_bytes: float
    n_nodes: int
    n_listeners: int


class Meter:
    """Performance measurements of one page through the DevTools protocol."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def throttle(self, times: float) -> None:
        """Slow the CPU of the page down by this factor."""
        self.session.send("Emulation.setCPUThrottlingRate", {"rate": times})

    def slow_network(self, *, bits_per_s: float, latency_ms: float) -> None:
        """Limit the bandwidth and add latency."""
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
        """Return the CPU time of the main thread so far."""
        return self._metrics()["TaskDuration"] * 1000

    def memory(self) -> Memory:
        """Collect garbage and return what remains."""
        self.session.send("HeapProfiler.collectGarbage")
        metrics = self._metrics()
        return Memory(
            metrics["JSHeapUsedSize"], int(metrics["Nodes"]), int(metrics["JSEventListeners"])
        )

    def _metrics(self) -> dict[str, float]:
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return {metric["name"]: metric["value"] for metric in metrics}


def load_note() -> str:
    """Describe the machine's load. It affects times, but hardly the ratios."""
    one_minute, five_minutes, _ = os.getloadavg()
    return (
        f"load {one_minute:.1f} (1 min), {five_minutes:.1f} (5 min) on {os.cpu_count()} CPUs, "
        f"Python {sys.version.split()[0]}"
    )
