"""``manage.py export_consensus STUDY DIR``: consensus, readings, classes and agreement as CSV."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.services.export import archive


class Command(BaseCommand):
    help = "Write consensus, readings, classes and agreement of a study's closed batches as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study, such as morning-list")
        parser.add_argument("directory", type=Path, help="output folder; created if missing")

    def handle(self, *, study: str, directory: Path, **options: Any) -> None:
        study_row = lookups.study(study)
        if not study_row.batches.closed().exists():
            raise CommandError("The study has no closed batch yet. Close one first.")
        try:
            written = archive.write(study=study_row, directory=directory, now=timezone.now())
        except OSError as error:
            raise CommandError(f"Cannot write to {directory}: {error.strerror}.") from error
        for path in written:
            self.stdout.write(str(path))
