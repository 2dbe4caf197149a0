"""How long from a key to the next exam, and how heavy is a sheet, against twelve naive subplots?

Both pages show the same synthetic exams in one run of one Chromium, so read the ratios first.
Run: ``python -m bench.browser.sheet [--presses N]``.
"""

from __future__ import annotations

import argparse
import functools
import json
import mimetypes
import os
import shutil
import statistics
import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from ecgreview.ecg import synth, wire

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FOLDERS = {
    "/static/": REPOSITORY / "static",
    "/vendor/": REPOSITORY / "build" / "vendor" / "plotly",
    "/bench/": HERE,
}
N_EXAMS = 12
PAUSE_MS = 500
FLOOR_MS = 16.0
"""The Event Timing API reports nothing faster than one frame."""

CHROMIUM_ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

COUNT = """selector => {
  const sheet = document.querySelector(selector);
  return [sheet.querySelectorAll("*").length, sheet.querySelectorAll("canvas").length];
}"""


@dataclass(frozen=True, slots=True)
class Result:
    """What one page needed: milliseconds per press, and elements per sheet."""

    frame_ms: list[float]
    paint_ms: list[float]
    n_nodes: int
    n_canvases: int


class Files(BaseHTTPRequestHandler):
    """The pages, the product's scripts, and the exams packed as the product serves them."""

    def __init__(self, exams: list[bytes], *args: object) -> None:
        self.exams = exams
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Answer with a file, the number of exams, or one exam."""
        if self.path == "/exams/count":
            self.reply(json.dumps(len(self.exams)).encode(), "application/json")
        elif self.path.startswith("/exams/"):
            packed = self.exams[int(self.path.removeprefix("/exams/"))]
            self.reply(packed, "application/octet-stream", encoding="gzip")
        else:
            self.reply_file()

    def reply_file(self) -> None:
        """Answer with what one of ``FOLDERS`` holds."""
        for prefix, folder in FOLDERS.items():
            file = (folder / self.path.removeprefix(prefix)).resolve()
            if self.path.startswith(prefix) and file.is_relative_to(folder) and file.is_file():
                self.reply(file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
                return
        self.send_error(404)

    def reply(self, body: bytes, content_type: str, encoding: str = "identity") -> None:
        """Send ``body``."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the parent's name)
        """Say nothing per request."""


def packed_exams() -> list[bytes]:
    """Return exams of different conditions, as stored."""
    rng = np.random.default_rng(12)
    names = [synth.CONDITIONS[i % len(synth.CONDITIONS)] for i in range(N_EXAMS)]
    return [wire.pack(synth.synthesise(name, rng).signal) for name in names]


def measure(browser: Browser, url: str, sheet: str, presses: int) -> Result:
    """Press the right arrow ``presses`` times on the page at ``url``."""
    page = browser.new_page(viewport={"width": 1100, "height": 760})
    page.goto(url)
    page.locator("body[data-ready]").wait_for()
    page.wait_for_timeout(PAUSE_MS)
    for _ in range(presses):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(PAUSE_MS)
    n_nodes, n_canvases = page.evaluate(COUNT, sheet)
    frame_ms, paint_ms = timings(page)
    page.close()
    paint_ms += [FLOOR_MS] * (presses - len(paint_ms))
    return Result(frame_ms, paint_ms, n_nodes, n_canvases)


def timings(page: Page) -> tuple[list[float], list[float]]:
    """Return what the page noted of itself."""
    return page.evaluate("[globalThis.keyToFrameMs, globalThis.keyToPaintMs]")  # type: ignore[no-any-return]


def report(ours: Result, naive: Result) -> None:
    """Print the ratios, then what they are made of."""
    rows: list[tuple[str, float, float]] = [
        ("key to paint, median ms", median(ours.paint_ms), median(naive.paint_ms)),
        ("key to paint, p95 ms", p95(ours.paint_ms), p95(naive.paint_ms)),
        ("key to end of frame, median ms", median(ours.frame_ms), median(naive.frame_ms)),
        ("DOM nodes per sheet", ours.n_nodes, naive.n_nodes),
    ]
    print(f"{'':34}{'this sheet':>12}{'12 subplots':>13}{'ratio':>8}")
    for name, one, other in rows:
        print(f"{name:34}{one:12.1f}{other:13.1f}{other / one:8.1f}")
    print(f"canvases: {ours.n_canvases} and {naive.n_canvases}; {len(ours.paint_ms)} presses each")


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def p95(values: list[float]) -> float:
    """Return the 95th percentile."""
    return float(np.percentile(values, 95))


def main() -> int:
    """Serve the pages, drive Chromium through both, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=30)
    presses = parser.parse_args().presses
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("No Chromium: install it, or set CHROMIUM to its path.", file=sys.stderr)
        return 1
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, packed_exams()))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/bench"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        ours = measure(browser, f"{url}/sheet.html", "ecg-viewer .is-front", presses)
        naive = measure(browser, f"{url}/naive.html", "#naive", presses)
        browser.close()
    server.shutdown()
    report(ours, naive)
    return 0


if __name__ == "__main__":
    sys.exit(main())
