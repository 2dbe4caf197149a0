"""``manage.py import_readings --format codetest --study NAME DIR``: readings made elsewhere."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.services import reading_imports, studies
from annotations.services.reading_imports import Imported
from annotations.tasks import compute_consensus, nudge, refresh_agreement
from ecgreview import readings
from ecgreview.readings import BadReadings

FORMATS = ("codetest",)


class Command(BaseCommand):
    """Import published readings into a study of their own, or say all that is wrong with them."""

    help = (
        "Import readings that were published, so that their readers can be compared. DIR holds a"
        " CSV file for each reader, named for them, such as cardiologist1.csv: the columns"
        f" {', '.join(readings.CLASSES)}, and a row of 0 and 1 for each exam, in the same order"
        " in all files. All is stored or, when anything is wrong, nothing; the same files again"
        " change nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("directory", type=Path, metavar="DIR", help="folder of CSV files")
        parser.add_argument("--format", choices=FORMATS, required=True, help="how they are written")
        parser.add_argument(
            "--study", required=True, help="name of the study, new or made by such an import"
        )
        parser.add_argument("--by", help="user name of whoever imports, for the audit trail")

    def handle(self, *, directory: Path, study: str, by: str | None, **options: Any) -> None:
        """Store the readings and say whose they are.

        Raises:
            CommandError: the files or the study cannot be used.
        """
        actor = lookups.people([by])[0] if by else None
        try:
            found = readings.read(directory)
            done = reading_imports.store(name=study, found=found, actor=actor, now=timezone.now())
        except BadReadings as refusal:
            raise CommandError(f"Nothing was imported.\n{refusal}") from refusal
        except tuple(WHY_NOT) as refusal:
            raise CommandError(WHY_NOT[type(refusal)].format(refusal)) from refusal
        nudge(refresh_agreement)
        nudge(compute_consensus)
        self._say(done, found.n_exams)

    def _say(self, done: Imported, n_exams: int) -> None:
        self.stdout.write(f"{done.study.name}: /studies/{done.study.slug}/")
        if done.new:
            self.stdout.write(f"{n_exams} exams read by {', '.join(done.new)}: imported.")
        if done.known:
            self.stdout.write(f"{', '.join(done.known)}: imported before, nothing changed.")


WHY_NOT: dict[type[Exception], str] = {
    reading_imports.NotAnImport: (
        "There is a study {}, and it was not made by such an import. Choose another name."
    ),
    reading_imports.OtherNumber: (
        "The exams of the study are {}: these are not the same. Choose another name."
    ),
    reading_imports.OtherName: (
        "{} differs only in case from a reader of the study. Rename the file."
    ),
    reading_imports.Differs: (
        "What is stored differs: {}. A stored reading never changes: give the file another name,"
        " or import it into another study."
    ),
    reading_imports.TooMany: "There are too many readings: {}. Import fewer readers.",
    studies.InvalidProtocol: "The study cannot be made: {}",
    studies.NotOpen: "The study is {}: nothing can be added to it any more.",
}
