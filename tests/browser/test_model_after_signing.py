"""Suggestions of the criteria model, after submission or while reading, and the revision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotations.models import (
    Batch,
    Confirmation,
    Exam,
    Exposure,
    Reading,
    Stage,
    Study,
    User,
    Viewing,
)
from annotations.services.assignment import batches
from annotations.services.exams import suggestion_requests
from annotations.services.suggestions import runs
from ecgreview.ecg import synth, wire
from tests.browser.conftest import PageMonitor, SignIn
from tests.browser.test_accessibility import violations

LVH, LBBB = "left_ventricular_hypertrophy", "left_bundle_branch_block"


@pytest.fixture
def exam_with_left_bundle_branch_block(
    make_exam: Callable[..., Exam], taxonomy: object, now: datetime
) -> Exam:
    """An exam for which the criteria model has suggested LBBB."""
    exam = make_exam()
    rng = np.random.default_rng(4)
    signal = synth.synthesize("left_bundle_branch_block", rng).signal
    exam.tracings.update(
        sampling_rate_hz=signal.sampling_rate_hz,
        n_samples=signal.n_samples,
        packed=wire.pack(signal),
    )
    suggestion_requests.request(exams=[exam], now=now)
    while runs.run_next(now=now):
        pass
    return exam


@pytest.fixture
def requested_urls() -> list[str]:
    """URLs that Ana's browser has requested so far."""
    return []


@pytest.fixture
def desk(
    requested_urls: list[str],
    sign_in_as: SignIn,
    ana: User,
    exam_with_left_bundle_branch_block: Exam,
    make_batch: Callable[..., Batch],
) -> Page:
    """Ana's desk with ``exam_with_left_bundle_branch_block`` open."""
    make_batch([exam_with_left_bundle_branch_block], [ana])
    page = sign_in_as(ana)
    page.on("request", lambda request: requested_urls.append(request.url))
    page.get_by_role("link", name="Start reading").click()
    expect(page.locator("[data-part=place]")).to_have_text("1 of 1")
    return page


def submit_hypertrophy(page: Page) -> None:
    """Submit left ventricular hypertrophy, which the model does not check."""
    for key in ["/", "l", "v", "h", "Enter", "Control+Enter"]:
        page.keyboard.press(key)
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()


def show_suggestions_of_last(page: Page) -> None:
    """Go back to the exam submitted last and show its suggestions."""
    page.keyboard.press("Shift+E")
    expect(page.get_by_role("button", name="See suggestions")).to_be_visible()
    page.keyboard.press("s")


def test_neither_signing_nor_opening_the_last_exam_requests_suggestions(
    desk: Page, requested_urls: list[str]
) -> None:
    submit_hypertrophy(desk)
    expect(desk.get_by_role("link", name="Last submitted")).to_be_visible()
    assert [url for url in requested_urls if url.endswith("/suggestions/")] == []
    desk.get_by_role("link", name="Last submitted").click()
    expect(desk.get_by_text("You can take it back until")).to_be_visible()
    offer = desk.get_by_role("button", name="See suggestions (ends correction)")
    expect(offer).to_be_visible()
    assert [url for url in requested_urls if url.endswith("/suggestions/")] == []
    assert not Exposure.objects.exists()
    desk.get_by_role("button", name="Take back").click()
    expect(desk.get_by_text("You are correcting a submitted reading.")).to_be_visible()
    expect(offer).to_be_hidden()


def test_a_button_at_the_last_exam_shows_suggestions(desk: Page) -> None:
    submit_hypertrophy(desk)
    desk.get_by_role("link", name="Last submitted").click()
    desk.get_by_role("button", name="See suggestions").click()
    expect(desk.get_by_role("button", name="Take back")).to_be_hidden()
    expect(desk.get_by_text("It can no longer be changed.")).to_be_visible()
    panel = desk.get_by_role("region", name="Computer suggestions (criteria model)")
    expect(panel.locator(".suggested")).to_contain_text("QRS 154 ms")
    expect(panel.locator(".comparisons")).to_contain_text("not checked by the model")


