"""What does the reading desk cost a reader: the first exam, the next one, a drag, a long evening?

The real page on the real site, with compressed files under hashed names. The first ECG comes over
an emulated line of 50 Mbit/s and 20 ms, with an empty and with a full cache; then exams are read by
key alone. Milliseconds are printed; only bytes, elements and growth are limits.
Run with the services up: ``python -m bench.browser.desk [--long]``; ``--long`` reads 500 exams.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page, Response, ViewportSize, expect

from bench.browser import _chromium, _desk_site
from bench.browser._table import Limits, median, p95
from tests.browser import pdf

VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
LINE = {"bits_per_s": 50e6, "latency_ms": 20.0}
MAX_BYTES = 400_000
MAX_GROWTH_BYTES = 5_000_000
FLOOR_MS = 16.0
PAUSE_MS = 250
DRAG_STEPS = 120
RHYTHM_ROW_PX = 60
WARM_UP, SPARE = 8, 12
TEN_SECONDS_MM = 249.95
"""From the first to the last of 5000 samples at 500 Hz and 25 mm/s."""

ELEMENTS_OF_ONE_EXAM, NODES_OF_ONE_EXAM = 60, 400
"""Exams differ in pieces of paper, names and notes; none may leave anything behind."""

Window = Callable[[], BrowserContext]
"""Opens a window with an empty cache."""

WATCH = (Path(__file__).parent / "watch.js").read_text(encoding="utf-8")
"""Notes in the page when the first ECG is painted, each key to its paint, and each frame."""


@dataclass(slots=True)
class Visit:
    """One opening of the desk.

    Attributes:
        ecg_ms: from the start of the navigation to the frame that shows the ECG.
        answer_ms: of these, until the first byte of the page: line and server.
        sizes: bytes on the wire of what it asked for, by address.
        kinds: what each of these is, as the browser calls it.
    """

    ecg_ms: float = 0.0
    answer_ms: float = 0.0
    sizes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def n_bytes(self, *kinds: str) -> int:
        """Return the bytes of these kinds."""
        return sum(size for url, size in self.sizes.items() if self.kinds[url] in kinds)


@dataclass(frozen=True, slots=True)
class Evening:
    """Many exams read in one window.

    Attributes:
        paint_ms: from the key that submits to the frame with the next exam.
        start: memory after the first exams; ``end``: after the last.
        n_elements: of the document, at the start and at the end.
    """

    paint_ms: list[float]
    start: _chromium.Memory
    end: _chromium.Memory
    n_elements: tuple[int, int]
    n_exams: int


def signed_in(browser: Browser, site: _desk_site.Site) -> Window:
    """Sign the reader in; return what opens windows with an empty cache in which they are."""
    door = browser.new_context()
    page = door.new_page()
    page.goto(site.link())
    page.get_by_role("button", name="Sign in as").click()
    page.wait_for_url(lambda reached: "/link/" not in reached)
    state = door.storage_state()
    door.close()

    def window() -> BrowserContext:
        context = browser.new_context(storage_state=state, viewport=VIEWPORT)
        context.add_init_script(WATCH)
        return context

    return window


def at_desk(context: BrowserContext, site: _desk_site.Site) -> Page:
    """Open the desk and wait until it is drawn and nothing is loading."""
    page = context.new_page()
    page.goto(site.desk())
    page.locator("html[data-ecg-painted]").wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    return page


def visit(page: Page, address: str) -> Visit:
    """Open the desk over the emulated line."""
    found, responses = Visit(), list[Response]()

    def note(response: Response) -> None:
        responses.append(response)

    page.on("response", note)
    page.goto(address)
    page.locator("html[data-ecg-painted]").wait_for(state="attached")
    found.ecg_ms = page.evaluate("globalThis.firstEcgMs")
    found.answer_ms = page.evaluate("performance.getEntriesByType('navigation')[0].responseStart")
    page.wait_for_load_state("networkidle")
    page.remove_listener("response", note)
    for response in responses:
        found.sizes[response.url] = max(response.request.sizes()["responseBodySize"], 0)
        found.kinds[response.url] = response.request.resource_type
    return found


def reopen(context: BrowserContext, address: str) -> Visit:
    """Open the desk in another tab."""
    page = context.new_page()
    _chromium.Meter(page).slow_network(**LINE)
    found = visit(page, address)
    page.close()
    return found


def visits(window: Window, site: _desk_site.Site, times: int) -> tuple[list[Visit], list[Visit]]:
    """Return so many visits with an empty cache, and each followed by one with a full cache.

    Chromium compiles scripts for keeping on the visit in between.
    """
    cold, warm = [], []
    for _ in range(times):
        context = window()
        cold.append(reopen(context, site.desk()))
        reopen(context, site.desk())
        warm.append(reopen(context, site.desk()))
        context.close()
    return cold, warm


def read(page: Page, number: int, pause_ms: float) -> list[float]:
    """Call so many exams normal by key; return what each key took until the next exam was seen."""
    taken = []
    code = page.locator("[data-part=code]")
    for _ in range(number):
        before = code.inner_text()
        page.keyboard.press("n")
        page.wait_for_timeout(pause_ms)  # the reader looks; the next exam is drawn meanwhile
        page.keyboard.down("Control")
        page.wait_for_timeout(20)
        page.evaluate("globalThis.keyToPaintMs.length = 0")
        page.keyboard.press("Enter")
        page.keyboard.up("Control")
        expect(code).not_to_have_text(before)
        page.wait_for_timeout(50)
        taken.append(max([FLOOR_MS, *page.evaluate("globalThis.keyToPaintMs")[:1]]))
    return taken


def evening(window: Window, site: _desk_site.Site, n_exams: int, n_warm_up: int) -> Evening:
    """Read ``n_exams`` in one window after ``n_warm_up`` that are not counted."""
    context = window()
    page = at_desk(context, site)
    meter = _chromium.Meter(page)
    read(page, n_warm_up, PAUSE_MS)
    start, elements = settled(page, meter)
    paint_ms = read(page, n_exams, PAUSE_MS)
    end, elements_after = settled(page, meter)
    context.close()
    return Evening(paint_ms, start, end, (elements, elements_after), n_exams)


def settled(page: Page, meter: _chromium.Meter) -> tuple[_chromium.Memory, int]:
    """Wait until everything is sent and drawn ahead; return what the page holds."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    n_elements: int = page.evaluate("document.querySelectorAll('*').length")
    return meter.memory(), n_elements


