"""The profile of a reader in the words and numbers of a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from annotations.models import DiagnosticClass
from annotations.sentences.reasons import sentence
from annotations.views.agreement import pooled_table
from annotations.views.agreement.charts import Axis, Chart, Series, with_intervals
from annotations.views.agreement.numbers import Number, number, share, told_once
from annotations.views.agreement.page import AgreementPage
from ecgreview import agreement
from ecgreview.agreement.accuracy import blocks
from ecgreview.agreement.accuracy.performance import ClassPerformance
from ecgreview.agreement.accuracy.reader_profiles import Block, Profile, Standing
from ecgreview.agreement.reports import pairs

CHARTED = 16
"""Of the classes met, so many are drawn: those of which most is known."""


@dataclass(frozen=True, slots=True)
class ClassLine:
    """How the reader called one class."""

    abbreviation: str
    name: str
    found: ClassPerformance
    sensitivity: Number
    specificity: Number
    precision: Number
    f1: Number


@dataclass(frozen=True, slots=True)
class StandingLine:
    """One of the readers of the scope."""

    name: str
    is_here: bool
    n_exams: int
    micro: Number
    macro: Number


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A stretch of time or of a sitting."""

    name: str
    n_readings: int
    n_compared: int
    micro: Number
    median: str
    quartiles: str


@dataclass(frozen=True, slots=True)
class SelfLine:
    """A class of exams that came to the reader twice."""

    abbreviation: str
    name: str
    n_both: int
    n_first: int
    n_second: int
    n_neither: int
    positive: Number
    kappa: Number


@dataclass(frozen=True, slots=True)
class LatentLine:
    """What the reader sees of a class, when nobody knows the truth."""

    abbreviation: str
    name: str
    sensitivity: Number
    specificity: Number
    caution: str


Classes = Mapping[str, DiagnosticClass]


def profile_context(
    profile: Profile, reader_id: str, found: AgreementPage, classes: Classes
) -> dict[str, object]:
    """Return what the page shows of ``profile``."""
    met = _class_lines(profile, classes)
    standings = _standing_lines(profile.others, reader_id, found.names)
    calendar = [_block_line(one, _period(one)) for one in profile.calendar]
    sitting = [_block_line(one, _stretch(one)) for one in profile.sitting]
    return {
        "micro": share(profile.found.micro_f1.to_json()),
        "macro": share(profile.found.macro_f1.to_json()),
        "n_met": profile.found.n_met,
        "met": met,
        "standings": standings,
        "calendar": calendar,
        "sitting": sitting,
        "charts": {
            "classes": _classes_chart(met[:CHARTED]),
            "standings": _standings_chart(standings),
            "calendar": _blocks_chart(
                profile.calendar,
                [f"{one.first_day:%d/%m}" for one in profile.calendar],
                _("From this day"),
            ),
            "sitting": _blocks_chart(
                profile.sitting, [line.name for line in sitting], _("Exam in the session")
            ),
        },
    }


def repeats(results: Mapping[str, Any], place: int, classes: Classes) -> dict[str, Any] | None:
    """Return how the reader at ``place``, from 0, agrees with themselves; None without repeats."""
    mine = [one for one in results["repeats"] if one["reader"] == place]
    if not mine:
        return None
    found = agreement.repeat_lines({**results, "repeats": mine})
    met = [one for one in found if one["n11"] + one["n10"] + one["n01"]]
    tables = np.array([_table(one) for one in found], dtype=np.float64)
    pooled = pairs.coefficients(tables.sum(axis=0)[None])
    (kappa,), (positive,) = (
        pooled[name].coefficients() for name in ("cohen_kappa", "positive_agreement")
    )
    return {
        "n_exams": max(int(table.sum()) for table in tables),
        "kappa": _plain(kappa.value, kappa.reason, as_percent=False),
        "positive": _plain(positive.value, positive.reason, as_percent=True),
        "lines": [_self_line(one, classes[one["class"]]) for one in met],
    }


def latent(results: Mapping[str, Any], place: int, classes: Classes) -> list[LatentLine]:
    """Return the reader's skill in the classes where it can be told without a reference."""
    found = []
    rows = zip(results["classes"], results.get("latent", {}).get("classes", []), strict=False)
    for one, fitted in rows:
        for line in fitted["readers"]:
            if line["reader"] == place:
                of = classes[one["class"]]
                found.append(_latent_line(line, of))
    return found


def _latent_line(line: Mapping[str, Any], of: DiagnosticClass) -> LatentLine:
    """Return a line that says once what is to be minded of both numbers."""
    skill = [share(line["sensitivity"]), share(line["specificity"])]
    (sensitivity, specificity), caution = told_once(skill)
    return LatentLine(of.abbreviation, of.local_name, sensitivity, specificity, caution)


def no_latent(results: Mapping[str, Any]) -> str:
    """Return why there is no skill without a reference, in a sentence.

    It is the reason of most classes; those that came up tell more than those that did not.
    """
    found = results.get("latent")
    if found is None:
        return _("Not available in this version.")
    if found["reason"]:
        return sentence(found["reason"])
    every = [one["prevalence"]["reason"] for one in found["classes"]]
    reasons = [one for one in every if one not in pooled_table.UNMET] or every
    return sentence(max(set(reasons), key=reasons.count)) if reasons else ""


