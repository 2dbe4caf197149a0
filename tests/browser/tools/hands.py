"""Where things are on the sheet, and what a hand does there."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

GUTTER_MM = 15.0
MM_PER_S = 25.0
STRIP_MM = 15.0
"""The baseline of the lowest row lies so far above the lower edge of the sheet."""


def told(page: Page, name: str) -> list[Any]:
    """Return what the tools told under ``name``, in order."""
    return [detail for one, detail in page.evaluate("globalThis.told") if one == name]


def overlay(page: Page) -> Locator:
    """Return what lies over the sheet."""
    return page.locator("ecg-viewer .overlay")


def marks(page: Page, kind: str) -> Locator:
    """Return what is marked of the findings, which lies under the signal."""
    return page.locator(f"ecg-viewer .underlay .mark.is-{kind}")


def at(page: Page, seconds: float, above_mm: float = STRIP_MM) -> tuple[float, float]:
    """Return where on the screen ``seconds`` of the lowest row lie, ``above_mm`` above the edge."""
    box = overlay(page).bounding_box()
    view = overlay(page).get_attribute("viewBox")
    assert box is not None
    assert view is not None
    px_per_mm = box["width"] / float(view.split()[2])
    x = GUTTER_MM + seconds * MM_PER_S
    return box["x"] + x * px_per_mm, box["y"] + box["height"] - above_mm * px_per_mm


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the mouse."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def readout(page: Page) -> Locator:
    """Return what the calipers say beside the tools."""
    return page.locator("[data-part=caliper-panel] .tool-reading")


def milliseconds(page: Page) -> int:
    """Return the interval that the calipers say."""
    expect(readout(page)).to_contain_text(" ms")
    found = re.search(r"(\d+) ms", readout(page).inner_text())
    assert found
    return int(found[1])
