"""``manage.py make_qualification STUDY FILE``: exams with reference answers, from a CSV file."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lookups
from annotations.models import NO_DATA, Purpose
from annotations.sentences.refusals import message
from annotations.services.assignment import qualification
from annotations.services.refusals import Refusal

COLUMNS = ["exam", "codes"]


class Command(BaseCommand):
    help = (
        "Create a set of exams with reference answers and release it. FILE is CSV in UTF-8 with"
        " the columns exam,codes: an exam's code and the codes of its classes, separated by"
        " semicolons; an empty list is valid. Readers see the reference only after they have"
        " answered. These answers are never study data."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study")
        parser.add_argument("file", type=Path, help="CSV file with the columns exam,codes")
        parser.add_argument("--name", required=True, help="name of the batch, visible to readers")
        parser.add_argument(
            "--readers", required=True, help="user names of the readers, separated by commas"
        )
        parser.add_argument("--by", required=True, help="user name of the coordinator")
        parser.add_argument(
            "--purpose",
            choices=[purpose.value for purpose in NO_DATA],
            default=Purpose.QUALIFICATION.value,
            help="purpose of the set; default: qualification",
        )
        parser.add_argument("--due", type=date.fromisoformat, help="due date, such as 2026-05-31")

    def handle(
        self,
        *,
        study: str,
        file: Path,
        name: str,
        readers: str,
        by: str,
        purpose: str,
        due: date | None,
        **options: Any,
    ) -> None:
        study_row = lookups.study(study)
        references = read(file)
        (maker,) = lookups.people([by])
        try:
            batch = qualification.make(
                study=study_row,
                name=name,
                references=references,
                readers=lookups.people(
                    [part.strip() for part in readers.split(",") if part.strip()]
                ),
                created_by=maker,
                now=timezone.now(),
                purpose=purpose,
                due_on=due,
            )
        except Refusal as refusal:
            raise CommandError(message(refusal)) from refusal
        self.stdout.write(
            f"{batch}: {len(references)} exams for {batch.seats.count()} readers. Released."
        )


def read(file: Path) -> dict[str, list[str]]:
    """Return the reference codes of each exam in ``file``.

    Raises:
        CommandError: the file cannot be read, or a line is not valid.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.reader(opened))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error
    if not rows or [cell.strip() for cell in rows[0]] != COLUMNS:
        raise CommandError(f"{file}, line 1: the columns must be {','.join(COLUMNS)}.")
    reference: dict[str, list[str]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(COLUMNS) or not row[0].strip():
            raise CommandError(f"{file}, line {number}: write one exam and its codes per line.")
        exam = row[0].strip()
        if exam in reference:
            raise CommandError(f"{file}, line {number}: {exam} is listed twice.")
        reference[exam] = [code.strip() for code in row[1].split(";") if code.strip()]
    return reference
