"""An imported study (readings without tracings) with its results."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path

from django.core.management import call_command

from annotations.models import Study
from annotations.services.agreement import refresh
from annotations.services.consensus import labels
from tests.app import published


def import_study(folder: Path, now: datetime) -> Study:
    """Import two readers of twelve exams and compute agreement and consensus."""
    first, second = (votes[24:36] for votes in published.pair())
    written = published.write(
        folder / "published", {"cardiologist1": first, "cardiologist2": second}
    )
    call_command("import_readings", "--format", "codetest", "--study", "Published",
                 str(written), stdout=io.StringIO())  # fmt: skip
    while refresh.refresh_next(now=now):
        pass
    while labels.refresh_next(now=now):
        pass
    return Study.objects.get(slug="published")
