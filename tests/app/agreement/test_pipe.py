"""``manage.py agreement STUDY | head -1``: the command exits silently when the pipe closes."""

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


DRILL_FORMATS = [
    pytest.param(output_format, marks=pytest.mark.drill) for output_format in ("csv", "json")
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("output_format", ["table", *DRILL_FORMATS])
def test_a_closed_pipe_ends_the_command_without_an_error(
    make_batch, submit, close, study, output_format
):
    batch = make_batch()
    for assignment in batch.assignments.all():
        submit(assignment, "atrial_fibrillation")
    close(batch)
    url = urlsplit(os.environ["DATABASE_URL"])
    address = url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    process = subprocess.Popen(
        [sys.executable, str(MANAGE), "agreement", study.slug, "--format", output_format],
        env={**os.environ, "DATABASE_URL": address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr:
        errors = process.stderr.read()
    assert (process.wait(), errors) == (0, "")
    assert AgreementReport.objects.exists()
