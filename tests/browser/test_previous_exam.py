"""The previous exam of the patient at the desk, and tracings that load late."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import Page, Route, expect

from annotations.models import Assignment, Exam, Reading, Study, User
from annotations.services.exams import previous_exams
from ecgreview.ecg.visits import Visit
from tests.app.conftest import MakeBatch, MakeStudy
from tests.browser.conftest import PageMonitor, SignIn
from tests.browser.test_desk import accepted, press

BEFORE = "14 months earlier"


@pytest.fixture
def study(make_study: MakeStudy, request: pytest.FixtureRequest) -> Study:
    """A study that shows previous exams, unless the test's parameter says otherwise."""
    return make_study(prior_exam=getattr(request, "param", "shown"))


@pytest.fixture
def assignment(
    real_exams: list[Exam], ana: User, make_batch: MakeBatch, now: datetime
) -> Assignment:
    """Ana's assignment of a real ECG with a previous exam, 412 days earlier."""
    earlier, later, _ = real_exams
    visits = [Visit(earlier.source_key, "p1", 0, 2), Visit(later.source_key, "p1", 412, 3)]
    previous_exams.link(dataset=earlier.dataset, visits=visits, actor=None, now=now)
    return make_batch([Exam.objects.get(pk=later.pk)], [ana]).assignments.get()


@pytest.fixture
def desk(sign_in_as: SignIn, ana: User, assignment: Assignment) -> Page:
    """Ana's desk with ``assignment`` open."""
    page = sign_in_as(ana, f"/read/{assignment.pk}/")
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    return page


def expect_previous_exam(page: Page, *, is_shown: bool) -> None:
    """Expect the previous exam to be displayed and labeled on the sheet, or not at all."""
    settings = page.locator("[data-part=settings]")
    if is_shown:
        banner = page.locator("[data-part=previous-exam]")
        expect(banner).to_contain_text(f"Previous exam: {BEFORE}")
        expect(settings).to_contain_text(f"previous exam, {BEFORE}")
    else:
        expect(page.locator("[data-part=previous-exam]")).to_be_hidden()
        expect(settings).not_to_contain_text("before")


def samples_shown(page: Page) -> object:
    """Return the index and the first samples of the displayed tracing."""
    return page.evaluate(
        "(({shown, recording}) => [shown, [...recording.leads[0].slice(0, 50)]])"
        "(document.querySelector('ecg-viewer'))"
    )


def test_one_key_switches_to_the_previous_exam_and_back(desk: Page) -> None:
    own = samples_shown(desk)
    expect_previous_exam(desk, is_shown=False)
    press(desk, "h")
    expect_previous_exam(desk, is_shown=True)
    assert samples_shown(desk) != own
    press(desk, "h")
    expect_previous_exam(desk, is_shown=False)
    assert samples_shown(desk) == own


def test_a_clicked_tab_keeps_the_focus(desk: Page) -> None:
    tab = desk.get_by_role("button", name=BEFORE)
    tab.click()
    expect_previous_exam(desk, is_shown=True)
    expect(tab).to_be_focused()
    expect(tab).to_have_attribute("aria-pressed", "true")
    expect(desk.get_by_role("button", name="This exam")).to_have_attribute("aria-keyshortcuts", "h")


def test_no_evidence_can_be_marked_on_the_previous_exam(desk: Page) -> None:
    press(desk, "1", "h")
    expect_previous_exam(desk, is_shown=True)
    desk.evaluate(
        "document.querySelector('ecg-viewer').dispatchEvent(new CustomEvent('measurement', {detail:"
        " {kind: 'interval', tracing: null, lead: 'II', from_s: 1, to_s: 1.2, value: 200}}))"
    )
    expect(desk.get_by_text("This is the previous exam. Mark evidence on")).to_be_visible()


def test_viewing_the_previous_exam_is_stored_with_the_reading(
    desk: Page, assignment: Assignment
) -> None:
    press(desk, "h")
    expect_previous_exam(desk, is_shown=True)
    press(desk, "h", "n")
    with accepted(desk, assignment):
        press(desk, "Control+Enter")
    assert Reading.objects.get().tools == {"prior_exam": 1}


@pytest.mark.parametrize("study", ["hidden"], indirect=True)
def test_a_study_that_hides_it_has_neither_tab_nor_key(desk: Page) -> None:
    press(desk, "h")
    expect(desk.locator("[data-part=tracings] button")).to_have_count(0)
    expect_previous_exam(desk, is_shown=False)


def test_a_late_tracing_does_not_replace_the_chosen_one(desk: Page) -> None:
    own = samples_shown(desk)
    held_routes: list[Route] = []

    def hold(route: Route) -> None:
        held_routes.append(route)

    desk.route("**/prior/tracings/1/", hold)
    desk.reload()
    expect(desk.get_by_role("button", name="Submit")).to_be_enabled()
    desk.get_by_role("button", name=BEFORE).click()
    desk.get_by_role("button", name="This exam").click()
    expect(desk.get_by_role("button", name="This exam")).to_be_focused()
    assert held_routes
    with desk.expect_response("**/prior/tracings/1/"):
        held_routes[0].continue_()
    desk.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert samples_shown(desk) == own
    expect_previous_exam(desk, is_shown=False)


def test_without_network_the_sheet_stays_with_an_explanation(
    desk: Page, page_monitor: PageMonitor
) -> None:
    page_monitor.expect("net::ERR_FAILED")
    own = samples_shown(desk)
    desk.route("**/prior/tracings/1/", lambda route: route.abort())
    desk.reload()
    expect(desk.get_by_role("button", name="Submit")).to_be_enabled()
    desk.get_by_role("button", name=BEFORE).click()
    expect(desk.get_by_text("This tracing could not be loaded.")).to_be_visible()
    assert samples_shown(desk) == own
    expect(desk.get_by_role("button", name="This exam")).to_have_attribute("aria-pressed", "true")
    desk.unroute("**/prior/tracings/1/")
    desk.get_by_role("button", name=BEFORE).click()
    expect_previous_exam(desk, is_shown=True)
