"""How long do the calipers lag behind the pointer, and how long does filtering a signal take?

Prints milliseconds without checking them, because they depend on the machine. Targets: 35 ms for
the 95th percentile of a drag, 30 ms to filter twelve leads of ten seconds.
Run: ``python -m bench.browser.calipers``.
"""

from __future__ import annotations

import sys

from playwright.sync_api import Browser, Page

from bench.browser import _chromium, _files
from bench.browser._table import median, p95

MOVES = 240
# A mouse reports about 80 to 125 times a second.
PAUSE_MS = 12.0


def drag(page: Page) -> None:
    """Drag a caliper leg back and forth over the sheet while marching the interval."""
    page.mouse.move(200, 400)
    page.mouse.down()
    for step in range(MOVES):
        away = step % 120
        page.mouse.move(200 + 6 * min(away, 120 - away), 400)
        page.wait_for_timeout(PAUSE_MS)
    page.mouse.up()


def measure(browser: Browser, url: str) -> dict[str, list[float]]:
    """Return the milliseconds of each measurement, by name."""
    page = browser.new_page(viewport={"width": 1100, "height": 760})
    page.goto(f"{url}/calipers.html")
    page.locator("body[data-ready]").wait_for()
    drag(page)
    times_ms: dict[str, list[float]] = {
        "pointer to frame": page.evaluate("globalThis.moveToFrameMs"),
        "frame to frame": page.evaluate("globalThis.betweenFramesMs"),
    }
    times_ms.update(page.evaluate("globalThis.computingMs()"))
    page.close()
    return times_ms


def main() -> int:
    try:
        with _files.serving() as url, _chromium.chromium() as browser:
            times_ms = measure(browser, url)
    except _chromium.NoChromium as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(_chromium.load_note())
    print(f"{'':24}{'median ms':>12}{'p95 ms':>10}{'n':>6}")
    for name, values in times_ms.items():
        print(f"{name:24}{median(values):12.1f}{p95(values):10.1f}{len(values):6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
