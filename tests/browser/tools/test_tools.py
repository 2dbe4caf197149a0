"""The other tools of the sheet with mouse and keyboard, and accessibility of all tools."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations_now
from tests.browser.tools.actions import drag, evidence_marks, point_at, tool_events


def test_an_area_can_be_dragged_over_leads(desk: Page) -> None:
    desk.keyboard.press("l")
    drag(desk, point_at(desk, 5.4, 135), point_at(desk, 6.2, 55))
    (area,) = tool_events(desk, "localization")
    assert area["leads"] == ["V1", "V2", "V3"]
    assert [area["from_s"], area["to_s"]] == pytest.approx([5.4, 6.2], abs=0.012)


def test_an_area_can_be_marked_with_the_keyboard(desk: Page) -> None:
    desk.keyboard.press("l")
    desk.keyboard.press("Enter")
    dialog = desk.get_by_role("dialog", name="Location of the finding")
    dialog.get_by_role("button", name="V1").press("Space")
    dialog.get_by_label("From, in seconds").fill("2")
    dialog.get_by_label("To, in seconds").fill("1")
    desk.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("the second after the first")
    dialog.get_by_label("To, in seconds").fill("3.5")
    desk.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert tool_events(desk, "localization") == [
        {"tracing": 1, "leads": ["V1"], "from_s": 2, "to_s": 3.5},
    ]


def test_a_lead_can_be_zoomed_and_measured(desk: Page) -> None:
    desk.keyboard.press("z")
    dialog = desk.get_by_role("dialog", name="Zoom one lead")
    picture = dialog.locator(".strip")
    width = float(picture.get_attribute("width") or 0)
    desk.keyboard.press("4")
    assert float(picture.get_attribute("width") or 0) == pytest.approx(2 * width)
    desk.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("button", name="III", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    desk.keyboard.press("k")
    desk.keyboard.press("ArrowRight")
    expect(dialog.locator(".tool-reading")).to_contain_text("ms")
    desk.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_click_on_a_lead_name_zooms_the_lead(desk: Page) -> None:
    name = desk.locator(".plot.is-front .textpoint text", has_text=re.compile("^V2$")).first
    box = name.bounding_box()
    assert box is not None
    desk.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    dialog = desk.get_by_role("dialog", name="Zoom one lead")
    expect(dialog.get_by_role("button", name="V2")).to_have_attribute("aria-pressed", "true")


def test_a_zoomed_lead_starts_at_the_time_of_its_column(desk: Page) -> None:
    name = desk.locator(".plot.is-front .textpoint text", has_text=re.compile("^V2$")).first
    box = name.bounding_box()
    assert box is not None
    desk.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    middle_mm = desk.locator(".strip-scroll").evaluate(
        "(room) => (room.scrollLeft + room.clientWidth / 2)"
        " * room.querySelector('.strip').viewBox.baseVal.width / room.scrollWidth"
    )
    assert middle_mm == pytest.approx(15 + 5 * 25, abs=3)  # the third of four columns starts at 5 s


def test_every_filter_is_shown_on_the_sheet_and_recorded(desk: Page) -> None:
    badge = desk.locator("ecg-viewer .sheet-badge")
    expect(badge).to_have_count(0)
    for label in ("150 Hz", "40 Hz – not for diagnosis", "baseline", "mains"):
        desk.keyboard.press("f")
        expect(badge).to_contain_text(label)
    desk.keyboard.press("f")
    expect(badge).to_have_count(0)
    desk.keyboard.press("f")
    desk.keyboard.press("z")
    dialog = desk.get_by_role("dialog", name="Zoom one lead")
    expect(dialog.locator(".sheet-badge")).to_contain_text("150 Hz")
    desk.keyboard.press("Escape")
    assert tool_events(desk, "tool")[:4] == [
        "filter_150",
        "filter_40",
        "filter_baseline",
        "filter_mains",
    ]


def test_lead_reversal_is_a_marked_preview_of_one_exam(desk: Page) -> None:
    trace = desk.locator(".plot.is-front .scatterlayer .trace path.js-line")
    before = trace.last.get_attribute("d")
    desk.keyboard.press("w")
    desk.keyboard.press("ArrowDown")
    expect(desk.locator(".sheet-badge.is-loud")).to_contain_text("Preview, not as recorded")
    preview = "preview, lead reversal undone: RA ↔ LA · 25 mm/s · 10 mm/mV · no filter"
    for line in ("settings", "print-line"):
        expect(desk.locator(f"[data-part={line}]")).to_contain_text(preview)
    expect(trace.last).not_to_have_attribute("d", before or "")
    desk.keyboard.press("n")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("[data-part=place]")).to_have_text("2 of 2")
    expect(desk.locator(".sheet-badge")).to_have_count(0)
    expect(desk.locator("[data-part=settings]")).to_contain_text("raw, no filter")
    expect(desk.get_by_label("Lead reversal preview")).to_have_value("")


def test_the_lens_follows_the_pointer(desk: Page) -> None:
    lens = desk.locator(".lens")
    desk.keyboard.press("x")
    desk.mouse.move(*point_at(desk, 3, 60))
    expect(lens).to_be_visible()
    view_box = lens.locator("svg").get_attribute("viewBox")
    desk.mouse.move(*point_at(desk, 4, 60))
    expect(lens.locator("svg")).not_to_have_attribute("viewBox", view_box or "")
    desk.keyboard.press("x")
    expect(lens).to_be_hidden()


def test_median_beats_state_the_number_of_beats(desk: Page) -> None:
    desk.keyboard.press("b")
    dialog = desk.get_by_role("dialog", name="Median beat")
    expect(dialog.locator(".tool-note")).to_have_text(re.compile(r"Median of \d+ similar beats"))
    expect(dialog.locator(".strip-name")).to_have_count(12)


def test_overlaid_leads_share_one_baseline(desk: Page) -> None:
    desk.keyboard.press("o")
    dialog = desk.get_by_role("dialog", name="Overlay leads")
    desk.keyboard.press("4")
    expect(dialog.locator(".strip-trace[class*=is-lead-]")).to_have_count(6)
    dialog.get_by_role("button", name="V1").click()
    expect(dialog.locator(".strip-trace[class*=is-lead-]")).to_have_count(5)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.drill)])
def test_the_tools_are_accessible(desk: Page, theme: str) -> None:
    desk.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    problems = []
    for keys in (["k", "ArrowRight"], ["l"], ["l", "Enter"], ["z", "k"], ["o"], ["b"], ["f", "f"]):
        for key in keys:
            desk.keyboard.press(key)
        desk.wait_for_timeout(100)
        problems += [f"{keys}: {violation}" for violation in violations_now(desk)]
        desk.keyboard.press("Escape")
        desk.keyboard.press("Escape")
    assert problems == []


def test_evidence_stays_on_the_sheet_with_its_finding(desk: Page) -> None:
    desk.keyboard.press("1")
    desk.keyboard.press("l")
    drag(desk, point_at(desk, 5.4, 135), point_at(desk, 6.2, 55))
    expect(evidence_marks(desk, "area")).to_have_count(3)
    under = "document.querySelector('.underlay').compareDocumentPosition"
    follows = (
        f"{under}(document.querySelector('.plot.is-front')) & Node.DOCUMENT_POSITION_FOLLOWING"
    )
    assert desk.evaluate(follows)
    desk.keyboard.press("k")
    drag(desk, point_at(desk, 1.0), point_at(desk, 1.8))
    desk.keyboard.press("Shift+K")
    expect(evidence_marks(desk, "measured")).to_have_count(
        2
    )  # in its column and in the rhythm strip
    desk.keyboard.press("Control+z")
    expect(evidence_marks(desk, "measured")).to_have_count(0)
