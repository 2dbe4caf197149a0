"""Rows of the downloadable tables. Each measure has its interval, n, reason and method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotations.views.agreement import certainty as agreement_certainty
from annotations.views.agreement.certainty_table import CERTAINTY_MEASURES
from annotations.views.agreement.certainty_table import PAIR_MEASURES as MEASURED
from annotations.views.agreement.numbers import MEASURES, PAIR_MEASURES
from annotations.views.agreement.page import AgreementPage
from annotations.views.agreement.pair_matrix import FIELDS
from annotations.views.agreement.subjects import groups as whole_groups
from ecgreview.agreement.reports.measured import UNITS
from ecgreview.spreadsheets import formula_safe

PARTS = ("estimate", "low", "high", "n", "reason", "method")
COUNTS = ("n_exams", "n_positive_any", "n_positive_all", "n_not_assessable")
LEVELS = ("n_exams", "n_both", "n_possible", "n_probable", "n_definite")
CELLS = tuple(name for names in FIELDS for name in names)

Line = Mapping[str, Any]
Rows = Iterator[Sequence[object]]


def classes(dashboard: AgreementPage) -> Rows:
    """Yield a row for each class, after a header row."""
    yield ["class", "abbreviation", "name", "group", *_columns(MEASURES, COUNTS), *_ranges()]
    for line in dashboard.results["classes"]:
        of = dashboard.classes[line["class"]]
        head = [of.code, formula_safe(of.abbreviation), formula_safe(of.name), of.group.code]
        yield [*head, *_numbers(line)]


def groups(dashboard: AgreementPage, lines: Sequence[Line]) -> Rows:
    """Yield a row for each group of classes, after a header row."""
    yield ["group", "name", "classes", *_columns(MEASURES, COUNTS), *_ranges()]
    subjects = whole_groups(dashboard.results, dashboard.classes)
    for line in lines:
        of = subjects[line["class"]]
        yield [of.code, formula_safe(of.name), " ".join(line["members"]), *_numbers(line)]


def pairs(lines: Sequence[Line]) -> Rows:
    """Yield a row for each pair of readers and class, after a header row."""
    kinds = ["first_kind", "second_kind"]
    yield ["first", "second", "class", *_columns(PAIR_MEASURES, CELLS), *kinds]
    for line in lines:
        yield [
            *(formula_safe(name) for name in line["readers"]),
            line["class"],
            *(line[cell] for cell in CELLS),
            *_parts(line, PAIR_MEASURES),
            *line["kinds"],
        ]


ERRORS = ("n_exams", "n", "both_right", "first_right", "second_right", "both_wrong",
          "exact_p", "holm_p", "chi2", "p", "undefined")  # fmt: skip


def errors(lines: Sequence[Line]) -> Rows:
    """Yield McNemar's test for each pair of readers, reference and class, after a header row."""
    yield ["first", "second", "first_kind", "second_kind", "against", "reference", "class",
           *ERRORS, "cautions"]  # fmt: skip
    for line in lines:
        yield [
            *(formula_safe(name) for name in line["readers"]),
            *line["kinds"],
            line["against"],
            formula_safe(line["reference"]),
            line["class"],
            *(line[name] for name in ERRORS),
            " ".join(line["cautions"]),
        ]


def certainty(dashboard: AgreementPage, part: Line) -> Rows:
    """Yield a row of certainty counts and coefficients for each class, after a header row."""
    yield ["class", "abbreviation", "name", *_columns(CERTAINTY_MEASURES, LEVELS)]
    for line in part["classes"]:
        of = dashboard.classes[line["class"]]
        yield [
            of.code,
            formula_safe(of.abbreviation),
            formula_safe(of.name),
            *(line[count] for count in LEVELS),
            *_parts(line, CERTAINTY_MEASURES),
        ]


def measured(dashboard: AgreementPage, lines: Sequence[Line]) -> Rows:
    """Yield a row per class, measurement and pair, and one for all readers together.

    Pairs have Lin's coefficient and limits of agreement; all readers together have two ICCs.
    """
    yield ["class", "kind", "unit", "readers", "exams", "deviation",
           *_columns((*MEASURED, "icc_agreement", "icc_consistency"))]  # fmt: skip
    nothing = [""] * len(PARTS)
    for line in lines:
        head = [line["class"], line["kind"], UNITS.get(line["kind"], "")]
        icc = line["icc"]
        yield [
            *head, _readers(dashboard, icc["readers"]), icc["agreement"]["n"], "",
            *nothing * len(MEASURED), *_parts(icc, ("agreement", "consistency")),
        ]  # fmt: skip
        for pair in line["pairs"]:
            readers = _readers(dashboard, pair["readers"])
            own = _parts(pair, MEASURED)
            yield [*head, readers, pair["n"], pair["deviation"], *own, *nothing * 2]


def points(dashboard: AgreementPage, line: Line, pair: Line) -> Rows:
    """Yield a row for each exam that both readers of a pair measured. Exams are not identified."""
    yield ["class", "kind", "unit", "first", "second", "first_value", "second_value"]
    unit, names = UNITS.get(line["kind"], ""), _names(dashboard, pair["readers"])
    for values in agreement_certainty.points(line, pair):
        yield [line["class"], line["kind"], unit, *map(formula_safe, names), *values]


def _columns(measures: Sequence[str] | Mapping[str, Any], counts: Sequence[str] = ()) -> list[str]:
    return [*counts, *(f"{name}_{part}" for name in measures for part in PARTS)]


def _ranges() -> list[str]:
    return [f"{name}_without_one_{end}" for name in MEASURES for end in ("low", "high")]


def _numbers(line: Line) -> list[object]:
    without = line.get("without_one_reader", {})
    return [
        *(line[count] for count in COUNTS),
        *_parts(line, MEASURES),
        *(end for name in MEASURES for end in without.get(name) or ("", "")),
    ]


def _parts(line: Line, measures: Sequence[str] | Mapping[str, Any]) -> list[object]:
    return [line[name][part] for name in measures for part in PARTS]


def _readers(dashboard: AgreementPage, places: Sequence[int]) -> str:
    return formula_safe(" / ".join(_names(dashboard, places)))


def _names(dashboard: AgreementPage, places: Sequence[int]) -> list[str]:
    readers = dashboard.results["readers"]
    return [dashboard.names[readers[place]] for place in places]