# -- The revision ---------------------------------------------------------------------------------


@pytest.fixture
def second_look(desk: Page) -> Page:
    """Ana's desk after submitting hypertrophy, with the suggestions shown."""
    submit_hypertrophy(desk)
    expect(desk.get_by_role("link", name="Last submitted").last).to_be_visible()
    show_suggestions_of_last(desk)
    expect(desk.locator(".suggested")).to_contain_text("QRS 154 ms")
    return desk


def test_confirming_an_own_finding_needs_one_key_and_no_revision(desk: Page) -> None:
    for key in ["/", "l", "b", "b", "b", "Enter", "Control+Enter"]:
        desk.keyboard.press(key)
    expect(desk.get_by_role("link", name="Last submitted").last).to_be_visible()
    show_suggestions_of_last(desk)
    expect(desk.locator(".suggested")).to_contain_text("You found it too.")
    desk.keyboard.press("y")
    agreed = desk.get_by_role("button", name="Agree: Complete left bundle branch block")
    expect(agreed).to_have_attribute("aria-pressed", "true")
    expect(desk.get_by_text("Second reading", exact=True)).to_be_hidden()
    assert Confirmation.objects.get().diagnostic_class.code == LBBB
    assert not Reading.objects.filter(stage=Stage.REVISED).exists()
    desk.reload()
    expect(agreed).to_have_attribute("aria-pressed", "true")


def stored_revision() -> Reading:
    return Reading.objects.get(stage=Stage.REVISED)


def codes_of(reading: Reading) -> set[str]:
    return set(reading.findings.values_list("diagnostic_class__code", flat=True))


def send_revision(page: Page) -> None:
    """Choose the first reason and submit."""
    page.keyboard.press("q")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()
    expect(page.get_by_role("link", name="Last submitted").last).to_be_visible()


def test_evidence_is_on_the_sheet_and_reasons_below_until_the_submit_key(second_look: Page) -> None:
    expect(second_look.locator(".evidence-text")).to_have_text("QRS 154 ms")
    # One tick per beat: twelve leads of 2.5 s and one of 10 s, at more than one beat per second.
    assert second_look.locator(".evidence-ticks").count() > 20
    not_met = second_look.locator(".not-met")
    not_met.locator("summary").click()
    expect(not_met).to_contain_text("Heart rate")
    expect(not_met).to_contain_text("LBBB morphology")
    second_look.keyboard.press("Control+Enter")
    second_look.wait_for_url("**/worklist/")


def test_a_suggestion_is_accepted_with_one_key_and_a_reason(second_look: Page) -> None:
    second_look.keyboard.press("y")
    expect(second_look.get_by_text("Second reading", exact=True)).to_be_visible()
    expect(second_look.locator(".findings")).to_contain_text("left bundle")
    assert violations(second_look) == []
    send_revision(second_look)
    revision = stored_revision()
    assert (revision.reason, codes_of(revision)) == ("suggestion", {LVH, LBBB})
    assert [decision.verdict for decision in revision.decisions.all()] == ["accepted"]
    assert codes_of(Reading.objects.get(stage=Stage.BLIND)) == {LVH}


def test_a_revision_without_a_reason_is_not_sent(second_look: Page) -> None:
    second_look.keyboard.press("t")
    second_look.keyboard.press("Control+Enter")
    expect(second_look.get_by_text("Choose the reason for the change")).to_be_visible()
    reason = second_look.get_by_role("button", name="The suggestion")
    expect(reason).to_be_focused()
    second_look.keyboard.press("Enter")
    expect(reason).to_have_attribute("aria-pressed", "true")
    expect(reason).to_be_focused()
    assert not Reading.objects.filter(stage=Stage.REVISED).exists()


