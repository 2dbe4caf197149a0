"""The profile of a reader, formatted for pages."""

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
from annotations.views.agreement.numbers import Number, number, separate_reasons, share
from annotations.views.agreement.page import AgreementPage
from ecgreview import agreement
from ecgreview.agreement.accuracy import blocks
from ecgreview.agreement.accuracy.performance import ClassPerformance
from ecgreview.agreement.accuracy.reader_profiles import Block, Profile, Standing
from ecgreview.agreement.reports import pairs

# The chart shows at most this many classes, those with the most positives.
CHARTED = 16


@dataclass(frozen=True, slots=True)
class ClassLine:
    """The reader's performance in one class."""

    abbreviation: str
    name: str
    performance: ClassPerformance
    sensitivity: Number
    specificity: Number
    precision: Number
    f1: Number


@dataclass(frozen=True, slots=True)
class StandingLine:
    """F1 scores of one reader of the scope, for comparison."""

    name: str
    is_here: bool
    n_exams: int
    micro: Number
    macro: Number


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A calendar period, or a range of exams within a reading session."""

    name: str
    n_readings: int
    n_compared: int
    micro: Number
    median: str
    quartiles: str


@dataclass(frozen=True, slots=True)
class SelfLine:
    """Agreement of the reader with themselves in one class, from hidden repeats."""

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
    """Latent sensitivity and specificity of the reader in one class."""

    abbreviation: str
    name: str
    sensitivity: Number
    specificity: Number
    caution: str


Classes = Mapping[str, DiagnosticClass]


def profile_context(
    profile: Profile, reader_id: str, dashboard: AgreementPage, classes: Classes
) -> dict[str, object]:
    met = class_lines(profile, classes)
    standings = _standing_lines(profile.others, reader_id, dashboard.names)
    calendar = [_block_line(block, _period(block)) for block in profile.calendar]
    session = [_block_line(block, _stretch(block)) for block in profile.sitting]
    return {
        "micro": share(profile.found.micro_f1.to_json()),
        "macro": share(profile.found.macro_f1.to_json()),
        "n_met": profile.found.n_met,
        "met": met,
        "standings": standings,
        "calendar": calendar,
        "session": session,
        "charts": {
            "classes": _classes_chart(met[:CHARTED]),
            "standings": _standings_chart(standings),
            "calendar": _blocks_chart(
                profile.calendar,
                [f"{block.first_day:%d/%m}" for block in profile.calendar],
                _("First day of the period"),
            ),
            "session": _blocks_chart(
                profile.sitting, [line.name for line in session], _("Position in the session")
            ),
        },
    }


def repeats(results: Mapping[str, Any], place: int, classes: Classes) -> dict[str, Any] | None:
    """Return the self-agreement of the reader at index ``place``, or None without repeats."""
    own = [row for row in results["repeats"] if row["reader"] == place]
    if not own:
        return None
    lines = agreement.repeat_lines({**results, "repeats": own})
    met = [row for row in lines if row["n11"] + row["n10"] + row["n01"]]
    tables = np.array([_table(row) for row in lines], dtype=np.float64)
    pooled = pairs.coefficients(tables.sum(axis=0)[None])
    (kappa,), (positive,) = (
        pooled[name].coefficients() for name in ("cohen_kappa", "positive_agreement")
    )
    return {
        "n_exams": max(int(table.sum()) for table in tables),
        "kappa": _without_interval(kappa.value, kappa.reason, as_percent=False),
        "positive": _without_interval(positive.value, positive.reason, as_percent=True),
        "lines": [_self_line(row, classes[row["class"]]) for row in met],
    }


def latent(results: Mapping[str, Any], place: int, classes: Classes) -> list[LatentLine]:
    """Return the reader's latent sensitivity and specificity for each class that has them."""
    lines = []
    rows = zip(results["classes"], results.get("latent", {}).get("classes", []), strict=False)
    for row, fitted in rows:
        for line in fitted["readers"]:
            if line["reader"] == place:
                of = classes[row["class"]]
                lines.append(_latent_line(line, of))
    return lines


def _latent_line(line: Mapping[str, Any], of: DiagnosticClass) -> LatentLine:
    skill = [share(line["sensitivity"]), share(line["specificity"])]
    (sensitivity, specificity), caution = separate_reasons(skill)
    return LatentLine(of.abbreviation, of.local_name, sensitivity, specificity, caution)


def no_latent(results: Mapping[str, Any]) -> str:
    """Return why there are no latent estimates, as a sentence.

    This is the most frequent reason. Classes that were never compared, never marked or always
    marked are ignored if there are others. It is empty if most classes have estimates.
    """
    fit = results.get("latent")
    if fit is None:
        return _("Not available in this version.")
    if fit["reason"]:
        return sentence(fit["reason"])
    every = [fitted["prevalence"]["reason"] for fitted in fit["classes"]]
    reasons = [reason for reason in every if reason not in pooled_table.UNMET] or every
    return sentence(max(set(reasons), key=reasons.count)) if reasons else ""


