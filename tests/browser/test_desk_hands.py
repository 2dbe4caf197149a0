"""Hands at the desk: held keys, fingers, and a focus that is never lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Assignment, Study, User
from tests.app.conftest import MakeStudy
from tests.browser.conftest import Witness
from tests.browser.test_desk import (
    SUBMIT,
    arriving,
    expect_exam,
    expect_findings,
    expect_saved,
    press,
)
from tests.browser.test_desk_form import desk, queue

__all__ = ["desk", "queue"]


@pytest.fixture
def study(make_study: MakeStudy) -> Study:
    """Davi's study, open."""
    return make_study()


def hold(page: Page, key: str) -> None:
    """Hold ``key`` until the keyboard has repeated it a few times."""
    for _ in range(4):
        page.keyboard.down(key)
    page.keyboard.up(key)


def test_a_held_key_empties_the_field_and_takes_no_finding_away(desk: Page) -> None:
    press(desk, "5", "6", "/")
    desk.keyboard.type("a")
    hold(desk, "Backspace")
    expect_findings(desk, "LBBB", "AF")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_held_key_chooses_one_class_of_the_tree_once(desk: Page, key: str) -> None:
    press(desk, "e", "a", "ArrowRight", "ArrowRight", "ArrowDown")
    hold(desk, key)
    flutter = desk.get_by_role("tree").get_by_role("treeitem", name="Atrial flutter")
    expect(flutter).to_have_attribute("aria-checked", "true")


