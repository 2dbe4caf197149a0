"""Agreement pages on groups, certainty and measurements: charts and accessibility."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Batch, Exam, User
from annotations.services.agreement import refresh
from annotations.services.reading import content
from tests.app import signing
from tests.app.conftest import MakeBatch
from tests.browser.conftest import SignIn
from tests.browser.test_accessibility import violations

AF = "atrial_fibrillation"
CERTAINTIES = ("definite", "probable", "possible")
N_EXAMS = 8


@pytest.fixture
def closed_batch(
    ana: User,
    bruno: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    close: Callable[[Batch], Batch],
    now: datetime,
) -> Batch:
    """A closed batch: both readers marked AF with varying certainty and measured an interval."""
    batch = make_batch([make_exam() for _ in range(N_EXAMS)], [ana, bruno])
    for shift, reader in enumerate((ana, bruno)):
        for place, assignment in enumerate(batch.assignments.filter(reader=reader)):
            mark = {
                "kind": "interval", "tracing": 1, "lead": "II", "from_s": 0.1, "to_s": 0.2,
                "value": 150 + 7 * place + shift * (place % 5),
            }  # fmt: skip
            certainty = CERTAINTIES[(place + shift * (place % 2)) % len(CERTAINTIES)]
            signing.submit_reading(
                assignment_id=assignment.pk, reader=reader, based_on=0,
                findings=[content.FindingIn(AF, certainty, (), (mark,))],
                quality="good", comment="", idempotency_key=uuid.UUID(int=assignment.pk), now=now,
            )  # fmt: skip
    close(batch)
    while refresh.refresh_next(now=now):
        pass
    return batch


@pytest.fixture
def open_part(
    sign_in_as: SignIn, davi: User, closed_batch: Batch, live_server: LiveServer
) -> Callable[[str], Page]:
    """Open an agreement page as Davi and expand its tables."""
    page = sign_in_as(davi)

    def open_and_expand(part: str) -> Page:
        page.goto(f"{live_server.url}/batches/{closed_batch.pk}/agreement/{part}")
        page.evaluate("document.querySelectorAll('main details').forEach(e => e.open = true)")
        return page

    return open_and_expand


def test_the_pages_are_accessible_and_draw_differences_with_their_limits(
    open_part: Callable[[str], Page],
) -> None:
    page = open_part("certainty/")
    expect(page.locator("measure-chart .point")).to_have_count(N_EXAMS)
    expect(page.locator("measure-chart .scatterlayer .js-line")).to_have_count(3)
    assert [*violations(page), *violations(open_part("?level=groups"))] == []


def test_the_switch_leads_to_groups_and_a_group_to_its_classes(
    open_part: Callable[[str], Page],
) -> None:
    page = open_part("")
    page.get_by_role("navigation", name="Rows").get_by_text("Groups").click()
    row = page.locator("forest-plot .forest-rows a").first
    expect(row).to_contain_text("AF")
    row.click()
    expect(page.locator("tr[data-code=atrial_fibrillation]")).to_be_visible()
    expect(page.get_by_role("heading", name="By class")).to_be_visible()