def _without_interval(value: float | None, reason: str, *, as_percent: bool) -> Number:
    nothing = {"low": None, "high": None, "n": 0, "method": ""}
    return number({"estimate": value, "reason": reason, **nothing}, as_percent=as_percent)


def _table(row: Mapping[str, Any]) -> list[list[int]]:
    return [[row["n00"], row["n01"]], [row["n10"], row["n11"]]]


def _self_line(row: Mapping[str, Any], of: DiagnosticClass) -> SelfLine:
    return SelfLine(
        of.abbreviation, of.local_name, row["n11"], row["n10"], row["n01"], row["n00"],
        share(row["positive_agreement"]), number(row["cohen_kappa"]),
    )  # fmt: skip


def class_lines(profile: Profile, classes: Classes) -> list[ClassLine]:
    """Return the classes with a result, most positives first."""
    rows = [
        (classes[code], performance)
        for code, performance in zip(profile.codes, profile.found.classes, strict=True)
        if performance.is_in_scope
    ]
    rows.sort(key=lambda row: (-row[1].f1.n, row[0].abbreviation))
    return [
        ClassLine(
            of.abbreviation,
            of.local_name,
            performance,
            *(
                share(measure.to_json())
                for measure in (
                    performance.sensitivity,
                    performance.specificity,
                    performance.precision,
                    performance.f1,
                )
            ),
        )
        for of, performance in rows
    ]


def _standing_lines(
    others: Sequence[Standing], reader_id: str, names: Mapping[str, str]
) -> list[StandingLine]:
    return [
        StandingLine(
            names.get(str(standing.reader_id), "?"),
            str(standing.reader_id) == reader_id,
            standing.n_exams,
            _without_interval(standing.micro_f1, "", as_percent=True),
            _without_interval(standing.macro_f1, "", as_percent=True),
        )
        for standing in others
        if standing.n_exams
    ]


def _block_line(block: Block, name: str) -> BlockLine:
    median = quartiles = ""
    if block.quartiles_ms:
        first, middle, third = (_seconds(ms) for ms in block.quartiles_ms)
        median, quartiles = middle, _("%(low)s to %(high)s") % {"low": first, "high": third}
    return BlockLine(
        name, block.n_readings, block.micro_f1.n, share(block.micro_f1.to_json()), median, quartiles
    )


def _seconds(ms: float) -> str:
    return f"{number_format(ms / 1000, 0)} s"


def _period(block: Block) -> str:
    if block.first_day is None or block.last_day is None or block.first_day == block.last_day:
        return _day(block.first_day)
    return f"{_day(block.first_day)} – {_day(block.last_day)}"


def _day(day: Any) -> str:
    return date_format(day, "SHORT_DATE_FORMAT") if day else ""


def _stretch(block: Block) -> str:
    first = block.number * blocks.PER_STRETCH + 1
    if block.number == blocks.N_STRETCHES - 1:
        return _("%(n)d and later") % {"n": first}
    return f"{first}–{first + blocks.PER_STRETCH - 1}"


def _classes_chart(met: Sequence[ClassLine]) -> Chart:
    names = [line.abbreviation for line in met]

    def points(name: str, look: str, of: str, shift: float) -> Series:
        rows = [
            (place + shift, getattr(line.performance, of).to_json())
            for place, line in enumerate(met)
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
        values = [
            (value.value, place)
            for line in standings
            if line.is_here == is_here
            for place, value in enumerate((line.macro, line.micro))
            if value.value is not None
        ]
        return Series(name, look, [x for x, _ in values], [y for _, y in values])

    series = [
        points(_("Other readers"), "faint", is_here=False),
        points(_("This reader"), "main", is_here=True),
    ]
    lowest = _below([float(x) for points_of in series for x in points_of.x])
    return Chart(series, Axis("", is_share=True, lowest=lowest), Axis("", names=names), across=True)


def _blocks_chart(shown_blocks: Sequence[Block], names: Sequence[str], title: str) -> Chart:
    rows = [(place, block.micro_f1.to_json()) for place, block in enumerate(shown_blocks)]
    lows = [block.micro_f1.low for block in shown_blocks if block.micro_f1.low is not None]
    return Chart(
        [with_intervals(_("Micro F1"), "main", rows, across=False)],
        Axis(title, names=names),
        Axis(_("Micro F1"), is_share=True, lowest=_below(lows)),
    )


def _below(values: Sequence[float]) -> float:
    """Return the lower end of an axis of shares: a multiple of 0.1, a little below all values."""
    return max(0.0, math.floor(10 * min(values) - 0.5) / 10) if values else 0.0
