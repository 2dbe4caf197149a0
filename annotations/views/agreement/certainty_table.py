"""Table rows for certainty and measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import DiagnosticClass
from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import Number, number
from ecgreview.agreement.reports.measured import UNITS

# Names of the kinds of measurement.
KINDS: Mapping[str, Promise] = {"interval": _("Interval"), "amplitude": _("Amplitude")}

DECIMALS = {"ms": 1, "mV": 3}

CERTAINTY_MEASURES = ("same_certainty", "ordinal_alpha", "gwet_ac2")
PAIR_MEASURES = ("ccc", "bias", "lower", "upper")


@dataclass(frozen=True, slots=True)
class CertaintyLine:
    """How certain readers were about one class.

    Attributes:
        levels: number of readings marked possible, probable and definite.
        caution: what to keep in mind about the numbers of this row.
    """

    of: DiagnosticClass
    n_exams: int
    n_both: int
    levels: tuple[int, int, int]
    same: Number
    alpha: Number
    ac2: Number
    caution: str


@dataclass(frozen=True, slots=True)
class MeasuredLine:
    """One measurement of one class, over all readers.

    Attributes:
        at: its index in the report.
        readers: names of the readers included in the ICC.
    """

    at: int
    of: DiagnosticClass
    kind: Promise | str
    unit: str
    n_exams: int
    readers: str
    agreement: Number
    consistency: Number
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class PairLine:
    """One pair of readers; differences are first minus second."""

    at: int
    first: str
    second: str
    n: int
    ccc: Number
    bias: Number
    deviation: str
    lower: Number
    upper: Number
    is_chosen: bool


def certainty_lines(
    results: Mapping[str, Any], classes: Mapping[str, DiagnosticClass]
) -> list[CertaintyLine]:
    """Return a row per class that was marked at least once, most frequently marked first."""
    rows = [row for row in results["certainty"]["classes"] if _n_marked(row)]
    rows.sort(key=lambda row: (-_n_marked(row), classes[row["class"]].abbreviation.casefold()))
    return [_certainty_line(row, classes[row["class"]]) for row in rows]


def _certainty_line(row: Mapping[str, Any], of: DiagnosticClass) -> CertaintyLine:
    (same, alpha, ac2), caution = numbers.separate_reasons(
        [
            number(row["same_certainty"], as_percent=True),
            number(row["ordinal_alpha"]),
            number(row["gwet_ac2"]),
        ]
    )
    levels = (row["n_possible"], row["n_probable"], row["n_definite"])
    return CertaintyLine(of, row["n_exams"], row["n_both"], levels, same, alpha, ac2, caution)


def _n_marked(row: Mapping[str, Any]) -> int:
    return int(row["n_possible"] + row["n_probable"] + row["n_definite"])


def measured_lines(
    results: Mapping[str, Any],
    classes: Mapping[str, DiagnosticClass],
    names: Sequence[str],
    chosen: int,
) -> list[MeasuredLine]:
    """Return a row per measurement, in the order of the report.

    Args:
        results: the results of a report.
        classes: the classes by code.
        names: reader names, in the order of the report.
        chosen: index of the selected measurement.
    """
    return [
        MeasuredLine(
            at,
            classes[measurement["class"]],
            KINDS.get(measurement["kind"], measurement["kind"]),
            UNITS.get(measurement["kind"], ""),
            measurement["n_exams"],
            ", ".join(names[place] for place in measurement["icc"]["readers"]),
            number(measurement["icc"]["agreement"]),
            number(measurement["icc"]["consistency"]),
            at == chosen,
        )
        for at, measurement in enumerate(results["measured"])
    ]


def pair_lines(measurement: Mapping[str, Any], names: Sequence[str], chosen: int) -> list[PairLine]:
    """Return a row per pair of readers of one measurement, in the order of the report."""
    unit = UNITS.get(measurement["kind"], "")
    return [
        PairLine(
            at,
            names[pair["readers"][0]],
            names[pair["readers"][1]],
            pair["n"],
            number(pair["ccc"]),
            amount(pair["bias"], unit),
            written(pair["deviation"], unit),
            amount(pair["lower"], unit),
            amount(pair["upper"], unit),
            at == chosen,
        )
        for at, pair in enumerate(measurement["pairs"])
    ]


def amount(measure: Mapping[str, Any], unit: str) -> Number:
    """Format a measure in ms or mV."""
    result = number(measure)
    if not result.is_defined:
        return result
    interval = ""
    if result.low is not None and result.high is not None:
        ends = {"low": written(result.low, unit), "high": written(result.high, unit)}
        interval = gettext("%(low)s to %(high)s") % ends
    return replace(result, text=written(result.value, unit), interval=interval)


def written(value: float | None, unit: str) -> str:
    """Format a value with the number of decimals of its unit, or a dash for None."""
    if value is None:
        return "–"
    n_decimals = DECIMALS.get(unit, 2)
    rounded = round(value, n_decimals) or 0.0  # no "-0.0"
    return number_format(rounded, n_decimals).replace("-", "\N{MINUS SIGN}")
