"""The reading desk with the keyboard: drafts, submissions, and lost connections or sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Assignment, Batch, Draft, Exam, Reading, User
from annotations.services.people import sign_in
from tests.app.conftest import MakeBatch
from tests.browser.conftest import PageMonitor, SignIn

SUBMIT = "Control+Enter"
PASSWORD = "a long enough password"


@pytest.fixture
def queue(ana: User, make_batch: MakeBatch, make_exam: Callable[..., Exam]) -> list[Assignment]:
    """Ana's two assignments in reading order."""
    batch = make_batch([make_exam(), make_exam()], [ana])
    return list(batch.assignments.in_reading_order())


@pytest.fixture
def address(live_server: LiveServer, queue: list[Assignment]) -> str:
    """The URL of the first assignment at the desk."""
    return f"{live_server.url}/read/{queue[0].pk}/"


@pytest.fixture
def desk(sign_in_as: SignIn, ana: User, address: str) -> Page:
    """Ana's desk with the first exam open."""
    page = sign_in_as(ana)
    open_desk(page, address)
    return page


def open_desk(page: Page, address: str) -> None:
    """Open the desk and wait until it is ready for keys."""
    page.goto(address)
    expect(page.locator("[data-part=place]")).to_have_text("1 of 2")


def press(page: Page, *keys: str) -> int:
    """Press ``keys`` and return their number."""
    for key in keys:
        page.keyboard.press(key)
    return len(keys)


def expect_findings(page: Page, *abbreviations: str) -> None:
    """Expect exactly these findings in the form."""
    expect(page.locator(".finding-name b")).to_have_text(list(abbreviations))


def expect_exam(page: Page, assignment: Assignment) -> None:
    expect(page.locator("[data-part=code]")).to_have_text(assignment.code)


def expect_saved(page: Page) -> None:
    expect(page.locator("[data-part=draft-state]")).to_have_text("Saved")


@contextmanager
def accepted(page: Page, assignment: Assignment) -> Iterator[None]:
    """Wait until the server has accepted the reading that the block submits."""
    with page.expect_response(f"**/api/assignments/{assignment.pk}/reading/") as answer:
        yield
    assert answer.value.status == 201


def labels(reading: Reading) -> set[str]:
    return {finding.diagnostic_class.code for finding in reading.findings.all()}


def test_a_normal_exam_takes_two_keys_and_a_common_finding_at_most_six(
    desk: Page, queue: list[Assignment]
) -> None:
    with accepted(desk, queue[0]):
        assert press(desk, "n", SUBMIT) <= 3
    expect_exam(desk, queue[1])
    assert labels(Reading.objects.get(assignment=queue[0])) == {"normal_ecg"}
    with accepted(desk, queue[1]):
        assert press(desk, "/", "a", "f", "Enter", SUBMIT) <= 6
    assert labels(Reading.objects.get(assignment=queue[1])) == {"atrial_fibrillation"}


def test_a_draft_survives_a_reload(desk: Page) -> None:
    press(desk, "6", "-", "p", "c")
    desk.keyboard.type("irregular")
    expect_saved(desk)
    desk.reload()
    expect_findings(desk, "AF")
    expect(desk.locator(".certainty-name")).to_have_text("Probable")
    expect(desk.get_by_role("button", name="Poor")).to_have_attribute("aria-pressed", "true")
    expect(desk.get_by_label("Comment")).to_have_value("irregular")


def test_the_help_lists_the_keyboard_shortcuts(desk: Page) -> None:
    press(desk, "?")
    dialog = desk.get_by_role("dialog", name="Keyboard shortcuts")
    for label in (
        "ECG within normal limits for age and sex",
        "Find a class",
        "Submit and go to the next exam",
        "Undo",
    ):
        expect(dialog.get_by_text(label, exact=True)).to_be_visible()
    press(desk, "Escape")
    expect(dialog).to_be_hidden()


def test_single_keys_can_be_turned_off_permanently(desk: Page, queue: list[Assignment]) -> None:
    press(desk, "F1")
    desk.get_by_label("Use single-key shortcuts").uncheck()
    desk.get_by_role("button", name="Close").click()
    press(desk, "n", "6")
    expect_findings(desk)
    desk.reload()
    expect(desk.locator("[data-part=place]")).to_have_text("1 of 2")
    press(desk, "n", "6")
    expect_findings(desk)
    desk.get_by_role("button", name="AF", exact=True).click()
    press(desk, SUBMIT)
    expect_exam(desk, queue[1])


def test_offline_submissions_arrive_once(
    desk: Page, queue: list[Assignment], page_monitor: PageMonitor
) -> None:
    page_monitor.expect("net::ERR_INTERNET_DISCONNECTED")
    # The next exam is preloaded, so opening it needs no network.
    expect(desk.locator(".plot:not(.is-front) .trace")).not_to_have_count(0)
    desk.context.set_offline(True)
    press(desk, "6", SUBMIT)
    expect_exam(desk, queue[1])
    expect(desk.locator("[data-part=outbox]")).to_contain_text("Offline: 1 to send")
    press(desk, "n", SUBMIT)
    expect(desk.get_by_text("Your last readings are still being sent")).to_be_visible()
    assert Reading.objects.count() == 0

    desk.context.set_offline(False)
    expect(desk.get_by_text("Your last readings are still being sent")).to_be_hidden()
    labels_of_queue = [labels(Reading.objects.get(assignment=assignment)) for assignment in queue]
    assert labels_of_queue == [{"atrial_fibrillation"}, {"normal_ecg"}]


