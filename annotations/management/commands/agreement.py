"""``manage.py agreement STUDY``: how far the readers of a study agree."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from annotations.management import lookups, pipes
from annotations.models import OF_STUDIES, AgreementReport, Batch, Study, User
from annotations.services import agreement as service
from annotations.services import agreement_reports, audit
from ecgreview import agreement

FORMATS = ("table", "json", "csv")
LEVELS = ("pairs", "classes", "overall", "report")
PARTS = ("estimate", "low", "high", "n", "reason", "method")
WHOLE = ("exact_set", "mean_jaccard", "jaccard_alpha", "masi_alpha")
SHOWN = ("positive_agreement", "light_kappa", "krippendorff_alpha", "gwet_ac1")
SHOWN_OF_PAIRS = ("positive_agreement", "cohen_kappa", "krippendorff_alpha", "gwet_ac1")

Line = Mapping[str, Any]


class Command(BaseCommand):
    """Print the agreement of a study or of one of its batches."""

    help = (
        "Count the readings that are new, compute how far the readers agree, and print it."
        " Every number comes with its 95 percent interval, the exams it is from and, where there"
        " is none, the reason. Readings of colleagues are not shown, but what is printed is not"
        " for anybody who still reads in the study."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("study", help="the study by its name, or as its address names it")
        parser.add_argument("--batch", help="name of a batch: its readings alone")
        parser.add_argument("--format", choices=FORMATS, default="table", help="table: for people")
        parser.add_argument(
            "--level",
            choices=LEVELS,
            help=(
                "pairs: each pair of readers and class; classes: all readers together; overall:"
                " all classes together; report: all that is stored, as JSON. By default pairs,"
                " in a table classes"
            ),
        )
        parser.add_argument(
            "--class", dest="codes", action="append", metavar="CODE", help="only this class; again"
        )

        parser.add_argument(
            "--reason", default="", help="why, while the study does not show its agreement yet"
        )

    def handle(self, *, study: str, batch: str | None, **options: Any) -> None:
        """Print the lines."""
        found = lookups.study(study)
        report = _refreshed(found, batch)
        _refuse_what_is_closed(report, options["reason"])
        with transaction.atomic():
            audit.record(
                actor=None,
                action=audit.Action.AGREEMENT_PRINTED,
                study=found,
                target=report,
                reason=options["reason"],
                now=timezone.now(),
            )
        told = agreement_reports.named(report.results, _names(report))
        with pipes.that_may_close(self.stdout):
            self._print(told, options)

    def _print(self, told: Line, options: Mapping[str, Any]) -> None:
        form = options["format"]
        level = options["level"] or ("classes" if form == "table" else "pairs")
        if level == "report":
            self.stdout.write(json.dumps(told, indent=2))
            return
        lines = _lines(told, level, _known(told, options["codes"] or []))
        if form == "json":
            self.stdout.write(json.dumps(lines, indent=2))
        elif form == "csv":
            _write_csv(self.stdout, lines)
        else:
            for row in _table(lines, level):
                self.stdout.write(row)


def _refreshed(study: Study, name: str | None) -> AgreementReport:
    now = timezone.now()
    if name is None:
        return service.refresh_study(study=study, now=now)
    batch = Batch.objects.filter(study=study, name=name).first()
    if batch is None:
        known = ", ".join(study.batches.order_by("pk").values_list("name", flat=True))
        raise CommandError(f"There is no batch {name!r}. There are: {known or 'none'}.")
    return service.refresh(batch=batch, now=now)


def _refuse_what_is_closed(report: AgreementReport, reason: str) -> None:
    parts = Batch.objects.filter(study=report.study_id, purpose__in=OF_STUDIES)
    batches = Batch.objects.filter(pk=report.batch_id) if report.batch_id else parts
    opened = batches.with_open_agreement()
    if not reason and batches.exclude(pk__in=opened.values("pk")).exists():
        raise CommandError(
            "The study does not show this agreement yet, to keep its readers blind. Wait until its"
            " batches are closed, or say why you need it now: --reason. That is recorded."
        )


def _names(report: AgreementReport) -> dict[str, str]:
    """Return the readers' names; who shares one with another is told by user name as well."""
    people = User.objects.filter(pk__in=[int(reader) for reader in report.results["readers"]])
    names = {str(person.pk): str(person) for person in people}
    shared = {name for name in names.values() if list(names.values()).count(name) > 1}
    return {
        str(person.pk): f"{person} ({person.username})" if str(person) in shared else str(person)
        for person in people
    }


def _known(told: Mapping[str, Any], codes: Sequence[str]) -> list[str]:
    known = [one["class"] for one in told["classes"]]
    if unknown := [code for code in codes if code not in known]:
        raise CommandError(f"There is no class {unknown[0]!r}. There are: {', '.join(known)}.")
    return list(codes) or known


def _lines(told: Mapping[str, Any], level: str, codes: Sequence[str]) -> list[Line]:
    if level == "pairs":
        return list(agreement.pair_lines(told, classes=codes))
    if level == "classes":
        by_code = {one["class"]: one for one in told["classes"]}
        return [{"readers": told["readers"], **by_code[code]} for code in codes]
    overall = told["overall"]
    whole = {key: overall[key] for key in WHOLE}
    return [
        {"readers": told["readers"], "average": "exams", **whole},
        *({"readers": told["readers"], "average": kind, **overall[kind]}
          for kind in ("macro", "micro")),
    ]  # fmt: skip


def _write_csv(out: Any, lines: Iterable[Line]) -> None:
    """Write a row for each measure of each line."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["readers", "class", "measure", *PARTS])
    for line in lines:
        about = line.get("class", line.get("average", ""))
        for name, value in _measures(line).items():
            writer.writerow([" / ".join(line["readers"]), about, name, *(value[p] for p in PARTS)])


def _measures(line: Line) -> dict[str, Mapping[str, Any]]:
    return {
        name: value for name, value in line.items() if isinstance(value, dict) and "low" in value
    }


def _table(lines: Sequence[Line], level: str) -> list[str]:
    """Return the lines as columns of text, each measure with its interval."""
    rows = list(_of_all(lines) if level == "overall" else _of_lines(lines, level))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _of_lines(lines: Sequence[Line], level: str) -> Iterator[list[str]]:
    is_pairs = level == "pairs"
    shown = SHOWN_OF_PAIRS if is_pairs else SHOWN
    yield [*(["readers"] if is_pairs else []), "class", "exams", "all / some gave it", *shown]
    for line in lines:
        readers = [" / ".join(line["readers"])] if is_pairs else []
        n_exams = str(line[shown[0]]["n"])
        numbers = (_number(line[name]) for name in shown)
        yield [*readers, line["class"], n_exams, _given(line), *numbers]


def _of_all(lines: Sequence[Line]) -> Iterator[list[str]]:
    yield ["average", "measure", "exams", "value"]
    for line in lines:
        for name, value in _measures(line).items():
            yield [line["average"], name, str(value["n"]), _number(value)]


def _given(line: Line) -> str:
    if "n11" in line:
        return f"{line['n11']} / {line['n11'] + line['n10'] + line['n01']}"
    return f"{line['n_positive_all']} / {line['n_positive_any']}"


def _number(value: Mapping[str, Any]) -> str:
    if value["estimate"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['estimate']:.3f}"
    return f"{value['estimate']:.3f} ({value['low']:.3f}-{value['high']:.3f})"
