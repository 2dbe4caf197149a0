"""``manage.py list_disputes STUDY``: classes of exams that the consensus leaves undecided."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from annotations.management import lookups
from annotations.services.consensus import disputes
from annotations.services.consensus.disputes import Dispute, Order

COLUMNS = (
    "exam", "dataset", "source_key", "class", "basis", "n_marked", "n_votes", "posterior",
    "n_disputed", "expected_errors",
)  # fmt: skip


class Command(BaseCommand):
    help = (
        "List the classes in dispute in a study's closed batches, one row per exam and class. "
        "Consensus that is due is computed first. Do not pass the list on to readers of the study."
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

    def handle(self, *, study: str, order: str, **options: Any) -> None:
        found = disputes.of_study(lookups.study(study), now=timezone.now(), order=Order(order))
        rows = [dict(zip(COLUMNS, _cells(dispute), strict=True)) for dispute in found]
        if options["format"] == "json":
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        writer = csv.DictWriter(self.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _cells(dispute: Dispute) -> tuple[object, ...]:
    return (
        dispute.exam, dispute.dataset, dispute.source_key, dispute.code, dispute.basis,
        dispute.n_marked, dispute.n_votes, dispute.posterior, dispute.n_disputed,
        dispute.expected_errors,
    )  # fmt: skip