def test_work_survives_the_end_of_a_session(
    desk: Page, ana: User, address: str, queue: list[Assignment], page_monitor: PageMonitor
) -> None:
    page_monitor.expect("the server responded with a status of 401", "status of 403")
    ana.set_password(PASSWORD)
    ana.save(update_fields=["password"])
    Session.objects.all().delete()
    press(desk, "6")
    expect(desk.get_by_text("Your session has ended. Your work is saved")).to_be_visible()

    desk.get_by_role("link", name="Sign in again").click()
    desk.get_by_label("User name").fill(ana.username)
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name="Sign in", exact=True).click()
    expect(desk).to_have_url(address)
    expect_findings(desk, "AF")
    expect_saved(desk)
    with accepted(desk, queue[0]):
        press(desk, SUBMIT)
    assert labels(Reading.objects.get()) == {"atrial_fibrillation"}


def test_a_reading_submitted_after_the_session_ended_is_sent_after_sign_in(
    desk: Page,
    ana: User,
    live_server: LiveServer,
    queue: list[Assignment],
    page_monitor: PageMonitor,
) -> None:
    page_monitor.expect("the server responded with a status of 401", "status of 403")
    expect(desk.locator(".plot:not(.is-front) .trace")).not_to_have_count(0)
    Session.objects.all().delete()
    press(desk, "n", SUBMIT)
    expect(desk.locator("[data-part=outbox]")).to_contain_text("Signed out: 1 to send")

    ana.refresh_from_db()  # sign-in links depend on the time of the last sign-in
    desk.goto(sign_in.link(ana, live_server.url))
    with accepted(desk, queue[0]):
        desk.get_by_role("button", name="Sign in as").click()
    expect(desk.get_by_role("heading", name="Your worklist")).to_be_visible()
    assert labels(Reading.objects.get(assignment=queue[0])) == {"normal_ecg"}


@pytest.mark.parametrize(
    ("choice", "expected"), [("Keep this draft", "LBBB"), ("Keep the other draft", "AF")]
)
def test_conflicting_drafts_of_two_windows_are_resolved_by_the_reader(
    desk: Page, address: str, page_monitor: PageMonitor, choice: str, expected: str
) -> None:
    page_monitor.expect("the server responded with a status of 409")
    other = desk.context.new_page()
    page_monitor.watch(other)
    open_desk(other, address)
    press(other, "6")
    expect_saved(other)

    press(desk, "5")
    dialog = desk.get_by_role("dialog", name="This draft was changed elsewhere")
    expect(dialog.locator("[data-side=mine]")).to_contain_text("bundle branch block")
    expect(dialog.locator("[data-side=theirs]")).to_contain_text("Atrial fibrillation")
    press(desk, "Escape", "Escape", "Escape")
    expect(dialog).to_be_visible()
    dialog.evaluate("dialog => dialog.close()")  # as a browser does that ignores preventDefault
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name=choice).click()
    expect_findings(desk, expected)
    expect_saved(desk)
    assert Draft.objects.get().version == (2 if choice == "Keep this draft" else 1)


def test_closing_the_batch_while_reading_keeps_the_work(
    desk: Page, close: Callable[[Batch], Batch], queue: list[Assignment], page_monitor: PageMonitor
) -> None:
    page_monitor.expect("the server responded with a status of 409")
    press(desk, "6")
    expect_saved(desk)
    close(queue[0].batch)
    press(desk, "5")
    expect(desk.get_by_role("alert").filter(has_text="closed")).to_be_visible()
    expect_findings(desk, "AF", "LBBB")
    expect(desk.get_by_role("button", name="Submit")).to_be_disabled()

    desk.reload()
    expect_findings(desk, "AF", "LBBB")
    assert Draft.objects.get().content["findings"][0]["class"] == "atrial_fibrillation"


def test_a_reading_for_a_closed_batch_is_refused_with_an_explanation(
    desk: Page, close: Callable[[Batch], Batch], queue: list[Assignment], page_monitor: PageMonitor
) -> None:
    page_monitor.expect("the server responded with a status of 409")
    expect(desk.locator(".plot:not(.is-front) .trace")).not_to_have_count(0)
    close(queue[0].batch)
    press(desk, "n", SUBMIT)
    banner = desk.locator("[data-part=banner]")
    expect(banner).to_contain_text("The batch is closed and takes no more readings.")
    expect(banner.get_by_role("link", name="Open the exam")).to_be_visible()
    assert not Reading.objects.exists()


def test_a_page_loaded_before_a_save_shows_the_saved_draft(
    sign_in_as: SignIn, ana: User, address: str
) -> None:
    page = sign_in_as(ana)
    earlier = page.goto(address)
    assert earlier is not None
    body = earlier.text()
    expect(page.locator("[data-part=place]")).to_have_text("1 of 2")
    press(page, "6")
    expect(page.locator("[data-part=draft-state]")).to_have_text("Saved")
    page.route(address, lambda route: route.fulfill(body=body, content_type="text/html"))
    page.reload()
    expect_findings(page, "AF")


def test_undo_takes_back_the_last_step_also_after_skipping_to_the_content(desk: Page) -> None:
    press(desk, "6", "5")
    expect_findings(desk, "AF", "LBBB")
    press(desk, "Control+z")
    expect_findings(desk, "AF")
    expect(desk.get_by_role("button", name="Undo")).to_be_enabled()
    desk.get_by_role("link", name="Skip to the content").focus()
    press(desk, "Enter")
    desk.wait_for_url("**/#main")
    expect(desk.get_by_role("button", name="Undo")).to_be_enabled()
    press(desk, "Control+z")
    expect_findings(desk)
