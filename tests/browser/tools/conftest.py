"""The desk for the tests of the tools. It records their events."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Exam, User
from tests.app.conftest import MakeBatch
from tests.browser.conftest import SignIn

RECORD_EVENTS = """() => {
  globalThis.toolEvents = [];
  const record = (name, detail) => globalThis.toolEvents.push([name, detail]);
  const viewer = document.querySelector("ecg-viewer");
  for (const name of ["measurement", "localization"]) {
    viewer.addEventListener(name, ({detail}) => record(name, detail));
  }
  document.addEventListener("tool", ({detail}) => record("tool", detail.name));
}"""


@pytest.fixture
def desk(
    sign_in_as: SignIn,
    ana: User,
    make_batch: MakeBatch,
    real_exams: list[Exam],
) -> Page:
    """Ana's desk with two real ECGs. Tool events are recorded in ``globalThis.toolEvents``."""
    batch = make_batch(real_exams[:2], [ana])
    first = batch.assignments.in_reading_order().first()
    assert first is not None
    page = sign_in_as(ana, f"/read/{first.pk}/", runs_idle_timers_at_once=True)
    expect(page.locator("[data-part=place]")).to_have_text("1 of 2")
    expect(page.locator("[data-part=tools]")).to_have_attribute("data-ready", "yes")
    page.evaluate(RECORD_EVENTS)
    return page
