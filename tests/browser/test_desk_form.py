"""The form apart from findings: evidence, signal problems, class tree, shortcuts, submitting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from annotations.models import (
    Assignment,
    Draft,
    Exam,
    Reading,
    ReadingOutcome,
    Study,
    User,
)
from tests.app.conftest import MakeBatch, MakeStudy
from tests.browser.conftest import PageMonitor, SignIn
from tests.browser.test_desk import (
    SUBMIT,
    accepted,
    expect_exam,
    expect_findings,
    expect_saved,
    labels,
    press,
)

RETRACT = "Control+Shift+Z"
PLACE = {"tracing": 1, "leads": ["V1", "V2"], "from_s": 1.2, "to_s": 1.5}
QRS = {
    "kind": "interval",
    "tracing": 1,
    "lead": "II",
    "from_s": 1.2,
    "to_s": 1.332,
    "value": 132.0,
}


@pytest.fixture
def study(make_study: MakeStudy, request: pytest.FixtureRequest) -> Study:
    """Davi's open study. Tests pass its settings by indirect parametrization."""
    return make_study(**getattr(request, "param", {}))


@pytest.fixture
def queue(ana: User, make_batch: MakeBatch, make_exam: Callable[..., Exam]) -> list[Assignment]:
    """Ana's three assignments in reading order."""
    batch = make_batch([make_exam() for _ in range(3)], [ana])
    return list(batch.assignments.in_reading_order())


@pytest.fixture
def desk(sign_in_as: SignIn, ana: User, queue: list[Assignment]) -> Page:
    """Ana's desk with the first exam open and the next one preloaded."""
    page = sign_in_as(ana, f"/read/{queue[0].pk}/")
    expect(page.locator("[data-part=place]")).to_have_text("1 of 3")
    expect(page.locator(".plot:not(.is-front) .trace")).not_to_have_count(0)
    return page


def dispatch_sheet_event(page: Page, name: str, detail: dict[str, Any]) -> None:
    """Dispatch an event from the sheet to the form, as its tools do."""
    script = f"""viewer => viewer.dispatchEvent(
        new CustomEvent({json.dumps(name)}, {{ detail: {json.dumps(detail)} }}))"""
    page.locator("ecg-viewer").evaluate(script)


ADVANCE_CLOCK = "() => { const { now } = Date; Date.now = () => now() + 1000; }"
"""Adds a second to the clock: pressing a key again confirms a question only after 0.7 s."""


def keys_of_controls(page: Page) -> list[str]:
    """Return the shortcuts of all controls that are enabled and visible."""
    usable = page.locator("[aria-keyshortcuts]:not(:disabled, [hidden], [hidden] *, dialog *)")
    return [
        key
        for control in usable.all()
        for key in (control.get_attribute("aria-keyshortcuts") or "").split()
    ]


def test_no_two_controls_have_the_same_key_and_signal_problems_show_theirs(desk: Page) -> None:
    press(desk, "5", "6", "p")
    expect(desk.locator("[data-part=problems] kbd")).to_have_text(
        ["⇧ N", "⇧ O", "⇧ R", "⇧ B", "⇧ X"]
    )
    press(desk, "Shift+O")
    keys = keys_of_controls(desk)
    assert [key for key in keys if keys.count(key) > 1] == []


def test_evidence_from_the_sheet_goes_to_the_selected_finding(
    desk: Page, queue: list[Assignment]
) -> None:
    dispatch_sheet_event(desk, "localization", PLACE)
    expect(desk.get_by_text("Select a finding first")).to_be_visible()
    press(desk, "5")
    dispatch_sheet_event(desk, "localization", PLACE)
    dispatch_sheet_event(desk, "measurement", QRS)
    expect(desk.locator(".chip span")).to_have_text(["V1 V2 · 1.20–1.50 s", "132 ms in II"])
    expect_saved(desk)
    desk.reload()
    expect(desk.locator(".chip")).to_have_count(2)
    desk.get_by_role("button", name="Remove 132 ms in II").click()
    with accepted(desk, queue[0]):
        press(desk, SUBMIT)
    finding = Reading.objects.get().findings.get()
    assert (finding.localisations, finding.measurements) == ([PLACE], [])


