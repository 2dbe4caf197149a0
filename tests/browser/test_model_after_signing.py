"""What the criteria model says is asked for when the reading is signed, and not before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotations.models import Batch, Exam, User
from annotations.services import suggestions
from ecgreview.ecg import synth, wire

from .conftest import SignIn


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
    suggestions.request(exams=[exam], now=now)
    while suggestions.run_next(now=now):
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


def submit_fibrillation(page: Page) -> None:
    """Sign what the model never looks for."""
    for key in ["/", "a", "f", "Enter", "Control+Enter"]:
        page.keyboard.press(key)
    expect(page.get_by_text("That was the last one.")).to_be_visible()


def test_nothing_is_asked_before_the_reading_is_signed(ana_reads: Page, asked: list[str]) -> None:
    submit_fibrillation(ana_reads)
    expect(ana_reads.get_by_role("link", name="Last exam")).to_be_visible()
    assert [url for url in asked if url.endswith("/suggestions/")] == []


def test_the_way_back_to_the_last_exam_shows_the_suggestion(ana_reads: Page) -> None:
    submit_fibrillation(ana_reads)
    ana_reads.get_by_role("link", name="Last exam").click()
    panel = ana_reads.get_by_role("region", name="What the criteria model says")
    expect(panel.locator(".suggested")).to_contain_text("QRS 154 ms")
    expect(panel.locator(".standings")).to_contain_text("not assessed by the model")
