"""The consensus explorer: sliders redraw the chart and the tables without a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Batch, Exam, Study, User
from annotations.services.consensus import labels
from tests.app.conftest import MakeBatch, Submit
from tests.browser.conftest import SignIn
from tests.browser.test_accessibility import violations

AF, LVH, NOISE = "atrial_fibrillation", "left_ventricular_hypertrophy", "artifact"


@pytest.fixture
def explored(
    study: Study,
    ana: User,
    bruno: User,
    clara: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    close: Callable[[Batch], Batch],
    now: datetime,
) -> Study:
    """A study with four exams, on which three readers differ."""
    batch = make_batch([make_exam() for _ in range(4)], [ana, bruno, clara])
    marks = {ana: [[AF], [AF], [LVH], []], bruno: [[AF], [AF], [], []], clara: [[AF], [], [], []]}
    for reader, of_exams in marks.items():
        assignments = batch.assignments.filter(reader=reader).order_by("exam")
        for codes, assignment in zip(of_exams, assignments, strict=True):
            submit(assignment, *codes)
    close(batch)
    labels.compute(study=study, now=now)
    return study


def numbers(page: Page) -> list[str]:
    """Return the numbers of labels and of disputed cells of the rule with a set number of votes."""
    cells = page.locator(".rules td[data-rule=k_of_n] [data-part=value]")
    return cells.all_inner_texts()[:2]


def drawn(page: Page) -> str:
    return page.locator("rule-chart .rule-picture").inner_html()


def test_moving_the_slider_by_keyboard_redraws_without_a_request(
    sign_in_as: SignIn, davi: User, explored: Study, live_server: LiveServer
) -> None:
    page = sign_in_as(davi)
    page.goto(f"{live_server.url}/studies/{explored.slug}/consensus/explorer/")
    page.get_by_label("Compare the study's rule with").select_option("k_of_n")
    assert numbers(page) == ["2", "0"]
    before = drawn(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    slider = page.get_by_label("Votes that a class needs (k)")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "1")
    assert numbers(page) == ["3", "0"]
    at_one = drawn(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert numbers(page) == ["1", "0"]
    assert len({before, at_one, drawn(page)}) == 3
    use = page.get_by_role("link", name="Use this rule: A set number of votes")
    expect(use).to_have_attribute("href", re.compile("consensus_k=3#results-title$"))
    assert requests == []


def test_the_page_is_accessible(
    sign_in_as: SignIn, davi: User, explored: Study, live_server: LiveServer
) -> None:
    page = sign_in_as(davi)
    page.goto(f"{live_server.url}/studies/{explored.slug}/consensus/explorer/")
    page.evaluate("document.querySelectorAll('main details').forEach(e => e.open = true)")
    assert violations(page) == []
