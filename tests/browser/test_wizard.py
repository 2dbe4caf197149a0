"""Setting up, planning and releasing a study in a browser, also without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Assignment, Batch, Exam, Study, User
from annotations.services.people import sign_in
from tests.browser.conftest import NewContext, SignIn
from tests.browser.test_accessibility import violations


@pytest.fixture
def exams(make_exam: Callable[..., Exam]) -> list[Exam]:
    return [make_exam() for _ in range(8)]


@pytest.fixture
def without_scripts(new_context: NewContext, live_server: LiveServer) -> Callable[[User], Page]:
    """Open a page with JavaScript disabled."""

    def open_window(user: User) -> Page:
        page = new_context(java_script_enabled=False).new_page()
        page.goto(sign_in.link(user, live_server.url))
        page.get_by_role("button", name="Sign in as").click()
        return page

    return open_window


def set_up(page: Page, readers: list[User], n_exams: int) -> None:
    """Complete the wizard and open the study."""
    page.get_by_role("link", name="Set up a study step by step").click()
    page.get_by_label("Name").fill("Spring study")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Hidden repeats (percent").fill("25")
    page.get_by_label("Minimum other exams before a repeat").fill("2")
    page.get_by_role("button", name="Save and continue").click()
    for reader in readers:
        page.get_by_role("checkbox", name=reader.first_name).check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name="Continue").click()
    page.get_by_label("Data set").select_option(label="Ward 3")
    page.get_by_label("How many exams").fill(str(n_exams))
    page.get_by_role("button", name="Draw and add exams").click()
    page.get_by_role("link", name="Continue").click()
    expect(page.locator(".figures").first).to_contain_text("Reader-hours")
    page.get_by_role("button", name="Open study").click()


def plan_and_release(page: Page) -> None:
    page.get_by_role("button", name="Create plan", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Planned")
    page.get_by_role("button", name="Release to readers").click()


def test_readers_of_a_released_plan_can_start(
    sign_in_as: SignIn, davi: User, ana: User, bruno: User, taxonomy: object, exams: list[Exam]
) -> None:
    page = sign_in_as(davi)
    set_up(page, [ana, bruno], len(exams))
    plan_and_release(page)
    expect(page.get_by_text("8 of 20", exact=False)).to_have_count(0)
    expect(page.get_by_text("0 of 20 readings submitted")).to_be_visible()
    reader = sign_in_as(ana)
    expect(reader.get_by_role("link", name="Start reading")).to_be_visible()


def test_the_setup_works_without_scripts(
    without_scripts: Callable[[User], Page],
    davi: User,
    ana: User,
    bruno: User,
    taxonomy: object,
    exams: list[Exam],
) -> None:
    page = without_scripts(davi)
    set_up(page, [ana, bruno], len(exams))
    plan_and_release(page)
    assert Batch.objects.released().exists()
    assert Assignment.objects.filter(reader=ana, occurrence=1).count() == len(exams)


def test_setting_up_a_draft_can_be_continued(
    sign_in_as: SignIn, davi: User, taxonomy: object, live_server: LiveServer
) -> None:
    page = sign_in_as(davi)
    page.get_by_role("link", name="Set up a study step by step").click()
    page.get_by_label("Name").fill("Spring study")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/setup/reading/$"))
    page.goto(f"{live_server.url}/studies/")
    page.get_by_role("link", name="Spring study").click()
    page.get_by_role("link", name="Continue setting up").click()
    expect(page.get_by_role("heading", name="How are exams read?")).to_be_visible()


def test_weights_are_asked_for_only_with_randomized_arms(
    sign_in_as: SignIn, davi: User, taxonomy: object
) -> None:
    page = sign_in_as(davi)
    page.get_by_role("link", name="Set up a study step by step").click()
    page.get_by_label("Name").fill("Spring study")
    page.get_by_role("button", name="Continue").click()
    shares = page.get_by_role("group", name="At random: ratio of the arms")
    expect(shares).to_be_hidden()
    page.get_by_label("At random, for each reading").check()
    expect(shares).to_be_visible()


def test_every_step_is_accessible(
    sign_in_as: SignIn,
    davi: User,
    ana: User,
    bruno: User,
    taxonomy: object,
    exams: list[Exam],
    live_server: LiveServer,
) -> None:
    page = sign_in_as(davi)
    set_up(page, [ana, bruno], len(exams))
    plan_and_release(page)
    slug = Study.objects.get().slug
    steps = ("", "protocol/", "amendment/", "readers/", f"readers/{ana.pk}/", "exams/", "plan/",
             "progress/")  # fmt: skip
    problems = {}
    for step in steps:
        page.goto(f"{live_server.url}/studies/{slug}/{step}")
        problems[step] = violations(page)
    assert {step: lines for step, lines in problems.items() if lines} == {}


def test_the_progress_chart_is_drawn(
    sign_in_as: SignIn,
    davi: User,
    ana: User,
    bruno: User,
    study: Study,
    make_batch: Callable[..., Batch],
    submit: Callable[..., object],
    live_server: LiveServer,
) -> None:
    batch = make_batch()
    submit(batch.assignments.get(reader=ana))
    page = sign_in_as(davi)
    page.goto(f"{live_server.url}/studies/{study.slug}/progress/")
    expect(page.locator("line-chart .js-line").first).to_be_attached()
