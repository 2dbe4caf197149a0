"""An import whose process is killed with SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.db.models import Count

from annotations.models import Exam, ImportRun, SuggestionRun
from annotations.services.imports import recordings
from tests.domain.ecg import signals, wfdb_files
from tests.sizes import size

N_TRANSACTIONS = size(2, 3)
N_RECORDS = N_TRANSACTIONS * recordings.EXAMS_AT_ONCE
MAX_WAIT_S = 300
MANAGE = Path(__file__).resolve().parents[3] / "manage.py"


@pytest.fixture
def folder(tmp_path):
    """Enough records for some transactions of ``EXAMS_AT_ONCE`` exams."""
    for number in range(N_RECORDS):
        (tmp_path / str(number)).mkdir()
        wfdb_files.write(tmp_path / str(number), values=signals.heartbeats() + number)
    return tmp_path


@pytest.fixture
def import_process(folder):
    """``import_exams`` in a subprocess, connected to the database of this test."""
    url = urlsplit(os.environ["DATABASE_URL"])
    address = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), "import_exams", str(folder), "--dataset", "Ward 3"],
        env={**os.environ, "DATABASE_URL": address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()


@pytest.mark.django_db(transaction=True)
def test_the_next_import_completes_a_killed_one(import_process, folder, now):
    deadline = time.monotonic() + MAX_WAIT_S
    while not Exam.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    import_process.send_signal(signal.SIGKILL)
    import_process.wait()
    n_tracings = Exam.objects.annotate(n_tracings=Count("tracings")).values_list(
        "n_tracings", flat=True
    )
    assert 0 < len(n_tracings) < N_RECORDS
    assert set(n_tracings) == {1}
    assert ImportRun.objects.get(finished_at=None).n_imported == len(n_tracings)
    assert SuggestionRun.objects.count() == len(n_tracings)
    again = recordings.import_path(path=folder, dataset_name="Ward 3", started_by=None, now=now)
    assert (again.n_known, again.n_imported) == (len(n_tracings), N_RECORDS - len(n_tracings))
