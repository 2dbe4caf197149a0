"""The tools over the sheet, by mouse, finger and key."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Exam, User
from tests.app.conftest import MakeBatch

from .axe import objections
from .conftest import SignIn, Witness

GUTTER_MM = 15.0
MM_PER_S = 25.0
STRIP_MM = 15.0
"""The baseline of the lowest row lies so far above the lower edge of the sheet."""

NOTE = """() => {
  globalThis.told = [];
  const viewer = document.querySelector("ecg-viewer");
  for (const name of ["measurement", "localisation"]) {
    viewer.addEventListener(name, ({detail}) => globalThis.told.push([name, detail]));
  }
  document.addEventListener("tool", ({detail}) => globalThis.told.push(["tool", detail.name]));
}"""


@pytest.fixture
def desk(
    sign_in_as: SignIn,
    ana: User,
    make_batch: MakeBatch,
    real_exams: list[Exam],
) -> Page:
    """Ana's reading desk with two real ECGs, which notes what the tools tell."""
    batch = make_batch(real_exams[:2], [ana])
    first = batch.assignments.in_reading_order().first()
    assert first is not None
    page = sign_in_as(ana, f"/read/{first.pk}/", at_rest=True)
    expect(page.locator("[data-part=place]")).to_have_text("1 of 2")
    expect(page.locator("[data-part=tools]")).to_have_attribute("data-ready", "yes")
    page.evaluate(NOTE)
    return page


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


def test_dragging_measures_an_interval_and_its_rate(desk: Page) -> None:
    desk.keyboard.press("k")
    drag(desk, at(desk, 1.0), at(desk, 1.8))
    expect(readout(desk)).to_contain_text("ms")
    assert milliseconds(desk) == pytest.approx(800, abs=12)  # to the pixel
    expect(readout(desk)).to_contain_text(f"{60000 / milliseconds(desk):.0f} /min")
    assert overlay(desk).locator(".caliper-text").inner_html() == readout(desk).inner_text()


def test_click_and_click_measures_what_dragging_does(desk: Page) -> None:
    desk.get_by_role("button", name="Calipers for time").click()
    desk.mouse.click(*at(desk, 1.0))
    desk.mouse.move(*at(desk, 1.4))
    desk.mouse.click(*at(desk, 1.8))
    desk.mouse.move(*at(desk, 5))
    assert milliseconds(desk) == pytest.approx(800, abs=12)


def test_calipers_are_placed_moved_and_kept_by_key_alone(desk: Page) -> None:
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
    (kept,) = told(desk, "measurement")
    assert kept | {"from_s": 0, "to_s": 0} == {
        "kind": "interval",
        "tracing": 1,
        "lead": "II",
        "from_s": 0,
        "to_s": 0,
        "value": before + 44,
    }


def test_a_voltage_is_measured_on_the_samples(desk: Page) -> None:
    desk.keyboard.press("v")
    drag(desk, at(desk, 1.0), at(desk, 1.2))
    expect(readout(desk)).to_have_text(re.compile(r"^−?\d\.\d\d mV · \d+\.\d mm$"))


def test_marching_repeats_the_interval_over_the_row(desk: Page) -> None:
    desk.keyboard.press("m")
    drag(desk, at(desk, 1.0), at(desk, 2.0))
    marks = overlay(desk).locator(".caliper-marks").get_attribute("d") or ""
    assert marks.count("M") >= 8
    desk.get_by_role("button", name="One cycle more between the legs").click()
    expect(readout(desk)).to_contain_text("mean of 2")


def test_another_layout_and_another_exam_clear_the_calipers(desk: Page) -> None:
    caliper = overlay(desk).locator(".caliper")
    desk.keyboard.press("k")
    drag(desk, at(desk, 1.0), at(desk, 1.8))
    expect(caliper).not_to_have_attribute("hidden", "")
    desk.get_by_label("Gain").select_option("20")
    expect(caliper).to_have_attribute("hidden", "")

    drag(desk, at(desk, 1.0), at(desk, 1.8))
    expect(caliper).not_to_have_attribute("hidden", "")
    desk.keyboard.press("n")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("[data-part=place]")).to_have_text("2 of 2")
    expect(caliper).to_have_attribute("hidden", "")
    expect(readout(desk)).to_be_hidden()


