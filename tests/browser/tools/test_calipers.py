"""Calipers with mouse, touch and keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.tools.actions import drag, milliseconds, overlay, point_at, readout, tool_events


def test_dragging_measures_an_interval_and_its_rate(desk: Page) -> None:
    desk.keyboard.press("k")
    drag(desk, point_at(desk, 1.0), point_at(desk, 1.8))
    expect(readout(desk)).to_contain_text("ms")
    assert milliseconds(desk) == pytest.approx(800, abs=12)  # one pixel is about 10 ms
    expect(readout(desk)).to_contain_text(f"{60000 / milliseconds(desk):.0f} /min")
    assert overlay(desk).locator(".caliper-text").inner_html() == readout(desk).inner_text()


def test_two_clicks_measure_like_dragging(desk: Page) -> None:
    desk.get_by_role("button", name="Time calipers").click()
    desk.mouse.click(*point_at(desk, 1.0))
    desk.mouse.move(*point_at(desk, 1.4))
    desk.mouse.click(*point_at(desk, 1.8))
    desk.mouse.move(*point_at(desk, 5))
    assert milliseconds(desk) == pytest.approx(800, abs=12)


def test_calipers_work_with_the_keyboard_alone(desk: Page) -> None:
    for key in ("k", "ArrowRight"):
        desk.keyboard.press(key)
    before = milliseconds(desk)
    for key in ("Tab", "ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        desk.keyboard.press(key)
    expect(readout(desk)).to_contain_text(f"{before + 2 + 2 + 40} ms")
    expect(desk.get_by_role("slider", name="Second leg")).to_have_attribute(
        "aria-valuetext", re.compile(r"^II, \d\.\d{3} s: ")
    )
    desk.keyboard.press("Shift+K")
    (measurement,) = tool_events(desk, "measurement")
    assert measurement | {"from_s": 0, "to_s": 0} == {
        "kind": "interval",
        "tracing": 1,
        "lead": "II",
        "from_s": 0,
        "to_s": 0,
        "value": before + 44,
    }


def test_a_voltage_is_measured_in_millivolts_and_millimeters(desk: Page) -> None:
    desk.keyboard.press("v")
    drag(desk, point_at(desk, 1.0), point_at(desk, 1.2))
    expect(readout(desk)).to_have_text(re.compile(r"^−?\d\.\d\d mV · \d+\.\d mm$"))


def test_a_voltage_of_zero_cannot_be_saved(desk: Page) -> None:
    desk.keyboard.press("v")
    drag(desk, point_at(desk, 1.0), point_at(desk, 1.0, 55))
    expect(readout(desk)).to_have_text(re.compile(r"^[2-4]\.\d\d mV · \d+\.\d mm$"))
    drag(desk, point_at(desk, 1.0, 55), point_at(desk, 1.0))
    desk.keyboard.press("Shift+K")
    expect(readout(desk)).to_have_text("Cannot save 0.00 mV. Move one of the legs first.")
    assert tool_events(desk, "measurement") == []
    desk.keyboard.press("ArrowUp")
    desk.keyboard.press("Shift+K")
    (measurement,) = tool_events(desk, "measurement")
    assert measurement["value"] != 0


def test_marching_calipers_repeat_the_interval(desk: Page) -> None:
    desk.keyboard.press("m")
    drag(desk, point_at(desk, 1.0), point_at(desk, 2.0))
    marks = overlay(desk).locator(".caliper-marks").get_attribute("d") or ""
    assert marks.count("M") >= 8
    desk.get_by_role("button", name="Add a cycle between the legs").click()
    expect(readout(desk)).to_contain_text("mean of 2")


def test_another_layout_and_another_exam_clear_the_calipers(desk: Page) -> None:
    caliper = overlay(desk).locator(".caliper")
    desk.keyboard.press("k")
    drag(desk, point_at(desk, 1.0), point_at(desk, 1.8))
    expect(caliper).not_to_have_attribute("hidden", "")
    desk.get_by_label("Gain").select_option("20")
    expect(caliper).to_have_attribute("hidden", "")

    drag(desk, point_at(desk, 1.0), point_at(desk, 1.8))
    expect(caliper).not_to_have_attribute("hidden", "")
    desk.keyboard.press("n")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("[data-part=place]")).to_have_text("2 of 2")
    expect(caliper).to_have_attribute("hidden", "")
    expect(readout(desk)).to_be_hidden()


def test_calipers_keep_their_position_when_the_window_is_resized(desk: Page) -> None:
    desk.keyboard.press("k")
    drag(desk, point_at(desk, 1.0), point_at(desk, 1.8))
    before = milliseconds(desk)
    leg = overlay(desk).locator(".caliper-leg").first
    path = leg.get_attribute("d")
    desk.set_viewport_size({"width": 1240, "height": 760})
    desk.wait_for_timeout(300)
    assert (milliseconds(desk), leg.get_attribute("d")) == (before, path)


def test_the_readout_covers_no_lead_name(desk: Page) -> None:
    desk.keyboard.press("k")
    for seconds, above in [(0.1, 15), (0.1, 55), (0.1, 95), (2.6, 95), (5.1, 135), (7.6, 135)]:
        drag(desk, point_at(desk, seconds, above), point_at(desk, seconds + 0.4, above))
        desk.wait_for_timeout(50)
        box = overlay(desk).locator(".caliper-box").bounding_box()
        assert box is not None
        for name in desk.locator(".plot.is-front .textpoint text").all():
            other = name.bounding_box()
            assert other is not None
            assert (
                other["x"] + other["width"] <= box["x"] + 1
                or box["x"] + box["width"] <= other["x"] + 1
                or other["y"] + other["height"] <= box["y"] + 1
                or box["y"] + box["height"] <= other["y"] + 1
            ), name.inner_text()


def test_escape_closes_the_tool_and_restores_shortcuts(desk: Page) -> None:
    desk.keyboard.press("k")
    expect(readout(desk)).to_be_visible()
    desk.keyboard.press("Escape")
    expect(readout(desk)).to_be_hidden()
    desk.keyboard.press("n")
    expect(desk.locator(".finding-name b")).to_have_count(1)


def test_calipers_work_by_touch(desk: Page) -> None:
    desk.get_by_role("button", name="Time calipers").click()
    desk.locator("ecg-viewer").evaluate(
        """(viewer, [from, to]) => {
          const fire = (type, [clientX, clientY]) => viewer.dispatchEvent(new PointerEvent(type, {
            bubbles: true, button: 0, pointerId: 1, pointerType: "touch", clientX, clientY,
          }));
          viewer.setPointerCapture = () => {};
          fire("pointerdown", from);
          fire("pointermove", to);
          fire("pointerup", to);
        }""",
        [point_at(desk, 1.0), point_at(desk, 1.8)],
    )
    assert milliseconds(desk) == pytest.approx(800, abs=12)
