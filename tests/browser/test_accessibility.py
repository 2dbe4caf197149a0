"""Accessibility of the pages in both themes and two window sizes, checked by axe-core.

`make test` checks all pages in the light theme and for horizontal scrolling on a phone. The dark
theme consists of other values of the same colors, so a few pages show whether they can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Batch, Exam, Study, User
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from tests.app.conftest import MakeBatch, Submit
from tests.browser.axe import COLORS, EVERYTHING, violations_now
from tests.browser.conftest import NewContext, PageMonitor, SignIn
from tests.sizes import size

WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
Look = tuple[str, dict[str, int], dict[str, Any] | None]
"""Theme, window size and options for axe-core; None checks only for horizontal scrolling."""

# Only rules about color can differ in the dark theme.
ALL_LOOKS: list[Look] = [
    (theme, viewport, rules)
    for viewport in (WIDE, PHONE)
    for theme, rules in (("light", EVERYTHING), ("dark", COLORS))
]
LIGHT, *_, DARK = ALL_LOOKS
LOOKS = size([LIGHT, ("light", PHONE, None)], ALL_LOOKS)
BOTH_THEMES = size([LIGHT, DARK], ALL_LOOKS)
LOOKS_OF_THE_SAME_PAGE = size(LOOKS[:1], ALL_LOOKS)
SHORTEN_DOCS = size(
    "document.querySelectorAll('article:nth-of-type(n + 3)').forEach(e => e.remove())", "null"
)
"""Leaves two operations of each subject: axe-core takes ten seconds for the whole page."""

NOT_FOUND_LOGGED = "the server responded with a status of 404"


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
    """A closed batch with results: the readers disagree on one exam and agree on the other."""
    batch = make_batch([make_exam(), make_exam()], [ana, bruno])
    for reader, code in ((ana, "left_bundle_branch_block"), (bruno, "atrial_fibrillation")):
        disputed, agreed = batch.assignments.filter(reader=reader).order_by("exam")
        submit(disputed, code)
        submit(agreed, "normal_ecg")
    close(batch)
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass
    return batch


def violations(page: Page, looks: Sequence[Look] = LOOKS) -> list[str]:
    """Return the axe-core violations of ``page`` and any horizontal scrolling, for each look."""
    problems = []
    for theme, viewport, rules in looks:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        look = f"{page.url} {theme} {viewport['width']} px"
        objections = [] if rules is None else violations_now(page, rules)
        problems += [f"{look}: {objection}" for objection in objections]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append(f"{look}: scrolls horizontally")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return problems


def violations_at(page: Page, base: str, *paths: str) -> list[str]:
    """Return the violations of all ``paths`` together, so a failing test lists every one."""
    problems = []
    for path in paths:
        page.goto(base + path)
        problems += violations(page)
    return problems


def test_the_public_pages_are_accessible(
    new_context: NewContext, live_server: LiveServer, taxonomy: object, page_monitor: PageMonitor
) -> None:
    page_monitor.expect(NOT_FOUND_LOGGED)
    page = new_context().new_page()
    page_monitor.watch(page)
    problems = violations_at(page, live_server.url, "/", "/sign-in/", "/taxonomy/", "/nowhere/")
    assert not problems, "\n".join(problems)


def test_the_readers_pages_are_accessible(
    sign_in_as: SignIn,
    live_server: LiveServer,
    ana: User,
    closed_batch: Batch,
    make_batch: MakeBatch,
    real_exams: list[Exam],
) -> None:
    batch = make_batch(real_exams, [ana], name="Batch to read")
    page = sign_in_as(ana)
    problems = violations(page, BOTH_THEMES)
    page.goto(f"{live_server.url}/api/docs/")
    page.evaluate(SHORTEN_DOCS)
    problems += violations(page)
    problems += violations_at(page, live_server.url, "/account/tokens/")

    page.goto(f"{live_server.url}/read/{batch.assignments.in_reading_order()[0].pk}/")
    expect(page.locator(".plot.is-front .trace").first).to_be_attached()
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    for key in ("1", "2", "i", "p", "Shift+O"):
        page.keyboard.press(key)
    expect(page.get_by_text("Lead off: choose the leads")).to_be_visible()
    problems += violations(page, BOTH_THEMES)
    page.keyboard.press("e")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("tree")).to_be_visible()
    problems += violations(page, LOOKS_OF_THE_SAME_PAGE)
    page.keyboard.press("Escape")
    expect(page.get_by_role("tree")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Add a finding")).to_be_focused()
    page.keyboard.type("bl")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    problems += violations(page, LOOKS_OF_THE_SAME_PAGE)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    problems += violations(page, LOOKS_OF_THE_SAME_PAGE)
    assert not problems, "\n".join(problems)


def test_the_coordinators_pages_are_accessible(
    sign_in_as: SignIn,
    live_server: LiveServer,
    davi: User,
    clara: User,
    study: Study,
    closed_batch: Batch,
    make_batch: MakeBatch,
    real_exams: list[Exam],
) -> None:
    open_batch = make_batch(real_exams, name="Batch to read")
    page = sign_in_as(davi)
    problems = violations_at(
        page,
        live_server.url,
        "/studies/",
        "/studies/new/",
        f"/studies/{study.slug}/",
        f"/batches/{open_batch.pk}/",
        f"/batches/{closed_batch.pk}/",
        f"/studies/{study.slug}/consensus/",
        f"/studies/{study.slug}/export/",
        "/datasets/",
        f"/datasets/{real_exams[0].dataset_id}/",
        f"/studies/{study.slug}/batches/new/",
    )
    page.get_by_label("Name").fill("Another batch")
    page.get_by_label("Data set").select_option(label="PTB-XL")
    page.get_by_text("Exclude exams").uncheck()
    page.get_by_label("Ana").check()
    page.get_by_role("button", name="Show summary").click()
    expect(page.get_by_role("button", name="Open batch")).to_be_visible()
    problems += violations(page)
    assert not problems, "\n".join(problems)


def test_form_errors_are_accessible(
    sign_in_as: SignIn, live_server: LiveServer, davi: User, study: Study, page_monitor: PageMonitor
) -> None:
    page_monitor.expect("the server responded with a status of 400")
    page = sign_in_as(davi)
    page.goto(f"{live_server.url}/studies/new/")
    page.get_by_role("button", name="Create study").click()
    expect(page.get_by_role("alert")).to_be_visible()
    problems = violations(page, BOTH_THEMES)
    assert not problems, "\n".join(problems)