def test_a_class_can_be_marked_not_assessable(desk: Page, queue: list[Assignment]) -> None:
    press(desk, "6", "i")
    expect(desk.locator(".finding.is-not-assessable")).to_contain_text("Not assessable")
    press(desk, "/")
    desk.keyboard.type("lvh")
    press(desk, "Shift+Enter", "Escape")
    expect(desk.locator(".finding.is-not-assessable")).to_have_count(2)
    with accepted(desk, queue[0]):
        press(desk, SUBMIT)
    reading = Reading.objects.get()
    not_assessable = {item.diagnostic_class.code for item in reading.not_assessable.all()}
    assert not_assessable == {"atrial_fibrillation", "left_ventricular_hypertrophy"}
    assert labels(reading) == set()


def test_a_signal_problem_is_stored_with_its_leads(desk: Page, queue: list[Assignment]) -> None:
    expect(desk.get_by_text("What is the signal problem?")).to_be_hidden()
    press(desk, "n", "p", "Shift+O", "r", "Enter", "ArrowDown", "Enter")
    with accepted(desk, queue[0]):
        press(desk, SUBMIT)
    assert Reading.objects.get().problems == [{"kind": "lead_off", "leads": ["I", "V1"]}]


def test_the_class_tree_works_with_the_keyboard(desk: Page) -> None:
    press(desk, "e")
    tree = desk.get_by_role("tree")
    expect(tree.get_by_role("treeitem", name="Normal")).to_be_focused()
    press(desk, "a", "ArrowRight", "ArrowRight", "ArrowDown", "Enter")
    expect(tree.get_by_role("treeitem", name="Atrial flutter")).to_have_attribute(
        "aria-checked", "true"
    )
    press(desk, "ArrowUp", "Shift+Enter", "Escape")
    expect(tree).to_be_hidden()
    expect_findings(desk, "AFL", "AF")
    expect(desk.locator(".finding.is-not-assessable .finding-name b")).to_have_text("AF")


def test_a_shortcut_can_be_changed_with_a_warning_and_reset(desk: Page) -> None:
    press(desk, "?")
    dialog = desk.get_by_role("dialog", name="Keyboard shortcuts")
    dialog.locator("[data-change=n]").click()
    press(desk, "Tab")
    expect(dialog.get_by_text("is reserved by the browser or this page")).to_be_visible()
    press(desk, "p")
    expect(
        dialog.get_by_text("P is already the shortcut for “Signal quality: poor”.")
    ).to_be_visible()
    press(desk, "Enter", "Escape")
    expect(dialog).to_be_hidden()
    press(desk, "p")
    expect_findings(desk, "NORMAL")
    desk.reload()
    expect_findings(desk, "NORMAL")
    expect(desk.locator("[data-part=normal] kbd")).to_have_text("P")
    press(desk, "n")
    expect(desk.get_by_role("button", name="Poor")).to_have_attribute("aria-pressed", "true")
    press(desk, "?")
    dialog.get_by_role("button", name="Reset to defaults").click()
    press(desk, "Escape", "g", "p")
    expect(desk.get_by_role("button", name="Poor")).to_have_attribute("aria-pressed", "true")


def test_abstaining_asks_for_confirmation_and_can_be_taken_back(
    desk: Page, queue: list[Assignment]
) -> None:
    press(desk, "6", "Shift+A")
    expect(desk.get_by_text("Remove your findings before abstaining.")).to_be_visible()
    press(desk, "Delete", "Shift+A")
    question = desk.get_by_text("Press Abstain again to confirm.")
    expect(question).to_be_visible()
    press(desk, "Escape")
    expect(question).to_be_hidden()
    press(desk, "Shift+A")
    desk.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    press(desk, "Shift+A")
    expect(question).to_be_visible()
    desk.evaluate(ADVANCE_CLOCK)
    with accepted(desk, queue[0]):
        press(desk, "Shift+A")
    expect_exam(desk, queue[1])
    expect(desk.get_by_role("button", name=f"Take back {queue[0].code}")).to_be_visible()
    expect(desk.locator("[data-part=pace]")).to_be_empty()
    reading = Reading.objects.get()
    assert (reading.outcome, reading.quality) == (ReadingOutcome.ABSTAINED, "")
    press(desk, RETRACT)
    expect_exam(desk, queue[0])
    expect(desk.get_by_text("The abstention counts")).to_be_visible()


