"""Agreement pages on a reader, the suggestion effect and precision: charts and accessibility."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Batch, Exam, User
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from tests.app.conftest import MakeBatch, Submit
from tests.browser.conftest import SignIn
from tests.browser.test_accessibility import violations

AF, NOISE = "atrial_fibrillation", "artifact"
PARTS = ("readers/1/", "suggestions/", "precision/")


@pytest.fixture
def closed_batch(
    ana: User,
    bruno: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    close: Callable[[Batch], Batch],
    now: datetime,
) -> Batch:
    """A closed batch: the readers agree on three exams and disagree on one."""
    batch = make_batch([make_exam() for _ in range(4)], [ana, bruno])
    for reader in (ana, bruno):
        assignments = batch.assignments.filter(reader=reader).order_by("exam")
        for code, assignment in zip((AF, AF, NOISE, ""), assignments, strict=True):
            submit(assignment, *([code] if code else [NOISE] if reader == ana else []))
    close(batch)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    return batch


def test_the_pages_are_accessible_with_open_tables(
    sign_in_as: SignIn, davi: User, closed_batch: Batch, live_server: LiveServer
) -> None:
    page = sign_in_as(davi)
    problems = []
    for part in PARTS:
        page.goto(f"{live_server.url}/batches/{closed_batch.pk}/agreement/{part}")
        page.evaluate("document.querySelectorAll('main details').forEach(e => e.open = true)")
        problems += violations(page)
    assert problems == []


def test_points_and_curves_are_drawn_for_a_width_that_can_be_changed(
    sign_in_as: SignIn, davi: User, closed_batch: Batch, live_server: LiveServer
) -> None:
    page = sign_in_as(davi)
    page.goto(f"{live_server.url}/batches/{closed_batch.pk}/agreement/readers/1/")
    expect(page.locator("measure-chart .point").first).to_be_attached()
    page.goto(f"{live_server.url}/batches/{closed_batch.pk}/agreement/precision/")
    expect(page.locator("measure-chart .js-line").first).to_be_attached()
    page.get_by_label("Target half-width").fill("0.2")
    page.keyboard.press("Enter")
    page.wait_for_url("**width=0.2*")
    expect(page.get_by_label("Target half-width")).to_have_value("0.2")
