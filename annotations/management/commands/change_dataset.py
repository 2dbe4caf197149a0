"""``manage.py change_dataset NAME``: record license, citation and splits of a data set."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db.models import Count
from django.utils import timezone

from annotations.management import stated
from annotations.models import Dataset, Exam
from annotations.sentences.refusals import message
from annotations.services.exams import datasets
from ecgreview.strict_files import Unreadable
from ecgreview.strict_files.table import read_table

MAX_SPLIT = Exam._meta.get_field("official_split").max_length or 0

COLUMNS = ("exam", "split")
MAX_PROBLEMS = 20

# Of a table of splits; CODE-II has 2.7 million exams.
MAX_ROWS, MAX_BYTES = 3_000_000, 200_000_000


class Command(BaseCommand):
    help = (
        "State the license, the citation and the official splits of a data set, and whether data"
        " releases may contain the names of its exams. Without options, print what is stated."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="name of the data set")
        stated.add_arguments(parser)
        parser.add_argument(
            "--source-keys",
            choices=["yes", "no"],
            help="whether releases contain the names of exams instead of a keyed hash",
        )

        parser.add_argument(
            "--splits",
            type=Path,
            metavar="FILE",
            help="CSV file with the columns exam (its name in the data set) and split",
        )

    def handle(self, *, name: str, **options: Any) -> None:
        dataset = Dataset.objects.filter(name=name).first()
        if dataset is None:
            names = ", ".join(Dataset.objects.order_by("name").values_list("name", flat=True))
            raise CommandError(f"There is no data set {name!r}. Available: {names or 'none'}.")
        facts: dict[str, str | bool] = {**stated.facts(options)}
        if options["source_keys"]:
            facts["allows_source_keys"] = options["source_keys"] == "yes"
        if options["splits"]:
            self._set_splits(dataset, options["splits"])
        dataset = datasets.change(dataset=dataset, actor=None, now=timezone.now(), **facts)
        self.stdout.write(f"license: {dataset.licence or 'not stated'}")
        self.stdout.write(f"citation: {dataset.attribution or 'not stated'}")
        allowed = "yes" if dataset.allows_source_keys else "no"
        self.stdout.write(f"source keys in releases: {allowed}")
        counted = dataset.exams.exclude(official_split="").values_list("official_split")
        splits = ", ".join(f"{split} ({n})" for split, n in counted.annotate(n=Count("pk")))
        self.stdout.write(f"official splits: {splits or 'none'}")
        if hint := stated.hint(dataset):
            self.stderr.write(hint)

    def _set_splits(self, dataset: Dataset, file: Path) -> None:
        try:
            splits = _splits(file.read_bytes())
            n = datasets.set_splits(dataset=dataset, splits=splits, actor=None, now=timezone.now())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except Unreadable as error:
            raise CommandError("\n".join(map(str, error.problems))) from error
        except datasets.UnknownExamNames as refusal:
            raise CommandError(message(refusal)) from refusal
        self.stdout.write(f"split of {n} exams changed")


def _splits(source: bytes) -> dict[str, str]:
    """Return the split by exam from a table.

    Raises:
        Unreadable: with the lines of the mistakes.
    """
    table = read_table(
        source, known=COLUMNS, required=COLUMNS, max_rows=MAX_ROWS, max_bytes=MAX_BYTES
    )
    splits: dict[str, str] = {}
    problems = list(table.problems)
    for row in [] if problems else table.rows:
        exam, split = row.cells.get("exam", ""), row.cells.get("split", "")
        if not exam:
            problems.append(table.problem(row, "exam", "is empty"))
        elif exam in splits:
            problems.append(table.problem(row, "exam", f"{exam!r} has an earlier row"))
        if len(split) > MAX_SPLIT:
            problems.append(table.problem(row, "split", f"is longer than {MAX_SPLIT} characters"))
        splits[exam] = split
    if problems:
        raise Unreadable(*problems[:MAX_PROBLEMS])
    return splits