def test_calipers_stay_where_they_are_when_the_window_changes(desk: Page) -> None:
    desk.keyboard.press("k")
    drag(desk, at(desk, 1.0), at(desk, 1.8))
    before = milliseconds(desk)
    leg = overlay(desk).locator(".caliper-leg").first
    where = leg.get_attribute("d")
    desk.set_viewport_size({"width": 1240, "height": 760})
    desk.wait_for_timeout(300)
    assert (milliseconds(desk), leg.get_attribute("d")) == (before, where)


def test_the_read_out_hides_no_name_of_a_lead(desk: Page) -> None:
    desk.keyboard.press("k")
    for seconds, above in [(0.1, 15), (0.1, 55), (0.1, 95), (2.6, 95), (5.1, 135), (7.6, 135)]:
        drag(desk, at(desk, seconds, above), at(desk, seconds + 0.4, above))
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


def test_escape_leaves_the_tool_and_gives_the_keys_back(desk: Page) -> None:
    desk.keyboard.press("k")
    expect(readout(desk)).to_be_visible()
    desk.keyboard.press("Escape")
    expect(readout(desk)).to_be_hidden()
    desk.keyboard.press("n")
    expect(desk.locator(".finding-name b")).to_have_count(1)


def test_an_area_is_dragged_over_the_leads(desk: Page) -> None:
    desk.keyboard.press("l")
    drag(desk, at(desk, 5.4, 135), at(desk, 6.2, 55))
    (area,) = told(desk, "localisation")
    assert area["leads"] == ["V1", "V2", "V3"]
    assert [area["from_s"], area["to_s"]] == pytest.approx([5.4, 6.2], abs=0.012)


def test_an_area_is_marked_by_key(desk: Page) -> None:
    desk.keyboard.press("l")
    desk.keyboard.press("Enter")
    dialog = desk.get_by_role("dialog", name="Where the finding shows")
    dialog.get_by_role("button", name="V1").press("Space")
    dialog.get_by_label("From, in seconds").fill("2")
    dialog.get_by_label("To, in seconds").fill("1")
    desk.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("comes later")
    dialog.get_by_label("To, in seconds").fill("3.5")
    desk.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert told(desk, "localisation") == [
        {"tracing": 1, "leads": ["V1"], "from_s": 2, "to_s": 3.5},
    ]


def test_a_lead_is_enlarged_with_its_squares(desk: Page) -> None:
    desk.keyboard.press("z")
    dialog = desk.get_by_role("dialog", name="One lead, enlarged")
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


def test_a_click_on_the_name_of_a_lead_enlarges_it(desk: Page) -> None:
    name = desk.locator(".plot.is-front .textpoint text", has_text=re.compile("^V2$")).first
    box = name.bounding_box()
    assert box is not None
    desk.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    dialog = desk.get_by_role("dialog", name="One lead, enlarged")
    expect(dialog.get_by_role("button", name="V2")).to_have_attribute("aria-pressed", "true")


def test_every_filter_is_told_on_the_sheet_and_logged(desk: Page) -> None:
    badge = desk.locator("ecg-viewer .sheet-badge")
    expect(badge).to_have_count(0)
    for words in ("150 Hz", "40 Hz – not for diagnosis", "baseline", "mains"):
        desk.keyboard.press("f")
        expect(badge).to_contain_text(words)
    desk.keyboard.press("f")
    expect(badge).to_have_count(0)
    desk.keyboard.press("f")
    desk.keyboard.press("z")
    dialog = desk.get_by_role("dialog", name="One lead, enlarged")
    expect(dialog.locator(".sheet-badge")).to_contain_text("150 Hz")
    desk.keyboard.press("Escape")
    assert told(desk, "tool")[:4] == ["filter_150", "filter_40", "filter_baseline", "filter_mains"]


def test_exchanged_electrodes_are_a_loud_preview_of_one_exam(desk: Page) -> None:
    trace = desk.locator(".plot.is-front .scatterlayer .trace path.js-line")
    before = trace.last.get_attribute("d")
    desk.keyboard.press("w")
    desk.keyboard.press("ArrowDown")
    expect(desk.locator(".sheet-badge.is-loud")).to_contain_text("Preview, not the recording")
    preview = "preview, electrodes exchanged: RA ↔ LA · 25 mm/s · 10 mm/mV · no filter"
    for line in ("settings", "print-line"):
        expect(desk.locator(f"[data-part={line}]")).to_contain_text(preview)
    expect(trace.last).not_to_have_attribute("d", before or "")
    desk.keyboard.press("n")
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("[data-part=place]")).to_have_text("2 of 2")
    expect(desk.locator(".sheet-badge")).to_have_count(0)
    expect(desk.locator("[data-part=settings]")).to_contain_text("raw, no filter")
    expect(desk.get_by_label("Preview of exchanged electrodes")).to_have_value("")


