"""Positions on the sheet, pointer actions and locators for the tests of the tools."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

GUTTER_MM = 15.0
MM_PER_S = 25.0
STRIP_MM = 15.0
"""Distance from the lower edge of the sheet to the baseline of the bottom row."""


def tool_events(page: Page, name: str) -> list[Any]:
    """Return the details of the recorded events called ``name``, in order."""
    return [detail for event, detail in page.evaluate("globalThis.toolEvents") if event == name]


def overlay(page: Page) -> Locator:
    """Locate the overlay that the tools draw above the signal."""
    return page.locator("ecg-viewer .overlay")


def evidence_marks(page: Page, kind: str) -> Locator:
    """Locate the evidence marks of this kind below the signal."""
    return page.locator(f"ecg-viewer .underlay .mark.is-{kind}")


def point_at(page: Page, seconds: float, above_mm: float = STRIP_MM) -> tuple[float, float]:
    """Return the screen point at ``seconds``, ``above_mm`` above the lower edge of the sheet."""
    box = overlay(page).bounding_box()
    view = overlay(page).get_attribute("viewBox")
    assert box is not None
    assert view is not None
    px_per_mm = box["width"] / float(view.split()[2])
    x = GUTTER_MM + seconds * MM_PER_S
    return box["x"] + x * px_per_mm, box["y"] + box["height"] - above_mm * px_per_mm


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def readout(page: Page) -> Locator:
    """Locate the measurement that the tool panel shows for the calipers."""
    return page.locator("[data-part=caliper-panel] .tool-reading")


def milliseconds(page: Page) -> int:
    """Return the interval shown by the calipers, in milliseconds."""
    expect(readout(page)).to_contain_text(" ms")
    match = re.search(r"(\d+) ms", readout(page).inner_text())
    assert match
    return int(match[1])
