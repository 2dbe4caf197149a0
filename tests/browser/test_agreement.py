"""The agreement pages in a browser: plot, keyboard and accessibility."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Batch, Exam, User
from annotations.services.agreement import refresh
from tests.app.conftest import MakeBatch, Submit
from tests.browser.conftest import SignIn
from tests.browser.test_accessibility import violations_at
from tests.sizes import size

AF, LBBB = "atrial_fibrillation", "left_bundle_branch_block"


@pytest.fixture
def batch(
    ana: User,
    bruno: User,
    clara: User,
    make_batch: MakeBatch,
    make_exam: Callable[..., Exam],
    submit: Submit,
    close: Callable[[Batch], Batch],
    now: datetime,
) -> Batch:
    """A closed batch of three readers, who disagree on one exam and agree on the other."""
    read_batch = make_batch([make_exam(), make_exam()], [ana, bruno, clara])
    for reader, code in ((ana, LBBB), (bruno, AF), (clara, AF)):
        disputed, agreed = read_batch.assignments.filter(reader=reader).order_by("exam")
        submit(disputed, code)
        submit(agreed, AF)
    close(read_batch)
    while refresh.work_next(now=now + timedelta(hours=1)):
        pass
    return read_batch


@pytest.fixture
def page(sign_in_as: SignIn, live_server: LiveServer, davi: User, batch: Batch) -> Page:
    """The agreement page of the batch, opened by Davi."""
    opened = sign_in_as(davi)
    opened.goto(f"{live_server.url}/batches/{batch.pk}/agreement/")
    return opened


def test_the_pages_are_accessible(page: Page, live_server: LiveServer, batch: Batch) -> None:
    start = f"/batches/{batch.pk}/agreement/"
    exam = batch.assignments.order_by("exam")[0].exam
    pages = ("", "readers/", "pair/?first=1&second=2", "exams/", f"exams/{exam.code}/")
    variants = ("?measure=gwet_ac1", "?q=nothing", f"readers/?class={AF}",
                f"exams/?class={AF}&said=none")  # fmt: skip
    of_study = f"/studies/{batch.study.slug}/agreement/"
    paths = [start + part for part in pages]
    drilled = [*(start + part for part in variants), of_study]
    problems = violations_at(page, live_server.url, *paths, *size([], drilled))
    assert not problems, "\n".join(problems)


def test_plot_and_table_show_every_class_or_those_that_match_a_name(page: Page) -> None:
    rows = page.locator("forest-plot .forest-rows a")
    expect(rows).to_have_count(66)
    expect(page.locator("forest-plot .point").first).to_be_attached()
    page.get_by_label("Name").fill("atrial fib")
    expect(rows).to_have_count(1)
    expect(page.locator("tr[data-code]:visible")).to_have_count(1)
    page.get_by_label("Name").fill("")
    expect(page.locator("tr[data-code]:visible")).to_have_count(66)


def test_the_plot_is_one_tab_stop_with_arrow_keys_and_enter(page: Page) -> None:
    rows = page.locator("forest-plot .forest-rows a")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Tab")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    expect(page.locator(".forest-note")).to_contain_text("Positive agreement")
    page.keyboard.press("Tab")
    expect(page.locator("forest-plot a:focus")).to_have_count(0)
    page.locator("forest-plot .forest-rows a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Atrial fibrillation")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_without_scripts_the_table_has_the_numbers(
    sign_in_as: SignIn, live_server: LiveServer, davi: User, batch: Batch
) -> None:
    page = sign_in_as(davi, java_script_enabled=False)
    page.goto(f"{live_server.url}/batches/{batch.pk}/agreement/?q=AF")
    expect(page.locator("forest-plot")).to_be_hidden()
    expect(page.locator("tr[data-code=atrial_fibrillation]")).to_contain_text("Atrial fibrillation")


def test_keys_and_links_lead_from_the_pair_matrix_to_the_tracing(
    page: Page, live_server: LiveServer, batch: Batch
) -> None:
    page.get_by_role("link", name="Readers", exact=True).click()
    fields = page.locator("a[data-cell]")
    expect(fields).to_have_count(3)
    expect(fields.nth(1)).to_have_attribute("tabindex", "-1")  # set by the script, so it has loaded
    fields.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Bruno and Clara")).to_be_visible()

    start = f"{live_server.url}/batches/{batch.pk}/agreement"
    page.goto(f"{start}/pair/?first=1&second=2&class={LBBB}")
    page.locator(".two-by-two .is-other a").first.click()
    page.locator("tbody th a").first.click()
    expect(page.locator("ecg-viewer .plot.is-front .js-line").first).to_be_attached()
    expect(page.locator("tbody")).to_contain_text("readers disagree")
