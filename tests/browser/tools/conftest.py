"""A desk that notes what its tools tell."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from annotations.models import Exam, User
from tests.app.conftest import MakeBatch
from tests.browser.conftest import SignIn

NOTE = """() => {
  globalThis.told = [];
  const viewer = document.querySelector("ecg-viewer");
  for (const name of ["measurement", "localisation"]) {
    viewer.addEventListener(name, ({detail}) => globalThis.told.push([name, detail]));
  }
  document.addEventListener("tool", ({detail}) => globalThis.told.push(["tool", detail.name]));
}"""


@pytest.fixture
def desk(
    sign_in_as: SignIn,
    ana: User,
    make_batch: MakeBatch,
    real_exams: list[Exam],
) -> Page:
    """Ana's reading desk with two real ECGs, which notes what the tools tell."""
    batch = make_batch(real_exams[:2], [ana])
    first = batch.assignments.in_reading_order().first()
    assert first is not None
    page = sign_in_as(ana, f"/read/{first.pk}/", at_rest=True)
    expect(page.locator("[data-part=place]")).to_have_text("1 of 2")
    expect(page.locator("[data-part=tools]")).to_have_attribute("data-ready", "yes")
    page.evaluate(NOTE)
    return page
