"""The agreement page during an agreement run: progress, new results and scroll position."""

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
    """A closed batch with an agreement report."""
    read_batch = make_batch([make_exam(), make_exam()], [ana, bruno])
    for assignment in read_batch.assignments.all():
        submit(assignment, AF)
    close(read_batch)
    while refresh.work_next(now=now + LATER):
        pass
    return read_batch


@pytest.fixture
def run(batch: Batch, davi: User, now: datetime) -> AgreementRun:
    """An agreement run that Davi has requested and no worker has started."""
    scope = Scope(batch.study_id, batch.pk)
    return runs.request(scope=scope, requested_by=davi, now=now + 2 * LATER)


@pytest.fixture
def page(sign_in_as: SignIn, live_server: LiveServer, davi: User, run: AgreementRun) -> Page:
    """The agreement page of the batch, opened by Davi while the run is pending."""
    return sign_in_as(davi, f"/batches/{run.batch_id}/agreement/?sort=name")


def title_y(page: Page) -> float:
    """Return the vertical position, in the window, of a heading far down the page."""
    box = page.locator("#versions-title").bounding_box()
    assert box
    return box["y"]


def status_text(page: Page) -> str:
    return page.locator("[data-part=run] [role=status]").inner_text()


def test_the_page_shows_the_progress_of_a_run(page: Page, run: AgreementRun) -> None:
    progress = page.locator("[data-part=run] progress")
    expect(progress).to_be_hidden()
    AgreementRun.objects.filter(pk=run.pk).update(stage=RunStage.COUNTING, n_done=3, n_total=8)
    expect(page.get_by_role("status").filter(has_text="Counting new readings")).to_be_visible()
    expect(progress).to_have_js_property("value", 3)
    expect(progress).to_have_js_property("max", 8)
    assert violations(page) == []


def test_new_results_are_offered_without_losing_the_scroll_position(
    page: Page, run: AgreementRun, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.evaluate("scrollTo(0, 900)")
    monkeypatch.setattr(domain, "VERSION", "next")
    while refresh.work_next(now=now + 3 * LATER):
        pass
    newest = AgreementReport.objects.filter(batch=run.batch_id).order_by("-number")[0].number
    offer = page.get_by_role("link", name="Show new results")
    expect(offer).to_be_attached()
    assert f"Version {newest} has been computed." in status_text(page)
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    assert page.evaluate("scrollY") == 900
    place = title_y(page)
    expect(offer).to_be_in_viewport()
    box = offer.bounding_box()
    assert box
    page.mouse.click(box["x"] + 9, box["y"] + 9)  # Locator.click would scroll first
    expect(page.locator("[data-part=run]")).to_have_count(0)
    expect(page.locator("forest-plot .point").first).to_be_attached()
    assert title_y(page) == pytest.approx(place, abs=12)
    assert page.url.endswith("?sort=name")


def test_the_page_shows_a_canceled_run_without_a_reload(
    page: Page, run: AgreementRun, davi: User, now: datetime
) -> None:
    runs.cancel(run_id=run.pk, actor=davi, now=now + 3 * LATER)
    expect(page.get_by_role("status").filter(has_text="There are no newer results")).to_be_visible()
    expect(page.get_by_role("link", name="Reload")).to_be_visible()


def test_without_scripts_the_page_has_a_reload_link(
    sign_in_as: SignIn, davi: User, run: AgreementRun, now: datetime
) -> None:
    page = sign_in_as(davi, f"/batches/{run.batch_id}/agreement/", java_script_enabled=False)
    assert "A new version is being computed. Waiting" in status_text(page)
    runs.cancel(run_id=run.pk, actor=davi, now=now + 3 * LATER)
    page.get_by_role("link", name="Reload").click()
    expect(page.locator("[data-part=run]")).to_have_count(0)