def test_a_correction_can_be_discarded(desk: Page, queue: list[Assignment]) -> None:
    with accepted(desk, queue[0]):
        press(desk, "6", SUBMIT)
    expect_exam(desk, queue[1])
    press(desk, RETRACT)
    expect_exam(desk, queue[0])
    press(desk, "5")
    expect_findings(desk, "AF", "LBBB")
    desk.get_by_role("button", name="Discard correction").click()
    expect_findings(desk, "AF")
    expect(desk.get_by_text("You can take it back until")).to_be_visible()
    expect(desk.get_by_role("button", name=f"Take back {queue[0].code}")).to_be_visible()
    press(desk, SUBMIT)
    expect_exam(desk, queue[1])
    assert Reading.objects.count() == 1


def test_a_skipped_exam_comes_again_with_its_draft(desk: Page, queue: list[Assignment]) -> None:
    press(desk, "6")
    expect_saved(desk)
    press(desk, "d")
    expect_exam(desk, queue[1])
    for assignment in queue[1:]:
        expect_exam(desk, assignment)
        with accepted(desk, assignment):
            press(desk, "n", SUBMIT)
    expect_exam(desk, queue[0])
    expect_findings(desk, "AF")


def test_a_submission_can_be_taken_back_within_the_window(
    desk: Page, queue: list[Assignment]
) -> None:
    with accepted(desk, queue[0]):
        press(desk, "6", SUBMIT)
    expect_exam(desk, queue[1])
    desk.reload()
    expect(desk.get_by_role("link", name=f"Last submitted: {queue[0].code}")).to_be_visible()
    expect(desk.get_by_role("button", name=f"Take back {queue[0].code}")).to_be_visible()
    press(desk, RETRACT)
    expect_exam(desk, queue[0])
    expect_findings(desk, "AF")
    expect(desk.get_by_text("The earlier reading counts")).to_be_visible()
    press(desk, "5")
    desk.reload()
    expect_findings(desk, "AF", "LBBB")
    with accepted(desk, queue[0]):
        press(desk, SUBMIT)
    expect_exam(desk, queue[1])
    old, new = Reading.objects.order_by("pk")
    assert new.supersedes == old
    assert labels(new) == {"atrial_fibrillation", "left_bundle_branch_block"}


@pytest.mark.parametrize("study", [{"undo_window_s": 0}], indirect=True)
def test_without_a_window_submissions_cannot_be_taken_back(
    desk: Page, queue: list[Assignment]
) -> None:
    with accepted(desk, queue[0]):
        press(desk, "n", SUBMIT)
    expect_exam(desk, queue[1])
    expect(desk.get_by_role("link", name="Last submitted:")).to_be_visible()
    expect(desk.get_by_role("button", name="Take back")).to_have_count(0)
    press(desk, RETRACT)
    expect_exam(desk, queue[1])


def test_the_pace_of_this_session_is_shown(desk: Page, queue: list[Assignment]) -> None:
    with accepted(desk, queue[0]):
        press(desk, "n", SUBMIT)
    expect(desk.locator("[data-part=pace]")).to_contain_text(re.compile("1 (this|tonight)"))
    desk.reload()
    expect(desk.locator("[data-part=pace]")).to_contain_text("s each")


