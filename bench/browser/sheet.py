"""How long does the next exam take after a key press, and how heavy is a sheet, against its peers?

In one Chromium and with the same synthetic exams: our sheet with the next exam prefetched and not
prefetched, twelve naive Plotly subplots, uPlot, and a hand-drawn canvas. Compare the ratios:
milliseconds depend on the machine and have no limit.
Run: ``python -m bench.browser.sheet [--long]``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bench.browser import _chromium, _files
from bench.browser._table import Limits, median, p90, p95

# The Event Timing API reports nothing below one frame, and everything in steps of 8 ms.
FLOOR_MS = 16.0

SLOWDOWN = 4.0
MAX_NODES = 250

COUNT = """selector => {
  const sheet = document.querySelector(selector);
  return [sheet.querySelectorAll("*").length + 1, sheet.querySelectorAll("canvas").length];
}"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A page that shows the next exam at each right arrow, and the selector of its sheet."""

    name: str
    page: str
    sheet: str


OURS = Peer("this sheet, prepared", "sheet.html", "ecg-viewer .is-front")
LATE = Peer("this sheet, not prepared", "sheet.html?late", "ecg-viewer .is-front")
NAIVE = Peer("12 Plotly subplots", "naive.html", "#naive")
UPLOT = Peer("uPlot", "uplot.html", "#peer")
CANVAS = Peer("canvas by hand", "canvas.html", "#peer")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The number of key presses and the pause between them."""

    presses: int
    slow_presses: int
    pause_ms: float


SHORT, LONG = Rhythm(12, 8, 300), Rhythm(60, 30, 500)


@dataclass(frozen=True, slots=True)
class Result:
    """Results of one page: milliseconds per press, and elements per sheet.

    Attributes:
        paint_ms: from each key to the frame that shows its effect.
        slow_ms: the same with the CPU slowed by ``SLOWDOWN``.
        cpu_ms: of the main thread per press, including prefetching.
        frame_ms: from each key to the end of the next frame's script.
    """

    paint_ms: list[float]
    slow_ms: list[float]
    cpu_ms: float
    frame_ms: list[float]
    n_nodes: int
    n_canvases: int


def measure(browser: Browser, url: str, peer: Peer, rhythm: Rhythm) -> Result:
    """Press the right arrow on the page of ``peer``, then again with a slow CPU."""
    page = browser.new_page(viewport={"width": 1100, "height": 760})
    page.goto(f"{url}/{peer.page}")
    page.locator("body[data-ready]").wait_for()
    page.wait_for_timeout(rhythm.pause_ms)
    meter = _chromium.Meter(page)
    before = meter.cpu_ms()
    paint_ms, frame_ms = press(page, rhythm.presses, rhythm.pause_ms)
    cpu_ms = (meter.cpu_ms() - before) / rhythm.presses
    meter.throttle(SLOWDOWN)
    slow_ms, _ = press(page, rhythm.slow_presses, rhythm.pause_ms * 2)
    n_nodes, n_canvases = page.evaluate(COUNT, peer.sheet)
    page.close()
    return Result(paint_ms, slow_ms, cpu_ms, frame_ms, n_nodes, n_canvases)


def press(page: Page, times: int, pause_ms: float) -> tuple[list[float], list[float]]:
    """Press the key ``times`` times; return the milliseconds to paint and to frame of each."""
    page.evaluate("globalThis.keyToFrameMs.length = globalThis.keyToPaintMs.length = 0")
    for _ in range(times):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(pause_ms)
    paint_ms, frame_ms = page.evaluate("[globalThis.keyToPaintMs, globalThis.keyToFrameMs]")
    return paint_ms + [FLOOR_MS] * (times - len(paint_ms)), frame_ms


def report(results: dict[Peer, Result]) -> None:
    """Print the results of each page and the ratio to our sheet."""
    ours = results[OURS]
    print(
        f"{'key to paint, ms':26}{'median':>8}{'p90':>7}{'p95':>7}{'ratio':>7}"
        f"{f'x{SLOWDOWN:.0f} slow':>9}{'p95':>7}{'CPU ms':>8}{'ratio':>7}{'nodes':>7}"
        f"{'canvases':>10}"
    )
    for peer, result in results.items():
        print(
            f"{peer.name:26}{median(result.paint_ms):8.0f}{p90(result.paint_ms):7.0f}"
            f"{p95(result.paint_ms):7.0f}{median(result.paint_ms) / median(ours.paint_ms):7.1f}"
            f"{median(result.slow_ms):9.0f}{p95(result.slow_ms):7.0f}"
            f"{result.cpu_ms:8.0f}{result.cpu_ms / ours.cpu_ms:7.1f}"
            f"{result.n_nodes:7}{result.n_canvases:10}"
        )
    print(
        f"{len(ours.paint_ms)} presses each, {len(ours.slow_ms)} of them slowed; "
        f"{_chromium.load_note()}"
    )


def limits(results: dict[Peer, Result]) -> Limits:
    """Check counts and ratios, with a margin for a busy machine."""
    ours, late, naive = results[OURS], results[LATE], results[NAIVE]
    canvas = results[CANVAS]
    checked = Limits()
    checked.at_most("nodes of a sheet", ours.n_nodes, MAX_NODES)
    checked.at_most("canvases of a sheet", ours.n_canvases, 0)
    checked.at_least("naive nodes per node", naive.n_nodes / ours.n_nodes, 4)
    checked.at_least(
        "naive key to paint per ours", median(naive.paint_ms) / median(ours.paint_ms), 3
    )
    checked.at_least(
        "the same on a slow processor", median(naive.slow_ms) / median(ours.slow_ms), 3
    )
    checked.at_least("naive CPU per ours", naive.cpu_ms / ours.cpu_ms, 1.3)
    checked.at_least(
        "naive per ours not prepared", median(naive.paint_ms) / median(late.paint_ms), 1
    )
    checked.at_most("ours per canvas", median(ours.paint_ms) / median(canvas.paint_ms), 3)
    return checked


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="five times the presses")
    rhythm = LONG if parser.parse_args().long else SHORT
    peers = [OURS, LATE, NAIVE, CANVAS]
    if _files.UPLOT.is_dir():
        peers.insert(-1, UPLOT)
    else:
        print("uPlot is left out: npm did not install it.")
    try:
        with _files.serving() as url, _chromium.chromium() as browser:
            results = {peer: measure(browser, url, peer, rhythm) for peer in peers}
    except _chromium.NoChromium as refusal:
        print(refusal, file=sys.stderr)
        return 1
    report(results)
    return int(bool(limits(results).broken))


if __name__ == "__main__":
    sys.exit(main())
