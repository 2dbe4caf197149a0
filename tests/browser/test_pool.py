"""Reading from a pool until no exam is available."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Exam, Reading, Study, User
from annotations.services.assignment import batches, pool_slots
from tests.browser.conftest import SignIn


@pytest.fixture
def desk(
    sign_in_as: SignIn,
    live_server: LiveServer,
    study: Study,
    ana: User,
    davi: User,
    make_exam: Callable[..., Exam],
    now: datetime,
) -> Page:
    """Ana's desk with the first of two exams of a pool."""
    exams = [make_exam(), make_exam()]
    pool = pool_slots.create_pool(
        study=study, name="Shared exams", exams=exams, readers=[ana], readers_per_exam=1,
        created_by=davi, now=now,
    )  # fmt: skip
    batches.release(batch_id=pool.pk, actor=davi, now=now)
    page = sign_in_as(ana)
    page.goto(f"{live_server.url}/worklist/")
    page.get_by_role("button", name="Take the next exam").click()
    expect(page.locator("[data-part=place]")).to_have_text("Exam 1")
    return page


def test_each_submission_opens_the_next_exam_of_the_pool(desk: Page) -> None:
    for place in ("Exam 1", "Exam 2"):
        expect(desk.locator("[data-part=place]")).to_have_text(place)
        desk.keyboard.press("n")
        desk.keyboard.press("Control+Enter")
    expect(desk.locator("[data-part=finished-title]")).to_have_text(
        "No exam is available for you now"
    )
    assert Reading.objects.count() == 2
