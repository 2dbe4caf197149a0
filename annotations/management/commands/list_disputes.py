"""``manage.py list_disputes STUDY``: exams and classes that deserve a second look."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from dataclasses import astuple
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotations.management import lookups
from annotations.services import audit
from annotations.services.consensus import disputes
from annotations.services.consensus.disputes import COLUMNS, Order


class Command(BaseCommand):
    help = (
        "List what deserves a second look in a study's closed batches, one row per exam and class: "
        "classes in dispute, models and references that contradict unanimous readers, and classes "
        "that a reader submitted although they contradict each other. Consensus that is due is "
        "computed first. Do not pass the list on to readers of the study."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="slug of the study, such as morning-list")
        parser.add_argument(
            "--format", choices=["csv", "json"], default="csv", help="csv (default) or json"
        )
        parser.add_argument(
            "--order", choices=[*Order], default=Order.ERRORS,
            help="exams with the most expected errors or the most disputed classes first",
        )  # fmt: skip

        parser.add_argument(
            "--reason", default="", help="reason for seeing results that the study still hides"
        )
        parser.add_argument(
            "--sample", type=float, default=0.0,
            help="also draw this share of the exams with unanimous readers at random, such as 0.05",
        )  # fmt: skip

    @transaction.atomic
    def handle(self, *, study: str, order: str, sample: float, **options: Any) -> None:
        if not 0 <= sample <= 1:
            raise CommandError("--sample is a share: enter a number from 0 to 1.")
        study_row, now, reason = lookups.study(study), timezone.now(), options["reason"]
        hidden = study_row.batches.closed().of_data()
        if not reason and hidden.exclude(pk__in=hidden.with_open_results().values("pk")).exists():
            raise CommandError(
                "The study still hides its results to keep its readers blind. Wait until it is"
                " locked, or give a reason with --reason. The reason is recorded."
            )
        cases = disputes.of_study(study_row, now=now, order=Order(order), sample=sample)
        audit.record(
            actor=None, action=audit.Action.DISPUTES_LISTED, study=study_row, target=study_row,
            reason=reason, now=now,
        )  # fmt: skip
        rows = [dict(zip(COLUMNS, astuple(case), strict=True)) for case in cases]
        if options["format"] == "json":
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        writer = csv.DictWriter(self.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
