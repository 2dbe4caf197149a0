"""``manage.py make_qualification STUDY FILE``: exams with reference answers, from a CSV file."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lists, lookups
from annotations.models import NO_DATA, Purpose
from annotations.sentences.refusals import message
from annotations.services.assignment import qualification
from annotations.services.refusals import Refusal


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
        references = lists.read_references(file)
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