def test_the_lens_follows_the_pointer(desk: Page) -> None:
    lens = desk.locator(".lens")
    desk.keyboard.press("x")
    desk.mouse.move(*at(desk, 3, 60))
    expect(lens).to_be_visible()
    one = lens.locator("svg").get_attribute("viewBox")
    desk.mouse.move(*at(desk, 4, 60))
    expect(lens.locator("svg")).not_to_have_attribute("viewBox", one or "")
    desk.keyboard.press("x")
    expect(lens).to_be_hidden()


def test_median_beats_say_of_how_many_they_are(desk: Page) -> None:
    desk.keyboard.press("b")
    dialog = desk.get_by_role("dialog", name="Median beat")
    expect(dialog.locator(".tool-note")).to_have_text(re.compile(r"Median of \d+ like beats"))
    expect(dialog.locator(".strip-name")).to_have_count(12)


def test_chosen_leads_lie_on_one_baseline(desk: Page) -> None:
    desk.keyboard.press("o")
    dialog = desk.get_by_role("dialog", name="Leads laid over each other")
    desk.keyboard.press("4")
    expect(dialog.locator(".strip-trace[class*=is-lead-]")).to_have_count(6)
    dialog.get_by_role("button", name="V1").click()
    expect(dialog.locator(".strip-trace[class*=is-lead-]")).to_have_count(5)


def test_a_finger_measures_too(desk: Page) -> None:
    desk.get_by_role("button", name="Calipers for time").click()
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
        [at(desk, 1.0), at(desk, 1.8)],
    )
    assert milliseconds(desk) == pytest.approx(800, abs=12)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_tools_are_accessible(desk: Page, theme: str) -> None:
    desk.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    found = []
    for keys in (["k", "ArrowRight"], ["l"], ["l", "Enter"], ["z", "k"], ["o"], ["b"], ["f", "f"]):
        for key in keys:
            desk.keyboard.press(key)
        desk.wait_for_timeout(100)
        found += [f"{keys}: {objection}" for objection in objections(desk)]
        desk.keyboard.press("Escape")
        desk.keyboard.press("Escape")
    assert found == []


def test_what_was_measured_and_marked_stays_on_the_sheet_with_its_finding(desk: Page) -> None:
    desk.keyboard.press("1")
    desk.keyboard.press("l")
    drag(desk, at(desk, 5.4, 135), at(desk, 6.2, 55))
    expect(marks(desk, "area")).to_have_count(3)
    under = "document.querySelector('.underlay').compareDocumentPosition"
    follows = (
        f"{under}(document.querySelector('.plot.is-front')) & Node.DOCUMENT_POSITION_FOLLOWING"
    )
    assert desk.evaluate(follows)
    desk.keyboard.press("k")
    drag(desk, at(desk, 1.0), at(desk, 1.8))
    desk.keyboard.press("Shift+K")
    expect(marks(desk, "measured")).to_have_count(2)  # in its column, below
    desk.keyboard.press("Control+z")
    expect(marks(desk, "measured")).to_have_count(0)


@pytest.mark.usefixtures("one_by_one")
def test_tools_that_did_not_arrive_say_so_and_come_with_a_reload(
    sign_in_as: SignIn,
    live_server: LiveServer,
    ana: User,
    make_batch: MakeBatch,
    real_exams: list[Exam],
    witness: Witness,
) -> None:
    witness.expect("ERR_FAILED", "ERR_INTERNET_DISCONNECTED")
    batch = make_batch(real_exams[:1], [ana])
    page = sign_in_as(ana)
    page.route("**/tools/toolbox*.js", lambda route: route.abort())
    page.goto(f"{live_server.url}/read/{batch.assignments.get().pk}/")
    expect(page.locator("[data-part=place]")).to_have_text("1 of 1")
    page.keyboard.press("k")
    problem = page.locator("[data-part=tools-problem]")
    expect(problem).to_have_text("The tools did not arrive. With a network, reload the page.")
    page.unroute("**/tools/toolbox*.js")
    page.reload()
    expect(page.locator("[data-part=place]")).to_have_text("1 of 1")
    page.keyboard.press("k")
    expect(readout(page)).to_be_visible()
    expect(problem).to_be_empty()
