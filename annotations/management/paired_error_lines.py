"""The output of ``manage.py agreement --level errors``: McNemar's tests for pairs of readers."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management import CommandError
from django.core.management.base import OutputWrapper

from annotations.models import AgreementReport
from annotations.sentences import paired_errors as text
from annotations.services.agreement import details
from ecgreview.agreement.accuracy import paired_errors
from ecgreview.agreement.accuracy.paired_errors import Caution, Missing, Undefined

COLUMNS = ("against", "reference", "class", "n", "both_right", "first_right", "second_right",
           "both_wrong", "exact_p", "holm_p", "chi2", "p", "undefined")  # fmt: skip
NUMBERS = ("n", "both_right", "first_right", "second_right", "both_wrong")
P_VALUES = ("exact_p", "holm_p", "p")


def write(
    out: OutputWrapper,
    report: AgreementReport,
    names: Mapping[str, str],
    options: Mapping[str, Any],
) -> None:
    """Write the tests of all pairs, references and classes of ``report``.

    Raises:
        CommandError: there are no tests (the message says why), or a class is unknown.
    """
    lines = _lines(report, names, options["codes"] or [])
    if options["format"] == "json":
        out.write(json.dumps(lines, indent=2))
    elif options["format"] == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["first", "second", "first_kind", "second_kind", *COLUMNS, "cautions"])
        for line in lines:
            values = (line[name] for name in COLUMNS)
            cautions = " ".join(line["cautions"])
            writer.writerow([*line["readers"], *line["kinds"], *values, cautions])
    else:
        for row in _table(lines):
            out.write(row)


def _lines(
    report: AgreementReport, names: Mapping[str, str], codes: Sequence[str]
) -> list[dict[str, Any]]:
    available = [row["class"] for row in report.coded_results["classes"]]
    if unknown := [code for code in codes if code not in available]:
        raise CommandError(f"There is no class {unknown[0]!r}. Available: {', '.join(available)}.")
    detail = details.all_errors_of(report)
    why = details.why_no_errors(report, detail)
    if detail is None or why is not None:
        raise CommandError(text.why_none(why or Missing.NOT_OPEN))
    readers = [int(reader) for reader in report.coded_results["readers"]]
    kinds = dict(zip(readers, report.coded_results.get("kinds", []), strict=False))
    names_by_id = {int(reader): name for reader, name in names.items()}
    lines = paired_errors.lines(detail.comparisons, names_by_id, kinds)
    return [line for line in lines if not codes or line["class"] in codes]


def _table(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    head = ["readers", "against", "class", "exams", "both right", "first only", "second only"]
    rows = [[*head, "both wrong", "exact p", "Holm", "chi-square", "p"]]
    for line in lines:
        readers = (
            name if kind == "person" else f"{name} ({kind})"
            for name, kind in zip(line["readers"], line["kinds"], strict=True)
        )
        exact, holm, p = (_p(line[name]) for name in P_VALUES)
        chi2 = "-" if line["chi2"] is None else f"{line['chi2']:.3f}"
        numbers = [str(line[name]) for name in NUMBERS]
        against = line["reference"] or line["against"]
        rows.append([" / ".join(readers), against, line["class"], *numbers, exact, holm, chi2, p])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [*table, *_remarks(lines)]


def _remarks(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    cautions = dict.fromkeys(
        f"{' / '.join(line['readers'])} against {line['reference'] or 'the consensus'}:"
        f" {text.caution(Caution(code), first=line['readers'][0], second=line['readers'][1])}"
        for line in lines
        for code in line["cautions"]
    )
    undefined = {line["undefined"] for line in lines if line["undefined"]}
    no_p = [f"No p: {text.why_no_test(Undefined(code))}" for code in sorted(undefined)]
    return [*cautions, *no_p, INDEPENDENT]


INDEPENDENT = (
    "McNemar's test assumes that exams are independent. Holm adjusts for the classes of a pair; the"
    " other p values are not adjusted."
)


def _p(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
