"""A page of agreement follows the computation of the next version, and keeps the reader's place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import AgreementReport, AgreementRun, Batch, Exam, RunStage, Scope, User
from annotations.services.agreement import refresh
from annotations.services.counts import runs
from ecgreview import agreement as domain
from tests.app.conftest import MakeBatch, Submit
from tests.browser.conftest import SignIn
from tests.browser.test_accessibility import violations

AF = "atrial_fibrillation"
LATER = timedelta(hours=1)


@pytest.fixture
def batch(
    ana: User,
    bruno: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    close: Callable[[Batch], Batch],
    now: datetime,
) -> Batch:
    """A closed batch with its agreement."""
    made = make_batch([make_exam(), make_exam()], [ana, bruno])
    for assignment in made.assignments.all():
        submit(assignment, AF)
    close(made)
    while refresh.work_next(now=now + LATER):
        pass
    return made


@pytest.fixture
def run(batch: Batch, davi: User, now: datetime) -> AgreementRun:
    """A computation that Davi asked for, and that no worker has taken up yet."""
    scope = Scope(batch.study_id, batch.pk)
    return runs.request(scope=scope, requested_by=davi, now=now + 2 * LATER)


@pytest.fixture
def page(sign_in_as: SignIn, live_server: LiveServer, davi: User, run: AgreementRun) -> Page:
    """Davi's window with the page of the batch, while the next version is computed."""
    return sign_in_as(davi, f"/batches/{run.batch_id}/agreement/?sort=name")


def place_of(page: Page) -> float:
    """Return how far below the top of the window something is that stands far down."""
    box = page.locator("#versions-title").bounding_box()
    assert box
    return box["y"]


def note(page: Page) -> str:
    return page.locator("[data-part=run] [role=status]").inner_text()


def test_the_page_tells_how_far_it_is(page: Page, run: AgreementRun) -> None:
    progress = page.locator("[data-part=run] progress")
    expect(progress).to_be_hidden()
    AgreementRun.objects.filter(pk=run.pk).update(stage=RunStage.COUNTING, n_done=3, n_total=8)
    expect(page.get_by_role("status").filter(has_text="Counting new readings")).to_be_visible()
    expect(progress).to_have_js_property("value", 3)
    expect(progress).to_have_js_property("max", 8)
    assert violations(page) == []


def test_new_numbers_are_offered_where_the_reader_is(
    page: Page, run: AgreementRun, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.evaluate("scrollTo(0, 900)")
    monkeypatch.setattr(domain, "VERSION", "next")
    while refresh.work_next(now=now + 3 * LATER):
        pass
    newest = AgreementReport.objects.filter(batch=run.batch_id).order_by("-number")[0].number
    offer = page.get_by_role("link", name="Show new results")
    expect(offer).to_be_attached()
    assert f"Version {newest} has been computed." in note(page)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert page.evaluate("scrollY") == 900
    place = place_of(page)
    expect(offer).to_be_in_viewport()
    box = offer.bounding_box()
    assert box
    page.mouse.click(box["x"] + 9, box["y"] + 9)  # what clicks for a locator scrolls before it
    expect(page.locator("[data-part=run]")).to_have_count(0)
    expect(page.locator("forest-plot .point").first).to_be_attached()
    assert place_of(page) == pytest.approx(place, abs=12)
    assert page.url.endswith("?sort=name")


def test_what_was_stopped_is_told_without_a_reload(
    page: Page, run: AgreementRun, davi: User, now: datetime
) -> None:
    runs.cancel(run_id=run.pk, actor=davi, now=now + 3 * LATER)
    expect(page.get_by_role("status").filter(has_text="There are no newer results")).to_be_visible()
    expect(page.get_by_role("link", name="Reload")).to_be_visible()


def test_without_scripts_the_page_can_be_loaded_again(
    sign_in_as: SignIn, davi: User, run: AgreementRun, now: datetime
) -> None:
    page = sign_in_as(davi, f"/batches/{run.batch_id}/agreement/", java_script_enabled=False)
    assert "A new version is being computed. Waiting" in note(page)
    runs.cancel(run_id=run.pk, actor=davi, now=now + 3 * LATER)
    page.get_by_role("link", name="Reload").click()
    expect(page.locator("[data-part=run]")).to_have_count(0)