def drag(window: Window, site: _desk_site.Site) -> list[float]:
    """Drag the calipers over the rhythm strip; return the milliseconds of each frame."""
    context = window()
    page = at_desk(context, site)
    page.keyboard.press("k")
    box = page.locator("ecg-viewer .overlay").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] - RHYTHM_ROW_PX
    page.mouse.move(box["x"] + box["width"] * 0.2, y)
    page.mouse.down()
    page.evaluate("globalThis.noteFrames(true)")
    page.mouse.move(box["x"] + box["width"] * 0.9, y, steps=DRAG_STEPS)
    page.evaluate("globalThis.noteFrames(false)")
    page.mouse.up()
    expect(page.locator("[data-part=caliper-panel]")).to_contain_text(" ms")
    frame_ms: list[float] = page.evaluate("globalThis.frameMs")
    context.close()
    return frame_ms


def print_error(window: Window, site: _desk_site.Site) -> float:
    """Return by how much ten printed seconds miss their 250 mm, as a share."""
    context = window()
    page = at_desk(context, site)
    (printed,) = pdf.pages(page.pdf(prefer_css_page_size=True))
    strip = max(printed.lines, key=len)
    context.close()
    return abs(float(np.ptp(strip[:, 0])) / TEN_SECONDS_MM - 1)


def report(
    cold: list[Visit], warm: list[Visit], many: Evening, frame_ms: list[float], error: float
) -> None:
    """Print the milliseconds."""
    print(f"\n{'':44}{'median':>9}{'p95':>9}  target")
    rows = [
        ("first ECG, empty cache, 50 Mbit/s + 20 ms, ms", [v.ecg_ms for v in cold], "<= 1000"),
        ("  of it until the first byte of the page", [v.answer_ms for v in cold], ""),
        ("first ECG, full cache, ms", [v.ecg_ms for v in warm], "<= 300"),
        ("  of it until the first byte of the page", [v.answer_ms for v in warm], ""),
        ("submit to next exam painted, ms", many.paint_ms, "<= 24, p95 <= 50"),
        ("frames of a caliper drag, ms", frame_ms, "<= 17, p95 <= 35"),
    ]
    for name, values, target in rows:
        print(f"{name:44}{median(values):9.1f}{p95(values):9.1f}  {target}")
    first = cold[0]
    print(f"{'scripts and styles on the wire, bytes':44}{first.n_bytes('script', 'stylesheet'):9,}")
    print(f"{'  of them Plotly':44}{plotly_bytes(first):9,}")
    print(f"{'ten printed seconds miss 250 mm by':44}{error:9.2%}           <= 0.5 %")
    print(f"{len(cold)} visits each, {many.n_exams} exams; {_chromium.load_note()}")


def plotly_bytes(seen: Visit) -> int:
    """Return what Plotly weighs."""
    return sum(size for url, size in seen.sizes.items() if "/plotly" in url and url.endswith(".js"))


def limits(cold: list[Visit], warm: list[Visit], many: Evening) -> Limits:
    """Return which counts do not hold."""
    found = Limits()
    found.at_most("bytes of scripts and styles", cold[0].n_bytes("script", "stylesheet"), MAX_BYTES)
    found.at_most("the same with a full cache", warm[0].n_bytes("script", "stylesheet"), 5_000)
    growth = many.end.heap_bytes - many.start.heap_bytes
    found.at_most(f"bytes of heap after {many.n_exams} exams", growth, MAX_GROWTH_BYTES)
    more = many.n_elements[1] - many.n_elements[0]
    found.at_most("elements more", more, ELEMENTS_OF_ONE_EXAM)
    found.at_most("nodes more", many.end.n_nodes - many.start.n_nodes, NODES_OF_ONE_EXAM)
    found.at_most("listeners more", many.end.n_listeners - many.start.n_listeners, 40)
    return found


def main() -> int:
    """Serve the site, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="read 500 exams")
    n_exams, n_visits = (500, 7) if parser.parse_args().long else (25, 3)
    try:
        with (
            _desk_site.serving(n_exams + SPARE) as site,
            _chromium.chromium() as browser,
        ):
            window = signed_in(browser, site)
            cold, warm = visits(window, site, n_visits)
            frame_ms = drag(window, site)
            error = print_error(window, site)
            many = evening(window, site, n_exams, WARM_UP)
    except _chromium.NoChromium as refusal:
        print(refusal, file=sys.stderr)
        return 1
    report(cold, warm, many, frame_ms, error)
    return int(bool(limits(cold, warm, many).broken))


if __name__ == "__main__":
    sys.exit(main())
