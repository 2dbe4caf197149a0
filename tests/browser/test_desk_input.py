"""Keyboard, touch and focus at the desk."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Assignment, Study, User
from tests.app.conftest import MakeStudy
from tests.browser.conftest import PageMonitor
from tests.browser.test_desk import (
    SUBMIT,
    accepted,
    expect_exam,
    expect_findings,
    press,
)
from tests.browser.test_desk_form import desk, queue

__all__ = ["desk", "queue"]


@pytest.fixture
def study(make_study: MakeStudy) -> Study:
    return make_study()


def hold(page: Page, key: str) -> None:
    """Hold ``key`` down for three repeats."""
    for _ in range(4):
        page.keyboard.down(key)
    page.keyboard.up(key)


def test_a_held_backspace_removes_no_finding(desk: Page) -> None:
    press(desk, "5", "6", "/")
    desk.keyboard.type("a")
    hold(desk, "Backspace")
    expect_findings(desk, "LBBB", "AF")


def test_a_held_key_toggles_a_class_of_the_tree_once(desk: Page) -> None:
    press(desk, "e", "a", "ArrowRight", "ArrowRight", "ArrowDown")
    flutter = desk.get_by_role("tree").get_by_role("treeitem", name="Atrial flutter")
    for key, state in [("Enter", "true"), ("Space", "false")]:
        hold(desk, key)
        expect(flutter).to_have_attribute("aria-checked", state)


def test_view_filters_are_reset_when_the_page_is_restored(
    desk: Page, live_server: LiveServer
) -> None:
    expect(desk.locator("[data-part=tools]")).to_have_attribute("data-ready", "yes")
    press(desk, "f")
    expect(desk.locator("[data-part=filter]")).to_have_value("150hz")
    desk.goto(f"{live_server.url}/worklist/")
    desk.go_back()
    expect(desk.locator("[data-part=place]")).to_have_text("1 of 3")
    expect(desk.locator("[data-part=settings]")).to_contain_text("no filter")
    expect(desk.locator("[data-part=filter]")).to_have_value("off")


def test_a_submitted_exam_opened_by_its_url_can_be_taken_back(
    desk: Page, queue: list[Assignment], live_server: LiveServer
) -> None:
    with accepted(desk, queue[0]):
        press(desk, "n", SUBMIT)
    desk.goto(f"{live_server.url}/read/{queue[0].pk}/")
    expect(desk.get_by_role("button", name=f"Take back {queue[0].code}")).to_be_visible()


def test_touching_the_list_does_not_choose_until_released(desk: Page) -> None:
    press(desk, "/")
    desk.keyboard.type("af")
    row = desk.get_by_role("option", name="Atrial fibrillation").first
    row.dispatch_event("pointerdown", {"pointerType": "touch"})
    expect_findings(desk)
    row.click()
    expect_findings(desk, "AF")
    expect(desk.locator("#finder")).to_be_focused()


def test_the_finder_list_is_multiselectable_and_the_tree_button_has_its_state(desk: Page) -> None:
    press(desk, "/")
    desk.keyboard.type("zzzz")
    listbox = desk.get_by_role("listbox", name="Classes")
    expect(listbox).to_have_attribute("aria-multiselectable", "true")
    expect(listbox.get_by_role("option")).to_have_attribute("aria-disabled", "true")
    press(desk, "Escape")

    button = desk.locator("[data-part=tree-open]")
    expect(button).to_have_attribute("aria-expanded", "false")
    press(desk, "e")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(desk.locator(f"#{button.get_attribute('aria-controls')}")).to_be_visible()
    press(desk, "Escape")
    expect(button).to_have_attribute("aria-expanded", "false")


def test_removing_a_finding_moves_the_focus_to_the_next(desk: Page) -> None:
    press(desk, "5", "6")
    desk.get_by_role("button", name="Remove Complete left bundle branch block").press("Enter")
    expect_findings(desk, "AF")
    expect(desk.locator(".finding-name")).to_be_focused()
    desk.get_by_role("button", name="Remove Atrial fibrillation").press("Enter")
    expect(desk.get_by_text("None yet.")).to_be_focused()


def run_script(page: Page, script: str) -> Any:
    """Run ``script`` as a single task of the page. It can call ``part(name)`` to find elements."""
    part = "name => document.querySelector(`[data-part=${name}]`)"
    return page.evaluate(f"() => {{ const part = {part}; {script} }}")


def test_closing_a_tool_releases_the_focus_immediately(desk: Page) -> None:
    expect(desk.locator("[data-part=tools]")).to_have_attribute("data-ready", "yes")
    press(desk, "5")
    for key, panel in [("k", "caliper-panel"), ("l", "localize-panel")]:
        press(desk, key)
        expect(desk.locator(f"[data-part={panel}]")).to_be_visible()
        is_within = run_script(
            desk,
            f"""const panel = part({json.dumps(panel)});
            [...panel.querySelectorAll("button")].at(-1).focus(); // the close button
            document.activeElement.click();
            return panel.contains(document.activeElement);""",
        )
        assert is_within is False, panel


def fill_outbox(page: Page, reader: User, *assignments: Assignment) -> None:
    """Put an unsent reading of each assignment into the outbox in localStorage."""
    for at, assignment in enumerate(assignments):
        entry = {
            "key": f"key-{at}",
            "kind": "reading",
            "assignment": assignment.pk,
            "code": assignment.code,
            "reading": {},
            "basis": {"version": 0, "unanswered": []},
            "at": at,
        }
        name = f"ecg-review/{reader.pk}/outbox/key-{at}"
        page.evaluate(
            "([name, text]) => localStorage.setItem(name, text)", [name, json.dumps(entry)]
        )


def test_the_worklist_shows_refused_readings_without_reloading(
    desk: Page,
    ana: User,
    queue: list[Assignment],
    live_server: LiveServer,
    page_monitor: PageMonitor,
) -> None:
    page_monitor.expect("the server responded with a status of 409")
    closed = {"type": "/problems/batch-closed", "title": "Closed."}
    for assignment in queue[:2]:
        desk.route(
            f"**/api/assignments/{assignment.pk}/reading/",
            lambda to: to.fulfill(status=409, json=closed),
        )
    desk.route(
        f"**/api/assignments/{queue[2].pk}/reading/", lambda to: to.fulfill(json={"next": None})
    )
    desk.goto(f"{live_server.url}/account/")
    fill_outbox(desk, ana, *queue)
    with desk.expect_response(f"**/api/assignments/{queue[2].pk}/reading/"):
        desk.goto(f"{live_server.url}/worklist/")
    desk.evaluate("() => new Promise(resolve => setTimeout(resolve, 500))")
    for assignment in queue[:2]:
        expect(desk.locator("#waiting")).to_contain_text(assignment.code)


HOLD_ANIMATION_FRAMES = """() => {
  window.heldFrames = [];
  window.requestAnimationFrame = (show) => window.heldFrames.push(show);
}"""
RUN_ANIMATION_FRAMES = (
    "() => window.heldFrames.splice(0).forEach((show) => show(performance.now()))"
)


def test_keys_typed_before_the_next_exam_is_painted_apply_to_it(
    desk: Page, queue: list[Assignment]
) -> None:
    desk.evaluate(HOLD_ANIMATION_FRAMES)  # a busy machine paints late
    press(desk, "/", *"afib", "Enter", SUBMIT)
    expect_exam(desk, queue[1])
    press(desk, "n")
    expect_findings(desk, "NORMAL")


def test_painting_the_next_exam_does_not_steal_the_focus(
    desk: Page, queue: list[Assignment]
) -> None:
    desk.evaluate(HOLD_ANIMATION_FRAMES)
    press(desk, "n", SUBMIT)
    expect_exam(desk, queue[1])
    press(desk, "/", "a")
    desk.evaluate(RUN_ANIMATION_FRAMES)
    press(desk, "f", "Enter")
    expect_findings(desk, "AF")
