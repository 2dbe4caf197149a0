"""``manage.py agreement STUDY``: the agreement between the readers of a study."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotations.management import agreement_levels as levels
from annotations.management import lookups, paired_error_lines, pipes
from annotations.models import OF_STUDIES, AgreementReport, Batch, Study, User
from annotations.services import audit
from annotations.services.agreement import refresh as service
from annotations.services.agreement import versions
from ecgreview.agreement.reports.measured import without_points

FORMATS = ("table", "json", "csv")
PARTS = ("estimate", "low", "high", "n", "reason", "method")


class Command(BaseCommand):
    help = (
        "Count new readings, then compute and print the agreement between readers. Each number has"
        " its 95% interval and number of exams or, if it is undefined, the reason. Individual"
        " readings are not printed. Do not show the output to anybody who still reads in the"
        " study."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="name of the study, or its slug")
        parser.add_argument("--batch", help="name of a batch, to use only its readings")
        parser.add_argument(
            "--format", choices=FORMATS, default="table", help="output format; default: table"
        )
        parser.add_argument(
            "--level",
            choices=levels.NAMES,
            help=(
                "pairs: each class and pair of readers; errors: the errors of each pair compared"
                " with a reference (McNemar's test); classes: each class, all readers together;"
                " groups: each group of classes; certainty: the certainty levels of each class;"
                " measurements: the measurements of each class; overall: all classes together;"
                " report: everything, as JSON. Default: classes in a table, otherwise pairs"
            ),
        )
        parser.add_argument(
            "--class",
            dest="codes",
            action="append",
            metavar="CODE",
            help="only this class or group; can be repeated",
        )

        parser.add_argument(
            "--reason", default="", help="reason for seeing agreement that the study still hides"
        )

    def handle(self, *, study: str, batch: str | None, **options: Any) -> None:
        study_row = lookups.study(study)
        report = _refreshed(study_row, batch)
        _refuse_hidden(report, options["reason"])
        with transaction.atomic():
            audit.record(
                actor=None,
                action=audit.Action.AGREEMENT_PRINTED,
                study=study_row,
                target=report,
                reason=options["reason"],
                now=timezone.now(),
            )
        names = _names(report)
        if options["level"] == "errors":
            with pipes.until_closed(self.stdout):
                paired_error_lines.write(self.stdout, report, names, options)
            return
        results = without_points(versions.named(report.coded_results, names))
        with pipes.until_closed(self.stdout):
            self._print(results, options)

    def _print(self, results: levels.Line, options: Mapping[str, Any]) -> None:
        form = options["format"]
        level = options["level"] or ("classes" if form == "table" else "pairs")
        if level == "report":
            self.stdout.write(json.dumps(results, indent=2))
            return
        lines = _lines(results, level, options["codes"] or [])
        if form == "json":
            self.stdout.write(json.dumps(lines, indent=2))
        elif form == "csv":
            _write_csv(self.stdout, lines)
        else:
            for row in levels.table(lines, level):
                self.stdout.write(row)


def _refreshed(study: Study, name: str | None) -> AgreementReport:
    now = timezone.now()
    if name is None:
        return service.refresh_study(study=study, now=now)
    batch = Batch.objects.filter(study=study, name=name).first()
    if batch is None:
        names = ", ".join(study.batches.order_by("pk").values_list("name", flat=True))
        raise CommandError(f"There is no batch {name!r}. Available: {names or 'none'}.")
    return service.refresh(batch=batch, now=now)


def _refuse_hidden(report: AgreementReport, reason: str) -> None:
    parts = Batch.objects.filter(study=report.study_id, purpose__in=OF_STUDIES)
    batches = Batch.objects.filter(pk=report.batch_id) if report.batch_id else parts
    opened = batches.with_open_agreement()
    if not reason and batches.exclude(pk__in=opened.values("pk")).exists():
        raise CommandError(
            "The study still hides this agreement to keep its readers blind. Wait until its batches"
            " are closed, or give a reason with --reason. The reason is recorded."
        )


def _names(report: AgreementReport) -> dict[str, str]:
    """Return the readers' names, with the user name where several readers share a name."""
    people = User.objects.filter(pk__in=[int(reader) for reader in report.coded_results["readers"]])
    names = {str(person.pk): str(person) for person in people}
    shared = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {
        str(person.pk): f"{person} ({person.username})" if str(person) in shared else str(person)
        for person in people
    }


def _lines(results: Mapping[str, Any], level: str, codes: Sequence[str]) -> list[levels.Line]:
    try:
        return levels.lines(results, level, codes)
    except levels.NoSuchClass as unknown:
        raise CommandError(str(unknown)) from None


def _write_csv(out: Any, lines: Iterable[levels.Line]) -> None:
    """Write a row for each line and statistic."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["readers", "class", "measure", *PARTS, "kinds"])
    for line in lines:
        about = line.get("class", line.get("average", ""))
        for name, value in levels.measures(line).items():
            names, kinds = " / ".join(line["readers"]), " / ".join(line.get("kinds", ()))
            writer.writerow([names, about, name, *(value[p] for p in PARTS), kinds])
