"""Comparing with the patient's exam before, and tracings that come late, in a real browser."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import Page, Route, expect

from annotations.models import Assignment, Exam, Reading, Study, User
from annotations.services.exams import prior_exams
from ecgreview.ecg.visits import Visit
from tests.app.conftest import MakeBatch, MakeStudy
from tests.browser.conftest import SignIn, Witness
from tests.browser.test_desk import arriving, press

BEFORE = "14 months earlier"


@pytest.fixture
def study(make_study: MakeStudy, request: pytest.FixtureRequest) -> Study:
    """A study whose readers may compare with the exam before, unless a test asks otherwise."""
    return make_study(prior_exam=getattr(request, "param", "shown"))


@pytest.fixture
def compared(real_exams: list[Exam], ana: User, make_batch: MakeBatch, now: datetime) -> Assignment:
    """A real ECG for Ana to read, with one recorded 412 days before."""
    earlier, later, _ = real_exams
    visits = [Visit(earlier.source_key, "p1", 0, 2), Visit(later.source_key, "p1", 412, 3)]
    prior_exams.link(dataset=earlier.dataset, visits=visits, actor=None, now=now)
    return make_batch([Exam.objects.get(pk=later.pk)], [ana]).assignments.get()


@pytest.fixture
def desk(sign_in_as: SignIn, ana: User, compared: Assignment) -> Page:
    """Ana's desk with that exam on view."""
    page = sign_in_as(ana, f"/read/{compared.pk}/")
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    return page


def expect_prior(page: Page, *, is_shown: bool) -> None:
    """Expect the exam before on view, told wherever a sheet says what it is; or nothing of it."""
    settings = page.locator("[data-part=settings]")
    if is_shown:
        banner = page.locator("[data-part=previous-exam]")
        expect(banner).to_contain_text(f"Previous exam: {BEFORE}")
        expect(settings).to_contain_text(f"previous exam, {BEFORE}")
    else:
        expect(page.locator("[data-part=previous-exam]")).to_be_hidden()
        expect(settings).not_to_contain_text("before")


def drawn(page: Page) -> object:
    """Return which tracing is on the sheet, and the first of its samples."""
    return page.evaluate(
        "(({shown, recording}) => [shown, [...recording.leads[0].slice(0, 50)]])"
        "(document.querySelector('ecg-viewer'))"
    )


def test_one_key_turns_to_the_exam_before_and_back(desk: Page) -> None:
    own = drawn(desk)
    expect_prior(desk, is_shown=False)
    press(desk, "h")
    expect_prior(desk, is_shown=True)
    assert drawn(desk) != own
    press(desk, "h")
    expect_prior(desk, is_shown=False)
    assert drawn(desk) == own


def test_the_tab_that_was_clicked_keeps_the_focus(desk: Page) -> None:
    tab = desk.get_by_role("button", name=BEFORE)
    tab.click()
    expect_prior(desk, is_shown=True)
    expect(tab).to_be_focused()
    expect(tab).to_have_attribute("aria-pressed", "true")
    expect(desk.get_by_role("button", name="This exam")).to_have_attribute("aria-keyshortcuts", "h")


def test_no_evidence_is_taken_from_the_exam_before(desk: Page) -> None:
    press(desk, "1", "h")
    expect_prior(desk, is_shown=True)
    desk.evaluate(
        "document.querySelector('ecg-viewer').dispatchEvent(new CustomEvent('measurement', {detail:"
        " {kind: 'interval', tracing: null, lead: 'II', from_s: 1, to_s: 1.2, value: 200}}))"
    )
    expect(desk.get_by_text("This is the previous exam. Mark evidence on")).to_be_visible()


def test_that_it_was_looked_at_is_kept_with_the_reading(desk: Page, compared: Assignment) -> None:
    press(desk, "h")
    expect_prior(desk, is_shown=True)
    press(desk, "h", "n")
    with arriving(desk, compared):
        press(desk, "Control+Enter")
    assert Reading.objects.get().tools == {"prior_exam": 1}


@pytest.mark.parametrize("study", ["hidden"], indirect=True)
def test_a_study_that_hides_it_has_no_tab_and_no_key(desk: Page) -> None:
    press(desk, "h")
    expect(desk.locator("[data-part=tracings] button")).to_have_count(0)
    expect_prior(desk, is_shown=False)


def test_a_tracing_that_comes_late_never_lies_under_another_choice(desk: Page) -> None:
    own = drawn(desk)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    desk.route("**/prior/tracings/1/", hold)
    desk.reload()
    expect(desk.get_by_role("button", name="Submit")).to_be_enabled()
    desk.get_by_role("button", name=BEFORE).click()
    desk.get_by_role("button", name="This exam").click()
    expect(desk.get_by_role("button", name="This exam")).to_be_focused()
    assert held
    with desk.expect_response("**/prior/tracings/1/"):
        held[0].continue_()
    desk.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert drawn(desk) == own
    expect_prior(desk, is_shown=False)


def test_without_a_network_the_sheet_stays_and_says_why(desk: Page, witness: Witness) -> None:
    witness.expect("net::ERR_FAILED")
    own = drawn(desk)
    desk.route("**/prior/tracings/1/", lambda route: route.abort())
    desk.reload()
    expect(desk.get_by_role("button", name="Submit")).to_be_enabled()
    desk.get_by_role("button", name=BEFORE).click()
    expect(desk.get_by_text("This tracing could not be loaded.")).to_be_visible()
    assert drawn(desk) == own
    expect(desk.get_by_role("button", name="This exam")).to_have_attribute("aria-pressed", "true")
    desk.unroute("**/prior/tracings/1/")
    desk.get_by_role("button", name=BEFORE).click()
    expect_prior(desk, is_shown=True)