def test_an_accepted_finding_can_be_discarded_or_removed(second_look: Page) -> None:
    second_look.keyboard.press("y")
    second_look.get_by_role("button", name="Discard second reading").click()
    expect(second_look.get_by_text("Second reading", exact=True)).to_be_hidden()
    expect(second_look.locator(".findings")).not_to_contain_text("left bundle")
    second_look.keyboard.press("y")
    expect(second_look.locator(".findings")).to_contain_text("left bundle")
    second_look.keyboard.press("Delete")
    expect(second_look.locator('.verdict-button[aria-pressed="true"]')).to_have_count(0)
    send_revision(second_look)
    assert not stored_revision().decisions.exists()


def test_a_second_reading_survives_a_reload(second_look: Page) -> None:
    second_look.keyboard.press("y")
    second_look.keyboard.press("q")
    second_look.reload()
    expect(second_look.locator(".findings")).to_contain_text("left bundle")
    expect(second_look.locator('.verdict-button[aria-pressed="true"]')).to_have_text("AcceptY")
    second_look.keyboard.press("Control+Enter")
    expect(second_look.get_by_text("You have finished your queue.")).to_be_visible()
    expect(second_look.get_by_role("link", name="Last submitted").last).to_be_visible()
    assert codes_of(stored_revision()) == {LVH, LBBB}


def test_a_revision_waits_for_the_network(second_look: Page, page_monitor: PageMonitor) -> None:
    page_monitor.expect("net::ERR_INTERNET_DISCONNECTED")
    second_look.keyboard.press("h")
    second_look.context.set_offline(True)
    second_look.keyboard.press("q")
    second_look.keyboard.press("Control+Enter")
    expect(second_look.locator("[data-part=outbox]")).to_contain_text("1 to send")
    assert not Reading.objects.filter(stage=Stage.REVISED).exists()
    second_look.context.set_offline(False)
    expect(second_look.get_by_role("link", name="Last submitted").last).to_be_visible(
        timeout=15_000
    )
    assert stored_revision().decisions.get().verdict == "uncertain"


def test_a_revised_reading_is_shown_and_cannot_be_revised_again(second_look: Page) -> None:
    second_look.keyboard.press("y")
    send_revision(second_look)
    second_look.get_by_role("link", name="Last submitted").last.click()
    expect(second_look.get_by_text("You revised this reading")).to_be_visible()
    expect(second_look.get_by_text("you accepted it")).to_be_visible()
    second_look.keyboard.press("Shift+Y")
    expect(second_look.get_by_text("Second reading", exact=True)).to_be_hidden()


def test_the_viewing_time_is_stored(second_look: Page) -> None:
    second_look.wait_for_timeout(600)
    second_look.keyboard.press("y")
    second_look.goto(second_look.url.partition("/read/")[0] + "/worklist/")
    for _ in range(50):
        if Viewing.objects.exists():
            break
        second_look.wait_for_timeout(100)
    assert Viewing.objects.get().shown_ms >= 600


# -- Suggestions shown while reading -------------------------------------------------------------


def test_in_the_concurrent_arm_decisions_are_sent_with_the_reading(
    requested_urls: list[str],
    sign_in_as: SignIn,
    ana: User,
    davi: User,
    exam_with_left_bundle_branch_block: Exam,
    make_study: Callable[..., Study],
    now: datetime,
) -> None:
    study = make_study(name="Concurrent", suggestion_policy="concurrent")
    batches.create(
        study=study, name="Batch 1", exams=[exam_with_left_bundle_branch_block], readers=[ana],
        created_by=davi, now=now,
    )  # fmt: skip
    page = sign_in_as(ana)
    page.get_by_role("link", name="Start reading").click()
    expect(page.locator(".suggested")).to_contain_text("QRS 154 ms")
    page.keyboard.press("y")
    expect(page.locator(".findings")).to_contain_text("left bundle")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()
    expect(page.get_by_role("link", name="Last submitted").last).to_be_visible()
    reading = Reading.objects.get()
    assert (reading.stage, codes_of(reading)) == (Stage.BLIND, {LBBB})
    assert reading.decisions.get().verdict == "accepted"
