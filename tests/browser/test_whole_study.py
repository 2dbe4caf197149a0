"""A whole study through the pages: from creating it to exporting the consensus."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from annotations.models import AgreementReport, Assignment, Batch, Exam, User
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from annotations.services.export import jobs
from tests.browser.conftest import SignIn

# The keys of each answer. ``ANA`` and ``BRUNO`` list their answers by exam.
NORMAL = ["n"]
FIBRILLATION = ["/", "a", "f", "Enter"]
LEFT_BUNDLE = ["/", "l", "b", "b", "b", "Enter"]
BLOCK_AND_TACHYCARDIA = ["/", "1", "a", "v", "b", "Enter", "/", "s", "t", "Enter"]
UNREADABLE = ["u"]

ANA = [NORMAL, FIBRILLATION, LEFT_BUNDLE, BLOCK_AND_TACHYCARDIA, UNREADABLE]
BRUNO = [NORMAL, FIBRILLATION, FIBRILLATION, ["/", "s", "t", "Enter"], UNREADABLE]

EXPECTED = [
    ("agreement", "normal_ecg"),
    ("agreement", "atrial_fibrillation"),
    ("disputed", ""),
    ("disputed", "sinus_tachycardia"),
    ("unreadable", ""),
]


@pytest.fixture
def exams(make_exam: Callable[..., Exam]) -> list[Exam]:
    """Five exams, in the order of ``ANA`` and ``BRUNO``."""
    return [make_exam() for _ in EXPECTED]


def open_a_batch(page: Page, exams: list[Exam], readers: list[User]) -> Batch:
    """Create a study and open a batch of ``exams`` for ``readers``, through the pages."""

    page.get_by_role("link", name="Create the first study").first.click()
    page.get_by_label("Name").fill("Spring reading")
    page.get_by_role("button", name="Create study").click()
    page.get_by_role("link", name="Create the first batch").click()
    page.get_by_label("Name").fill("First batch")
    page.get_by_text("Choose by exam code instead").click()
    page.get_by_label("Or choose exams by code").fill(" ".join(exam.code for exam in exams))
    for reader in readers:
        page.get_by_label(reader.first_name).check()
    page.get_by_role("button", name="Show summary").click()
    expect(page.locator(".figures")).to_contain_text("10")
    page.get_by_role("button", name="Open batch").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("First batch")
    return Batch.objects.get(name="First batch")


def read_everything(page: Page, reader: User, exams: list[Exam], keys: list[list[str]]) -> None:
    """Read the queue of ``reader``, typing the keys of each exam."""
    queue = Assignment.objects.filter(reader=reader).in_reading_order()
    page.get_by_role("link", name="Start reading").click()
    for place, assignment in enumerate(queue, start=1):
        expect(page.locator("[data-part=code]")).to_have_text(assignment.code)
        expect(page.locator("[data-part=place]")).to_have_text(f"{place} of {len(queue)}")
        index = exams.index(assignment.exam)
        for key in keys[index]:
            page.keyboard.press(key)
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You have finished your queue.")).to_be_visible()
    expect(page.locator("[data-part=finished-sending]")).to_be_hidden()


def export_tables(page: Page, folder: Path, now: datetime) -> dict[str, list[dict[str, str]]]:
    """Request the archive of the study, download it and return its tables."""
    page.get_by_role("link", name="Download the tables …").click()
    page.get_by_role("button", name="Create the archive").click()
    expect(page.locator("[data-part=run]")).to_be_visible()
    while jobs.make_next(now=now):
        pass
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the archive").click()
    archive = folder / "export.zip"
    download.value.save_as(archive)
    tables = {}
    with zipfile.ZipFile(archive) as files:
        for name in files.namelist():
            if name.endswith(".csv"):
                text = io.StringIO(files.read(name).decode())
                tables[Path(name).stem] = list(csv.DictReader(text))
    return tables


def test_the_exported_consensus_matches_what_two_readers_entered(
    sign_in_as: SignIn,
    ana: User,
    bruno: User,
    davi: User,
    taxonomy: object,
    exams: list[Exam],
    now: datetime,
    tmp_path: Path,
) -> None:
    coordinator = sign_in_as(davi)
    batch = open_a_batch(coordinator, exams, [ana, bruno])

    read_everything(sign_in_as(ana), ana, exams, ANA)
    read_everything(sign_in_as(bruno), bruno, exams, BRUNO)

    coordinator.goto(coordinator.url.split("/batches/")[0] + f"/batches/{batch.pk}/")
    expect(coordinator.get_by_text("10 of 10 readings submitted")).to_be_visible()
    coordinator.get_by_text("Close …").click()
    coordinator.get_by_role("button", name="Close batch").click()
    expect(coordinator.get_by_text("Closed", exact=True)).to_be_visible()
    while refresh.refresh_next(now=now) or labels.refresh_next(now=now):
        pass

    coordinator.reload()
    coordinator.get_by_role("link", name="Consensus").click()
    tables = export_tables(coordinator, tmp_path, now)
    rows = {row["exam"]: row for row in tables["consensus"]}
    outcomes = [(rows[exam.code]["outcome"], rows[exam.code]["labels"]) for exam in exams]
    assert outcomes == EXPECTED
    assert AgreementReport.objects.filter(batch=batch).latest("number").n_readings == 10
    assert len(tables["readings_long"]) == 10 * 66
