"""What the criteria model says is asked for when the reading is signed, and not before."""

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
from tests.browser.conftest import SignIn, Witness
from tests.browser.test_accessibility import violations

LVH, LBBB = "left_ventricular_hypertrophy", "left_bundle_branch_block"


@pytest.fixture
def exam_with_left_bundle_branch_block(
    make_exam: Callable[..., Exam], taxonomy: object, now: datetime
) -> Exam:
    """An exam about which the model has something to say, and has said it."""
    exam = make_exam()
    rng = np.random.default_rng(4)
    signal = synth.synthesise("left_bundle_branch_block", rng).signal
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
def asked() -> list[str]:
    """Every address that Ana's browser asks for."""
    return []


@pytest.fixture
def ana_reads(
    asked: list[str],
    sign_in_as: SignIn,
    ana: User,
    exam_with_left_bundle_branch_block: Exam,
    make_batch: Callable[..., Batch],
) -> Page:
    """Ana, in front of that exam."""
    make_batch([exam_with_left_bundle_branch_block], [ana])
    page = sign_in_as(ana)
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link", name="Start reading").click()
    expect(page.locator("[data-part=place]")).to_have_text("1 of 1")
    return page


def submit_hypertrophy(page: Page) -> None:
    """Sign what the model never looks for."""
    for key in ["/", "l", "v", "h", "Enter", "Control+Enter"]:
        page.keyboard.press(key)
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()


def look_at_last(page: Page) -> None:
    """Go back to the last exam, and see what the model says of it."""
    page.keyboard.press("Shift+E")
    expect(page.get_by_role("button", name="See suggestions")).to_be_visible()
    page.keyboard.press("s")


def test_nothing_is_asked_before_the_reading_is_signed(ana_reads: Page, asked: list[str]) -> None:
    submit_hypertrophy(ana_reads)
    expect(ana_reads.get_by_role("link", name="Last exam")).to_be_visible()
    assert [url for url in asked if url.endswith("/suggestions/")] == []


def test_the_last_exam_can_be_looked_at_and_still_be_taken_back(
    ana_reads: Page, asked: list[str]
) -> None:
    submit_hypertrophy(ana_reads)
    ana_reads.get_by_role("link", name="Last exam").click()
    expect(ana_reads.get_by_text("You can take it back until")).to_be_visible()
    offer = ana_reads.get_by_role("button", name="See suggestions (ends correction)")
    expect(offer).to_be_visible()
    assert [url for url in asked if url.endswith("/suggestions/")] == []
    assert not Exposure.objects.exists()
    ana_reads.get_by_role("button", name="Take back").click()
    expect(ana_reads.get_by_text("You are correcting a submitted reading.")).to_be_visible()
    expect(offer).to_be_hidden()


def test_a_button_at_the_last_exam_shows_the_suggestion(ana_reads: Page) -> None:
    submit_hypertrophy(ana_reads)
    ana_reads.get_by_role("link", name="Last exam").click()
    ana_reads.get_by_role("button", name="See suggestions").click()
    expect(ana_reads.get_by_role("button", name="Take back")).to_be_hidden()
    expect(ana_reads.get_by_text("It can no longer be changed.")).to_be_visible()
    panel = ana_reads.get_by_role("region", name="Computer suggestions (criteria model)")
    expect(panel.locator(".suggested")).to_contain_text("QRS 154 ms")
    expect(panel.locator(".comparisons")).to_contain_text("not checked by the model")


# -- The second reading ---------------------------------------------------------------------------


@pytest.fixture
def ana_looks(ana_reads: Page) -> Page:
    """Ana, back at the exam that she signed as hypertrophy, with the model's word before her."""
    submit_hypertrophy(ana_reads)
    expect(ana_reads.get_by_role("link", name="Last exam").last).to_be_visible()
    look_at_last(ana_reads)
    expect(ana_reads.locator(".suggested")).to_contain_text("QRS 154 ms")
    return ana_reads


def test_agreeing_with_ones_own_finding_is_one_key_and_no_revision(ana_reads: Page) -> None:
    for key in ["/", "l", "b", "b", "b", "Enter", "Control+Enter"]:
        ana_reads.keyboard.press(key)
    expect(ana_reads.get_by_role("link", name="Last exam").last).to_be_visible()
    look_at_last(ana_reads)
    expect(ana_reads.locator(".suggested")).to_contain_text("You found it too.")
    ana_reads.keyboard.press("y")
    agreed = ana_reads.get_by_role("button", name="Agree: Complete left bundle branch block")
    expect(agreed).to_have_attribute("aria-pressed", "true")
    expect(ana_reads.get_by_text("Second reading", exact=True)).to_be_hidden()
    assert Confirmation.objects.get().diagnostic_class.code == LBBB
    assert not Reading.objects.filter(stage=Stage.REVISED).exists()
    ana_reads.reload()
    expect(agreed).to_have_attribute("aria-pressed", "true")


def test_what_is_checked_and_not_suggested_says_why(ana_looks: Page) -> None:
    not_met = ana_looks.locator(".not-met")
    not_met.locator("summary").click()
    expect(not_met).to_contain_text("Heart rate")
    expect(not_met).to_contain_text("LBBB morphology")


def revised() -> Reading:
    return Reading.objects.get(stage=Stage.REVISED)


def codes_of(reading: Reading) -> set[str]:
    return set(reading.findings.values_list("diagnostic_class__code", flat=True))


def send_revision(page: Page) -> None:
    """Give the first reason, and submit."""
    page.keyboard.press("q")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()
    expect(page.get_by_role("link", name="Last exam").last).to_be_visible()