def test_the_menus_of_the_view_do_not_come_back_with_the_page(
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


def test_a_submitted_exam_opened_by_its_address_can_be_taken_back(
    desk: Page, queue: list[Assignment], live_server: LiveServer
) -> None:
    with arriving(desk, queue[0]):
        press(desk, "n", SUBMIT)
    desk.goto(f"{live_server.url}/read/{queue[0].pk}/")
    expect(desk.get_by_role("button", name=f"Take back {queue[0].code}")).to_be_visible()


def test_a_finger_on_the_list_may_still_scroll_it(desk: Page) -> None:
    press(desk, "/")
    desk.keyboard.type("af")
    row = desk.get_by_role("option", name="Atrial fibrillation").first
    row.dispatch_event("pointerdown", {"pointerType": "touch"})
    expect_findings(desk)
    row.click()
    expect_findings(desk, "AF")
    expect(desk.locator("#finder")).to_be_focused()


def test_two_drafts_stay_a_question_however_often_escape_is_pressed(
    desk: Page, witness: Witness
) -> None:
    witness.expect("the server responded with a status of 409")
    elsewhere = desk.context.new_page()
    elsewhere.goto(desk.url)
    expect(elsewhere.locator("[data-part=place]")).to_have_text("1 of 3")
    press(elsewhere, "6")
    expect_saved(elsewhere)
    press(desk, "5")
    dialog = desk.get_by_role("dialog", name="This reading was changed elsewhere")
    expect(dialog).to_be_visible()
    press(desk, "Escape", "Escape", "Escape")
    expect(dialog).to_be_visible()
    dialog.evaluate("dialog => dialog.close()")  # as a browser does that lets no page prevent it
    expect(dialog).to_be_visible()


def test_the_list_of_the_finder_says_that_several_can_be_chosen(desk: Page) -> None:
    press(desk, "/")
    desk.keyboard.type("zzzz")
    listbox = desk.get_by_role("listbox", name="Classes")
    expect(listbox).to_have_attribute("aria-multiselectable", "true")
    expect(listbox.get_by_role("option")).to_have_attribute("aria-disabled", "true")


def test_the_button_of_the_tree_says_whether_it_is_open(desk: Page) -> None:
    button = desk.locator("[data-part=tree-open]")
    expect(button).to_have_attribute("aria-expanded", "false")
    press(desk, "e")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(desk.locator(f"#{button.get_attribute('aria-controls')}")).to_be_visible()
    press(desk, "Escape")
    expect(button).to_have_attribute("aria-expanded", "false")


def test_a_finding_taken_away_leaves_the_focus_with_the_next(desk: Page) -> None:
    press(desk, "5", "6")
    desk.get_by_role("button", name="Remove Complete left bundle branch block").press("Enter")
    expect_findings(desk, "AF")
    expect(desk.locator(".finding-name")).to_be_focused()
    desk.get_by_role("button", name="Remove Atrial fibrillation").press("Enter")
    expect(desk.get_by_text("None yet.")).to_be_focused()


def act(page: Page, script: str) -> Any:
    """Run ``script`` with the desk's parts at hand, in one turn of the page."""
    part = "name => document.querySelector(`[data-part=${name}]`)"
    return page.evaluate(f"() => {{ const part = {part}; {script} }}")


@pytest.mark.parametrize(("key", "panel"), [("k", "caliper-panel"), ("l", "localize-panel")])
def test_a_tool_put_away_lets_go_of_the_keyboard_at_once(desk: Page, key: str, panel: str) -> None:
    expect(desk.locator("[data-part=tools]")).to_have_attribute("data-ready", "yes")
    press(desk, "5", key)
    expect(desk.locator(f"[data-part={panel}]")).to_be_visible()
    is_within = act(
        desk,
        f"""const panel = part({json.dumps(panel)});
        [...panel.querySelectorAll("button")].at(-1).focus(); // the one that leaves
        document.activeElement.click();
        return panel.contains(document.activeElement);""",
    )
    assert is_within is False


def test_a_form_that_is_shut_lets_go_of_the_keyboard(
    desk: Page, queue: list[Assignment], live_server: LiveServer
) -> None:
    second = desk.context.new_page()
    second.goto(f"{live_server.url}/read/{queue[0].pk}/")
    expect(second.locator("[data-part=place]")).to_have_text("1 of 3")
    second.locator("[data-part=comment]").focus()
    with arriving(desk, queue[0]):
        press(desk, "n", SUBMIT)
    expect(second.locator("[data-part=comment]")).to_be_disabled()
    expect(second.locator("[data-part=comment]")).not_to_be_focused()


def keep_for_sending(page: Page, reader: User, *assignments: Assignment) -> None:
    """Let the device hold a reading of each of ``assignments`` that no server has seen."""
    for at, one in enumerate(assignments):
        entry = {
            "key": f"key-{at}",
            "kind": "reading",
            "assignment": one.pk,
            "code": one.code,
            "reading": {},
            "basis": {"version": 0, "unanswered": []},
            "at": at,
        }
        name = f"ecg-review/{reader.pk}/outbox/key-{at}"
        page.evaluate(
            "([name, text]) => localStorage.setItem(name, text)", [name, json.dumps(entry)]
        )


def test_the_worklist_does_not_reload_what_it_says_was_refused(
    desk: Page, ana: User, queue: list[Assignment], live_server: LiveServer, witness: Witness
) -> None:
    witness.expect("the server responded with a status of 409")
    closed = {"type": "/problems/batch-closed", "title": "Closed."}
    for one in queue[:2]:
        desk.route(
            f"**/api/assignments/{one.pk}/reading/", lambda to: to.fulfill(status=409, json=closed)
        )
    desk.route(
        f"**/api/assignments/{queue[2].pk}/reading/", lambda to: to.fulfill(json={"next": None})
    )
    desk.goto(f"{live_server.url}/account/")
    keep_for_sending(desk, ana, *queue)
    with desk.expect_response(f"**/api/assignments/{queue[2].pk}/reading/"):
        desk.goto(f"{live_server.url}/worklist/")
    desk.evaluate("() => new Promise(resolve => setTimeout(resolve, 500))")
    for one in queue[:2]:
        expect(desk.locator("#waiting")).to_contain_text(one.code)


HOLD_FRAMES = """() => {
  window.held = [];
  window.requestAnimationFrame = (show) => window.held.push(show);
}"""
SHOW_FRAMES = "() => window.held.splice(0).forEach((show) => show(performance.now()))"


def test_keys_typed_before_the_next_exam_is_painted_belong_to_it(
    desk: Page, queue: list[Assignment]
) -> None:
    desk.evaluate(HOLD_FRAMES)  # as a busy machine does
    press(desk, "/", *"afib", "Enter", SUBMIT)
    expect_exam(desk, queue[1])
    press(desk, "n")
    expect_findings(desk, "NORMAL")


def test_painting_the_next_exam_takes_the_focus_from_no_field_in_use(
    desk: Page, queue: list[Assignment]
) -> None:
    desk.evaluate(HOLD_FRAMES)
    press(desk, "n", SUBMIT)
    expect_exam(desk, queue[1])
    press(desk, "/", "a")
    desk.evaluate(SHOW_FRAMES)
    press(desk, "f", "Enter")
    expect_findings(desk, "AF")
