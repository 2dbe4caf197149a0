"""Plan previews and balance reports, formatted for pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotations.models import DiagnosticClass, Study, User
from annotations.sentences.reasons import sentence
from annotations.services.assignment.plan_preview import PREVALENCES, BalanceReport, PlanPreview
from ecgreview import design

MAX_CLASSES = 20

# Kappa ranges from -1 to 1, so an interval this wide carries no information.
FULL_WIDTH = 2.0


@dataclass(frozen=True, slots=True)
class ReaderLine:
    name: str
    n_exams: int
    n_repeats: int
    hours: str


@dataclass(frozen=True, slots=True)
class ClassLine:
    """The expected precision of kappa for one class."""

    name: str
    share: str
    expected: str
    interval: str
    width: str
    bar: int
    reason: str


@dataclass(frozen=True, slots=True)
class BalanceLines:
    """The balance of a plan. Each of ``facts`` is a label, a value and a note."""

    facts: list[tuple[str, str, str]]
    readers: list[ReaderLine]


@dataclass(frozen=True, slots=True)
class PreviewLines:
    """A plan preview, formatted for the last step of the setup."""

    n_exams: int
    n_anchors: int
    n_readers: int
    n_readings: int
    hours: str
    readers: list[ReaderLine]
    assumed: list[ClassLine]
    expected: list[ClassLine]
    balance: BalanceLines | None


def preview_lines(preview: PlanPreview, study: Study) -> PreviewLines:
    predicted = preview.prediction
    n_readings = predicted.n_readings if predicted else 0
    classes = {row.code: row for row in study.taxonomy.classes.all()} if preview.by_class else {}
    names = {user.pk: user for user in preview.readers}
    return PreviewLines(
        n_exams=preview.n_exams,
        n_anchors=preview.n_anchors,
        n_readers=len(preview.readers),
        n_readings=n_readings,
        hours=_hours(predicted.hours) if predicted else "–",
        readers=reader_lines(preview.report.own, names) if preview.report else [],
        assumed=_assumed(predicted),
        expected=_expected(preview.by_class, classes),
        balance=balance_lines(preview.report, names) if preview.report else None,
    )


def balance_lines(report: BalanceReport, names: Mapping[int, User | str]) -> BalanceLines:
    """Format the balance report of a plan.

    Args:
        report: the result of ``plan_preview.balance_report``.
        names: readers or their display names, by user ID.
    """
    own, overall, order = report.own, report.whole, report.order
    facts = [
        (_("Exams for each reader"), _spread(own.loads), _("In this plan only")),
        (
            _("Exams for each reader, including earlier plans"),
            _spread(overall.loads),
            _("The ideal difference is at most one"),
        ),
        (_("Exams shared by two readers"), _spread(overall.pairs), _("Over all pairs of readers")),
        (
            _("Readers per exam"),
            _counts(overall.exams_by_number_of_readers),
            _("Number of exams by number of readers"),
        ),
        (_("Hidden repeats"), str(sum(own.repeats_by_reader.values())), _washout(own)),
        (
            _("Minimum distance between exams of the same patient"),
            "–" if own.least_patient_gap is None else str(own.least_patient_gap),
            _("In positions of a reader's list"),
        ),
        (
            _("Order similarity between readers"),
            _correlation(order.between_readers),
            _chance(order.between_readers),
        ),
        (
            _("Similarity to the import order"),
            _correlation(order.with_import),
            _chance(order.with_import),
        ),
    ]
    return BalanceLines(facts, reader_lines(own, names))


def reader_lines(balance: design.Balance, names: Mapping[int, User | str]) -> list[ReaderLine]:
    """Return a row per reader, sorted by name."""
    lines = [
        ReaderLine(
            name=str(names.get(reader, "–")),
            n_exams=n_exams,
            n_repeats=balance.repeats_by_reader[reader],
            hours=_hours(balance.hours_by_reader[reader]),
        )
        for reader, n_exams in balance.exams_by_reader.items()
    ]
    return sorted(lines, key=lambda line: line.name)


def _assumed(predicted: design.Prediction | None) -> list[ClassLine]:
    """Return the expected precision for hypothetical classes, by prevalence."""
    if predicted is None:
        return []
    return [
        _class_line(
            _("A class present in %(share)s of exams") % {"share": _percent(share)}, precision
        )
        for share in PREVALENCES
        if (precision := predicted.classes.get(str(share))) is not None
    ]


def _expected(
    by_class: Mapping[str, design.Precision], classes: Mapping[str, DiagnosticClass]
) -> list[ClassLine]:
    most_frequent = sorted(
        ((precision.prevalence, code) for code, precision in by_class.items() if code in classes),
        reverse=True,
    )[:MAX_CLASSES]
    return [_class_line(classes[code].local_name, by_class[code]) for _, code in most_frequent]


def _class_line(name: str, precision: design.Precision) -> ClassLine:
    half_width = precision.half_width.value
    low, high = (
        (max(-1.0, precision.kappa - half_width), min(1.0, precision.kappa + half_width))
        if half_width
        else (0, 0)
    )
    return ClassLine(
        name=name,
        share=_percent(precision.prevalence),
        expected=number_format(
            precision.expected_positives, 0 if precision.expected_positives >= 10 else 1
        ),
        interval="–" if half_width is None else f"{_decimal(low)} – {_decimal(high)}",
        width="–" if precision.width is None else _decimal(precision.width),
        bar=0 if precision.width is None else min(100, round(100 * precision.width / FULL_WIDTH)),
        reason=sentence(precision.half_width.reason),
    )


def _spread(spread: design.Spread) -> str:
    if spread.least is None:
        return "–"
    if spread.least == spread.most:
        return str(spread.least)
    return _("%(least)d to %(most)d") % {"least": spread.least, "most": spread.most}


def _counts(counts: Mapping[int, int]) -> str:
    return ", ".join(f"{n_readers}: {n}" for n_readers, n in sorted(counts.items())) or "–"


def _washout(balance: design.Balance) -> str:
    if balance.least_washout is None:
        return _("None planned")
    return _("At least %(n)d other exams in between") % {"n": balance.least_washout - 1}


def _correlation(correlations: design.Correlations) -> str:
    if correlations.mean is None or correlations.sd is None:
        return "–"
    return _("mean r %(mean)s (SD %(sd)s)") % {
        "mean": _decimal(correlations.mean),
        "sd": _decimal(correlations.sd),
    }


def _chance(correlations: design.Correlations) -> str:
    if correlations.expected_sd is None:
        return _("Too few exams")
    return _("Expected by chance: mean 0 (SD %(sd)s)") % {"sd": _decimal(correlations.expected_sd)}


def _decimal(value: float) -> str:
    rounded = round(value, 2) or 0.0  # avoids "-0.00"
    return number_format(rounded, 2).replace("-", "\N{MINUS SIGN}")


def _hours(hours: float) -> str:
    return _("%(hours)s h") % {"hours": number_format(hours, 1)}


def _percent(share: float) -> str:
    return f"{number_format(100 * share, 0 if share >= 0.01 else 1)}%"
