"""How long from the pointer to the calipers on the screen, and what do views of a signal cost?

It prints milliseconds and asserts none: they belong to the machine. The design aims at 35 ms for
the 95th percentile of a drag and at 30 ms for a filter of twelve leads of ten seconds.
Run: ``python -m bench.browser.calipers``.
"""

from __future__ import annotations

import sys

from playwright.sync_api import Browser, Page

from bench.browser import _chromium, _files
from bench.browser._table import median, p95

MOVES = 240
PAUSE_MS = 12.0
"""A mouse reports about 80 to 125 times a second."""


def drag(page: Page) -> None:
    """Take up a leg and carry it to and fro over the sheet while its interval marches out."""
    page.mouse.move(200, 400)
    page.mouse.down()
    for step in range(MOVES):
        away = step % 120
        page.mouse.move(200 + 6 * min(away, 120 - away), 400)
        page.wait_for_timeout(PAUSE_MS)
    page.mouse.up()


def measure(browser: Browser, url: str) -> dict[str, list[float]]:
    """Return milliseconds by what they are of."""
    page = browser.new_page(viewport={"width": 1100, "height": 760})
    page.goto(f"{url}/calipers.html")
    page.locator("body[data-ready]").wait_for()
    drag(page)
    found: dict[str, list[float]] = {
        "pointer to frame": page.evaluate("globalThis.moveToFrameMs"),
        "frame to frame": page.evaluate("globalThis.betweenFramesMs"),
    }
    found.update(page.evaluate("globalThis.computingMs()"))
    page.close()
    return found


def main() -> int:
    """Measure and print."""
    try:
        with _files.serving() as url, _chromium.chromium() as browser:
            found = measure(browser, url)
    except _chromium.NoChromium as refusal:
        print(refusal, file=sys.stderr)
        return 1
    print(_chromium.load_note())
    print(f"{'':24}{'median ms':>12}{'p95 ms':>10}{'n':>6}")
    for name, values in found.items():
        print(f"{name:24}{median(values):12.1f}{p95(values):10.1f}{len(values):6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
