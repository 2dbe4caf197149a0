"""``manage.py agreement STUDY | head -1``: who has read enough closes the pipe, and that is all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from annotations.models import AgreementReport

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"


DRILLED = [pytest.param(form, marks=pytest.mark.drill) for form in ("csv", "json")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["table", *DRILLED])
def test_a_pipe_that_is_closed_ends_it_quietly(make_batch, submit, close, study, form):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "atrial_fibrillation")
    close(batch)
    url = urlsplit(os.environ["DATABASE_URL"])
    address = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), "agreement", study.slug, "--format", form],
        env={**os.environ, "DATABASE_URL": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        complaint = process.stderr.read()
    assert (process.wait(), complaint) == (0, "")
    assert AgreementReport.objects.exists()
