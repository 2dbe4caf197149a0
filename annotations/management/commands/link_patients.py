"""``manage.py link_patients DATASET FILE``: record each exam's patient and relative day."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.models import Dataset
from annotations.sentences.refusals import message
from annotations.services.exams import previous_exams
from annotations.services.refusals import Refusal
from ecgreview.ecg import visits
from ecgreview.strict_files import Unreadable


class Command(BaseCommand):
    help = (
        "Record which exams of a data set belong to the same patient, and on which relative day"
        " each was recorded. FILE is CSV in UTF-8 with the columns source_key,patient,day: the"
        " exam's key in the data set, a pseudonym, and whole days since any fixed day of the"
        " patient, such as the first exam. No date is stored. Studies with prior_exam: shown let"
        " readers compare with the previous exam. If any line is wrong, nothing is stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dataset", help="name of the data set")
        parser.add_argument("file", type=Path, help="CSV file: source_key,patient,day")
        parser.add_argument("--by", help="user name, for the audit trail")

    def handle(self, *, dataset: str, file: Path, by: str | None, **options: Any) -> None:
        row = Dataset.objects.filter(name=dataset).first()
        if row is None:
            names = ", ".join(Dataset.objects.order_by("name").values_list("name", flat=True))
            raise CommandError(f"There is no data set {dataset}. Available: {names or 'none'}.")
        try:
            n_exams, n_with_previous = previous_exams.link(
                dataset=row,
                visits=visits.read_visits(file.read_bytes()),
                actor=lookups.people([by])[0] if by else None,
                now=timezone.now(),
            )
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except Unreadable as refusal:
            raise CommandError(_first(str(refusal).splitlines())) from refusal
        except Refusal as refusal:
            raise CommandError(message(refusal)) from refusal
        self.stdout.write(f"{n_exams} exams linked; {n_with_previous} have an earlier one.")


MAX_LINES = 20


def _first(lines: list[str]) -> str:
    more = len(lines) - MAX_LINES
    return "\n".join([*lines[:MAX_LINES], *([f"and {more} more."] if more > 0 else [])])