def test_the_evidence_at_hand_is_drawn_on_the_sheet(ana_looks: Page) -> None:
    expect(ana_looks.locator(".evidence-text")).to_have_text("QRS 154 ms")
    # Twelve leads of two and a half seconds and one of ten, at more than a beat a second.
    assert ana_looks.locator(".evidence-ticks").count() > 20


def test_the_key_that_goes_on_leaves_an_exam_that_was_only_looked_at(ana_looks: Page) -> None:
    ana_looks.keyboard.press("Control+Enter")
    ana_looks.wait_for_url("**/worklist/")


def test_a_suggestion_is_accepted_by_one_key_and_revised_with_a_reason(ana_looks: Page) -> None:
    ana_looks.keyboard.press("y")
    expect(ana_looks.get_by_text("Second reading", exact=True)).to_be_visible()
    expect(ana_looks.locator(".findings")).to_contain_text("left bundle")
    send_revision(ana_looks)
    revision = revised()
    assert (revision.reason, codes_of(revision)) == ("suggestion", {LVH, LBBB})
    assert [one.verdict for one in revision.decisions.all()] == ["accepted"]
    assert codes_of(Reading.objects.get(stage=Stage.BLIND)) == {LVH}


def test_a_revision_without_a_reason_is_not_sent(ana_looks: Page) -> None:
    ana_looks.keyboard.press("t")
    ana_looks.keyboard.press("Control+Enter")
    expect(ana_looks.get_by_text("Choose the reason for the change")).to_be_visible()
    expect(ana_looks.get_by_role("button", name="The suggestion")).to_be_focused()
    assert not Reading.objects.filter(stage=Stage.REVISED).exists()


def test_a_reason_that_was_chosen_keeps_the_focus(ana_looks: Page) -> None:
    ana_looks.keyboard.press("t")
    ana_looks.keyboard.press("Control+Enter")
    reason = ana_looks.get_by_role("button", name="The suggestion")
    expect(reason).to_be_focused()
    ana_looks.keyboard.press("Enter")
    expect(reason).to_have_attribute("aria-pressed", "true")
    expect(reason).to_be_focused()


def test_who_removes_what_was_accepted_accepts_it_no_more(ana_looks: Page) -> None:
    ana_looks.keyboard.press("y")
    ana_looks.keyboard.press("Delete")
    expect(ana_looks.locator('.verdict-button[aria-pressed="true"]')).to_have_count(0)
    send_revision(ana_looks)
    assert not revised().decisions.exists()


def test_a_second_reading_survives_a_reload(ana_looks: Page) -> None:
    ana_looks.keyboard.press("y")
    ana_looks.keyboard.press("q")
    ana_looks.reload()
    expect(ana_looks.locator(".findings")).to_contain_text("left bundle")
    expect(ana_looks.locator('.verdict-button[aria-pressed="true"]')).to_have_text("AcceptY")
    ana_looks.keyboard.press("Control+Enter")
    expect(ana_looks.get_by_text("You have finished your queue.")).to_be_visible()
    expect(ana_looks.get_by_role("link", name="Last exam").last).to_be_visible()
    assert codes_of(revised()) == {LVH, LBBB}


def test_a_revision_waits_for_the_network(ana_looks: Page, witness: Witness) -> None:
    witness.expect("net::ERR_INTERNET_DISCONNECTED")
    ana_looks.keyboard.press("h")
    ana_looks.context.set_offline(True)
    ana_looks.keyboard.press("q")
    ana_looks.keyboard.press("Control+Enter")
    expect(ana_looks.locator("[data-part=outbox]")).to_contain_text("1 to send")
    assert not Reading.objects.filter(stage=Stage.REVISED).exists()
    ana_looks.context.set_offline(False)
    expect(ana_looks.get_by_role("link", name="Last exam").last).to_be_visible(timeout=15_000)
    assert revised().decisions.get().verdict == "uncertain"


def test_a_second_reading_that_is_left_leaves_nothing(ana_looks: Page) -> None:
    ana_looks.keyboard.press("y")
    ana_looks.get_by_role("button", name="Discard second reading").click()
    expect(ana_looks.get_by_text("Second reading", exact=True)).to_be_hidden()
    expect(ana_looks.locator(".findings")).not_to_contain_text("left bundle")


def test_what_was_revised_is_shown_and_not_revised_again(ana_looks: Page) -> None:
    ana_looks.keyboard.press("y")
    send_revision(ana_looks)
    ana_looks.get_by_role("link", name="Last exam").last.click()
    expect(ana_looks.get_by_text("You revised this reading")).to_be_visible()
    expect(ana_looks.get_by_text("you accepted it")).to_be_visible()
    ana_looks.keyboard.press("Shift+Y")
    expect(ana_looks.get_by_text("Second reading", exact=True)).to_be_hidden()


def test_how_long_it_was_looked_at_is_noted(ana_looks: Page) -> None:
    ana_looks.wait_for_timeout(600)
    ana_looks.keyboard.press("y")
    ana_looks.goto(ana_looks.url.partition("/read/")[0] + "/worklist/")
    for _ in range(50):
        if Viewing.objects.exists():
            break
        ana_looks.wait_for_timeout(100)
    assert Viewing.objects.get().shown_ms >= 600


def test_the_second_reading_is_accessible(ana_looks: Page) -> None:
    ana_looks.keyboard.press("y")
    expect(ana_looks.get_by_text("Second reading", exact=True)).to_be_visible()
    assert violations(ana_looks) == []


# -- Where the study shows it while reading -------------------------------------------------------


def test_where_suggestions_are_shown_while_reading_each_is_decided_on(
    asked: list[str],
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
    expect(page.get_by_role("link", name="Last exam").last).to_be_visible()
    reading = Reading.objects.get()
    assert (reading.stage, codes_of(reading)) == (Stage.BLIND, {LBBB})
    assert reading.decisions.get().verdict == "accepted"