def test_active_time_and_tools_are_sent_with_the_reading(
    desk: Page, queue: list[Assignment]
) -> None:
    desk.evaluate(
        """() => { for (const name of ["calipers", "calipers", "print"])
        document.dispatchEvent(new CustomEvent("tool", { detail: { name } })); }"""
    )
    with accepted(desk, queue[0]):
        press(desk, "n", SUBMIT)
    reading = Reading.objects.get()
    assert reading.tools == {"calipers": 2, "print": 1}
    assert reading.active_ms > 0
    assert reading.display["viewport"] == [1440, 900]


def test_a_second_window_sees_that_the_exam_was_submitted(
    desk: Page, queue: list[Assignment], page_monitor: PageMonitor
) -> None:
    other = desk.context.new_page()
    page_monitor.watch(other)
    other.goto(desk.url)
    expect(other.locator("[data-part=place]")).to_have_text("1 of 3")
    comment = other.get_by_label("Comment")
    comment.focus()
    desk.bring_to_front()
    with accepted(desk, queue[0]):
        press(desk, "n", SUBMIT)
    expect(other.get_by_text("This exam was submitted in another window.")).to_be_visible()
    expect(other.get_by_role("button", name="Submit")).to_be_hidden()
    expect(comment).to_be_disabled()
    expect(comment).not_to_be_focused()


def test_a_draft_saved_by_another_device_meanwhile_is_a_conflict(
    desk: Page, queue: list[Assignment], page_monitor: PageMonitor
) -> None:
    page_monitor.expect("the server responded with a status of 409")
    press(desk, "5")
    expect_saved(desk)
    other_findings = {"findings": [{"class": "atrial_fibrillation", "certainty": "definite"}]}
    content = {**other_findings, "quality": "good", "comment": ""}
    Draft.objects.update(version=7, content=content)
    press(desk, SUBMIT)
    banner = desk.locator("[data-part=banner]")
    expect(banner).to_contain_text("was changed in another window or on another device")
    assert not Reading.objects.exists()
    banner.get_by_role("link", name="Open the exam").click()
    dialog = desk.get_by_role("dialog", name="This draft was changed elsewhere")
    expect(dialog.locator("[data-side=mine]")).to_contain_text("bundle branch block")
    expect(dialog.locator("[data-side=theirs]")).to_contain_text("Atrial fibrillation")


def test_the_finder_lists_frequent_classes_first_with_matching_synonyms(
    desk: Page,
) -> None:
    press(desk, "/")
    desk.keyboard.type("blo")
    options = desk.locator(".finder-option")
    expect(options.first.locator("b")).to_have_text("LBBB")
    desk.keyboard.press("Control+a")
    desk.keyboard.type("fa")
    expect(options.first).to_have_text(re.compile("Atrial fibrillation.*FA"))
    expect(options.nth(1).locator(".finder-synonym")).to_have_count(0)


def test_names_of_findings_and_headings_of_shortcuts_have_room(desk: Page) -> None:
    press(desk, "5")
    finding = desk.locator(".finding")
    name = finding.locator(".finding-name span").bounding_box()
    certainty = finding.locator(".certainty").bounding_box()
    assert name is not None
    assert certainty is not None
    assert name["height"] < 20
    assert name["y"] >= certainty["y"] + certainty["height"]

    press(desk, "?")
    for section in desk.locator(".key-sections section").all():
        heading = section.locator("h3").bounding_box()
        assert heading is not None
        for row in section.locator("dl > div").all():
            box = row.bounding_box()
            assert box is not None
            assert box["y"] >= heading["y"] + heading["height"]
            assert box["x"] + box["width"] <= heading["x"] + heading["width"] + 1


def test_confirming_unreadable_removes_the_findings_and_can_be_undone(desk: Page) -> None:
    press(desk, "5", "6", "i", "u")
    expect(desk.locator(".objection")).to_contain_text("Choose “Unreadable” again")
    press(desk, "u")
    expect(desk.locator(".finding")).to_have_count(0)
    expect(desk.get_by_text("All findings were removed.")).to_be_visible()
    expect(desk.get_by_role("button", name="Unreadable")).to_have_attribute("aria-pressed", "true")
    press(desk, "Control+z")
    expect(desk.locator(".finding")).to_have_count(2)