def _plain(value: float | None, reason: str, *, as_percent: bool) -> Number:
    nothing = {"low": None, "high": None, "n": 0, "method": ""}
    return number({"estimate": value, "reason": reason, **nothing}, as_percent=as_percent)


def _table(one: Mapping[str, Any]) -> list[list[int]]:
    return [[one["n00"], one["n01"]], [one["n10"], one["n11"]]]


def _self_line(one: Mapping[str, Any], of: DiagnosticClass) -> SelfLine:
    return SelfLine(
        of.abbreviation, of.local_name, one["n11"], one["n10"], one["n01"], one["n00"],
        share(one["positive_agreement"]), number(one["cohen_kappa"]),
    )  # fmt: skip


def _class_lines(profile: Profile, classes: Classes) -> list[ClassLine]:
    """Return the classes of the reader's scope, those with most positives first."""
    rows = [
        (classes[code], one)
        for code, one in zip(profile.codes, profile.found.classes, strict=True)
        if one.is_met
    ]
    rows.sort(key=lambda row: (-row[1].f1.n, row[0].abbreviation))
    return [
        ClassLine(
            of.abbreviation,
            of.local_name,
            one,
            *(
                share(measure.to_json())
                for measure in (one.sensitivity, one.specificity, one.precision, one.f1)
            ),
        )
        for of, one in rows
    ]


def _standing_lines(
    others: Sequence[Standing], reader_id: str, names: Mapping[str, str]
) -> list[StandingLine]:
    return [
        StandingLine(
            names.get(str(one.reader_id), "?"),
            str(one.reader_id) == reader_id,
            one.n_exams,
            _plain(one.micro_f1, "", as_percent=True),
            _plain(one.macro_f1, "", as_percent=True),
        )
        for one in others
        if one.n_exams
    ]


def _block_line(one: Block, name: str) -> BlockLine:
    median = quartiles = ""
    if one.quartiles_ms:
        first, middle, third = (_seconds(ms) for ms in one.quartiles_ms)
        median, quartiles = middle, _("%(low)s to %(high)s") % {"low": first, "high": third}
    return BlockLine(
        name, one.n_readings, one.micro_f1.n, share(one.micro_f1.to_json()), median, quartiles
    )


def _seconds(ms: float) -> str:
    return f"{number_format(ms / 1000, 0)} s"


def _period(one: Block) -> str:
    if one.first_day is None or one.last_day is None or one.first_day == one.last_day:
        return _day(one.first_day)
    return f"{_day(one.first_day)} – {_day(one.last_day)}"


def _day(day: Any) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else ""


def _stretch(one: Block) -> str:
    first = one.number * blocks.PER_STRETCH + 1
    if one.number == blocks.N_STRETCHES - 1:
        return _("%(n)d and later") % {"n": first}
    return f"{first}–{first + blocks.PER_STRETCH - 1}"


def _classes_chart(met: Sequence[ClassLine]) -> Chart:
    names = [line.abbreviation for line in met]

    def points(name: str, look: str, of: str, shift: float) -> Series:
        rows = [
            (place + shift, getattr(line.found, of).to_json()) for place, line in enumerate(met)
        ]
        return with_intervals(name, look, rows, across=True)

    series = [
        points(_("Precision"), "other", "precision", 0.16),
        points(_("Sensitivity"), "main", "sensitivity", -0.16),
    ]
    return Chart(series, Axis("", is_share=True), Axis("", names=names), across=True)


def _standings_chart(standings: Sequence[StandingLine]) -> Chart:
    names = [_("Macro F1"), _("Micro F1")]

    def points(name: str, look: str, *, is_here: bool) -> Series:
        told = [
            (value.value, place)
            for line in standings
            if line.is_here == is_here
            for place, value in enumerate((line.macro, line.micro))
            if value.value is not None
        ]
        return Series(name, look, [x for x, _ in told], [y for _, y in told])

    series = [
        points(_("Other readers"), "faint", is_here=False),
        points(_("This reader"), "main", is_here=True),
    ]
    lowest = _below([float(x) for one in series for x in one.x])
    return Chart(series, Axis("", is_share=True, lowest=lowest), Axis("", names=names), across=True)


def _blocks_chart(found: Sequence[Block], names: Sequence[str], title: str) -> Chart:
    rows = [(place, one.micro_f1.to_json()) for place, one in enumerate(found)]
    lows = [one.micro_f1.low for one in found if one.micro_f1.low is not None]
    return Chart(
        [with_intervals(_("Micro F1"), "main", rows, across=False)],
        Axis(title, names=names),
        Axis(_("Micro F1"), is_share=True, lowest=_below(lows)),
    )


def _below(values: Sequence[float]) -> float:
    """Return where an axis of shares begins that shows these values from close by."""
    return max(0.0, math.floor(10 * min(values) - 0.5) / 10) if values else 0.0
