"""Certainty and measurements as lines of a page."""

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

KINDS: Mapping[str, Promise] = {"interval": _("Interval"), "amplitude": _("Amplitude")}
"""Of measurements."""

DECIMALS = {"ms": 1, "mV": 3}

CERTAINTY_MEASURES = ("same_certainty", "ordinal_alpha", "gwet_ac2")
PAIR_MEASURES = ("ccc", "bias", "lower", "upper")


@dataclass(frozen=True, slots=True)
class CertaintyLine:
    """How sure readers were of one class.

    Attributes:
        levels: how many readings said possible, probable, definite.
        caution: what is to be minded of the numbers, once.
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
    """What was measured for one class in one way, by all readers together.

    Attributes:
        at: its place among those of the report.
        readers: the names of those compared at once.
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
    """The same of two readers; differences are the first minus the second."""

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
    """Return the classes that somebody gave, those given most often first."""
    rows = [one for one in results["certainty"]["classes"] if _n_given(one)]
    rows.sort(key=lambda one: (-_n_given(one), classes[one["class"]].abbreviation.casefold()))
    return [_certainty_line(one, classes[one["class"]]) for one in rows]


def _certainty_line(one: Mapping[str, Any], of: DiagnosticClass) -> CertaintyLine:
    (same, alpha, ac2), caution = numbers.told_once(
        [
            number(one["same_certainty"], as_percent=True),
            number(one["ordinal_alpha"]),
            number(one["gwet_ac2"]),
        ]
    )
    levels = (one["n_possible"], one["n_probable"], one["n_definite"])
    return CertaintyLine(of, one["n_exams"], one["n_both"], levels, same, alpha, ac2, caution)


def _n_given(one: Mapping[str, Any]) -> int:
    return int(one["n_possible"] + one["n_probable"] + one["n_definite"])


def measured_lines(
    results: Mapping[str, Any],
    classes: Mapping[str, DiagnosticClass],
    names: Sequence[str],
    chosen: int,
) -> list[MeasuredLine]:
    """Return what was measured, in the order of the report.

    Args:
        results: of a report.
        classes: by code.
        names: of the readers, in the order of the report.
        chosen: the place of the line that is looked at.
    """
    return [
        MeasuredLine(
            at,
            classes[one["class"]],
            KINDS.get(one["kind"], one["kind"]),
            UNITS.get(one["kind"], ""),
            one["n_exams"],
            ", ".join(names[place] for place in one["icc"]["readers"]),
            number(one["icc"]["agreement"]),
            number(one["icc"]["consistency"]),
            at == chosen,
        )
        for at, one in enumerate(results["measured"])
    ]


def pair_lines(one: Mapping[str, Any], names: Sequence[str], chosen: int) -> list[PairLine]:
    """Return the pairs of readers of one class and kind, in the order of the report."""
    unit = UNITS.get(one["kind"], "")
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
        for at, pair in enumerate(one["pairs"])
    ]


def amount(found: Mapping[str, Any], unit: str) -> Number:
    """Return a measure in ms or mV as text."""
    plain = number(found)
    if not plain.is_defined:
        return plain
    interval = ""
    if plain.low is not None and plain.high is not None:
        ends = {"low": written(plain.low, unit), "high": written(plain.high, unit)}
        interval = gettext("%(low)s to %(high)s") % ends
    return replace(plain, text=written(plain.value, unit), interval=interval)


def written(value: float | None, unit: str) -> str:
    """Return a value with as many decimals as its unit deserves; a dash for none."""
    if value is None:
        return "–"
    n_decimals = DECIMALS.get(unit, 2)
    rounded = round(value, n_decimals) or 0.0  # no "-0.0"
    return number_format(rounded, n_decimals).replace("-", "\N{MINUS SIGN}")
