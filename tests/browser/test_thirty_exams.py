"""Reading thirty real exams takes no more key presses than protocol.md allows."""

from __future__ import annotations

import ast
import csv
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from annotations.models import Assignment, Exam, Reading, User
from annotations.services.imports import recordings
from tests.app.conftest import MakeBatch
from tests.browser.conftest import REAL_RECORDS, SignIn
from tests.browser.test_desk import SUBMIT, expect_exam, labels, press

pytestmark = pytest.mark.drill

N_EXAMS = 30
MAX_FOR_NORMAL = 3
MAX_FOR_ONE_FINDING = 6

KEYS: dict[str, tuple[str, str]] = {
    "NORM": ("normal_ecg", "n"),
    "AFIB": ("atrial_fibrillation", "6"),
    "AFLT": ("atrial_flutter", "/afl"),
    "PACE": ("pacemaker_rhythm", "/p"),
    "WPW": ("ventricular_preexcitation", "/wp"),
    "CLBBB": ("left_bundle_branch_block", "5"),
    "CRBBB": ("right_bundle_branch_block", "7"),
    "1AVB": ("first_degree_av_block", "8"),
    "LVH": ("left_ventricular_hypertrophy", "3"),
    "LAFB": ("left_anterior_fascicular_block", "/laf"),
    "LPFB": ("left_posterior_fascicular_block", "/lp"),
    "IRBBB": ("incomplete_right_bundle_branch_block", "/ir"),
    "ILBBB": ("incomplete_left_bundle_branch_block", "/il"),
    "IVCD": ("nonspecific_intraventricular_conduction_delay", "/iv"),
    "IMI": ("electrically_inactive_area", "/ei"),
    "ASMI": ("electrically_inactive_area", "/ei"),
    "ILMI": ("electrically_inactive_area", "/ei"),
    "INJAS": ("st_elevation", "/ste"),
    "ISCIL": ("ischemic_t_wave_inversion", "/ti"),
    "ISCAL": ("ischemic_t_wave_inversion", "/ti"),
    "NST_": ("nonspecific_st_t_abnormality", "1"),
    "NDT": ("nonspecific_st_t_abnormality", "1"),
}
"""By PTB-XL statement: class code and keys to type; ``/`` opens the finder."""


@pytest.fixture
def records(shared_data: Path) -> dict[str, str]:
    """The recordings to read: record name to its first PTB-XL statement that is in ``KEYS``."""
    statements: dict[str, str] = {}
    with (shared_data / "ptbxl" / "ptbxl_database.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            ptbxl_statement = ast.literal_eval(row["scp_codes"])
            names = [statement for statement in KEYS if statement in ptbxl_statement]
            if row["filename_hr"].startswith(REAL_RECORDS.removeprefix("ptbxl/")) and names:
                statements[Path(row["filename_hr"]).name] = names[0]
    return dict(sorted(statements.items())[:N_EXAMS])


@pytest.fixture
def exams(records: dict[str, str], shared_data: Path, tmp_path: Path, now: datetime) -> list[Exam]:
    """The exams of ``records``, loaded through the import service."""
    for name in records:
        for file in (shared_data / REAL_RECORDS).glob(f"{name}.*"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    run = recordings.import_path(path=tmp_path, dataset_name="PTB-XL", started_by=None, now=now)
    return list(run.dataset.exams.all())


def statement(assignment: Assignment, records: dict[str, str]) -> str:
    """Return the PTB-XL statement of the exam."""
    return records[Path(assignment.exam.source_key).stem]


def type_and_submit(page: Page, keys: str) -> int:
    """Type ``keys`` and submit; return the number of key presses."""
    chosen = [*keys, "Enter"] if keys.startswith("/") else [*keys]
    return press(page, *chosen, SUBMIT)


def test_thirty_real_exams_need_few_keys(
    sign_in_as: SignIn,
    ana: User,
    make_batch: MakeBatch,
    exams: list[Exam],
    records: dict[str, str],
    live_server: LiveServer,
) -> None:
    queue = list(make_batch(exams, [ana]).assignments.in_reading_order())
    assert len(queue) == N_EXAMS
    page = sign_in_as(ana)
    page.goto(f"{live_server.url}/read/{queue[0].pk}/")
    expect(page.locator("[data-part=place]")).to_have_text(f"1 of {N_EXAMS}")
    for assignment in queue:
        expect_exam(page, assignment)
        ptbxl_statement = statement(assignment, records)
        max_keys = MAX_FOR_NORMAL if ptbxl_statement == "NORM" else MAX_FOR_ONE_FINDING
        assert type_and_submit(page, KEYS[ptbxl_statement][1]) <= max_keys
    expect(page.get_by_text("You have finished your queue. Thank you.")).to_be_visible()
    expect(page.get_by_text("Your last readings are still being sent")).to_be_hidden()
    read = {reading.assignment_id: labels(reading) for reading in Reading.objects.all()}
    assert read == {row.pk: {KEYS[statement(row, records)][0]} for row in queue}
