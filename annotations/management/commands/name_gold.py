"""``manage.py name_gold STUDY FILE``: exams with a known reference, hidden among the others."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from annotations.management import lists, lookups
from annotations.sentences.refusals import message
from annotations.services.assignment import gold_set
from annotations.services.refusals import Refusal


class Command(BaseCommand):
    help = (
        "Add exams to the gold set of a study, or replace their references. FILE is CSV in UTF-8"
        " with the columns exam,codes, as for make_qualification. The protocol's gold_fraction says"
        " which share of each reader's exams they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study")
        parser.add_argument("file", type=Path, help="CSV file with the columns exam,codes")
        parser.add_argument("--by", required=True, help="user name of the coordinator")

    def handle(self, *, study: str, file: Path, by: str, **options: Any) -> None:
        study_row = lookups.study(study)
        references = lists.read_references(file)
        (coordinator,) = lookups.people([by])
        try:
            n_gold = gold_set.name(
                study=study_row, references=references, actor=coordinator, now=timezone.now()
            )
        except Refusal as refusal:
            raise CommandError(message(refusal)) from refusal
        self.stdout.write(f"{study_row.name}: {len(references)} exams named, {n_gold} gold exams.")
