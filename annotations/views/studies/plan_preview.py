"""Plan previews and balance reports in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotations.models import DiagnosticClass, Study, User
from annotations.sentences.reasons import sentence
from annotations.services.assignment.plan_preview import PREVALENCES, BalanceReport, PlanPreview
from ecgreview import design
from ecgreview.design import prediction

KAPPA = prediction.KAPPA
MAX_CLASSES = 20

# Width of the range of kappa, -1 to 1; wider intervals say nothing.
FULL_WIDTH = 2.0


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """The exams one reader would read, or has planned."""

    name: str
    n_exams: int
    n_repeats: int
    hours: str


@dataclass(frozen=True, slots=True)
class ClassLine:
    """The expected precision of kappa for a class."""

    name: str
    share: str
    expected: str
    interval: str
    width: str
    bar: int
    reason: str


@dataclass(frozen=True, slots=True)
class BalanceLines:
    """The balance of a plan; pairs of a name and a value."""

    facts: list[tuple[str, str, str]]
    readers: list[ReaderLine]


@dataclass(frozen=True, slots=True)
class PreviewLines:
    """The plan preview as the check page shows it."""

    n_exams: int
    n_anchors: int
    n_readers: int
    n_readings: int
    hours: str
    readers: list[ReaderLine]
    assumed: list[ClassLine]
    expected: list[ClassLine]
    balance: BalanceLines | None


def preview_lines(found: PlanPreview, study: Study) -> PreviewLines:
    """Return the plan preview of ``study`` for the page."""
    predicted = found.prediction
    n_readings = predicted.n_readings if predicted else 0
    classes = {one.code: one for one in study.taxonomy.classes.all()} if found.by_class else {}
    names = {user.pk: user for user in found.readers}
    return PreviewLines(
        n_exams=found.n_exams,
        n_anchors=found.n_anchors,
        n_readers=len(found.readers),
        n_readings=n_readings,
        hours=_hours(predicted.hours) if predicted else "–",
        readers=reader_lines(found.report.own, names) if found.report else [],
        assumed=_assumed(predicted),
        expected=_expected(found.by_class, classes),
        balance=balance_lines(found.report, names) if found.report else None,
    )


def balance_lines(report: BalanceReport, names: Mapping[int, User | str]) -> BalanceLines:
    """Return the balance report of a plan.

    Args:
        report: from ``plan_preview.balance_report``.
        names: of the readers, by id.
    """
    own, whole, order = report.own, report.whole, report.order
    facts = [
        (_("Exams for each reader"), _spread(own.loads), _("In this plan only")),
        (
            _("Exams for each reader, including earlier plans"),
            _spread(whole.loads),
            _("The ideal difference is at most one"),
        ),
        (_("Exams shared by two readers"), _spread(whole.pairs), _("Over all pairs of readers")),
        (
            _("Readers per exam"),
            _counts(whole.exams_by_number_of_readers),
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
            _("Order similarity with the import order"),
            _correlation(order.with_import),
            _chance(order.with_import),
        ),
    ]
    return BalanceLines(facts, reader_lines(own, names))


def reader_lines(balance: design.Balance, names: Mapping[int, User | str]) -> list[ReaderLine]:
    """Return the readings of each reader, by name."""
    found = [
        ReaderLine(
            name=str(names.get(reader, "–")),
            n_exams=n_exams,
            n_repeats=balance.repeats_by_reader[reader],
            hours=_hours(balance.hours_by_reader[reader]),
        )
        for reader, n_exams in balance.exams_by_reader.items()
    ]
    return sorted(found, key=lambda line: line.name)


def _assumed(found: design.Prediction | None) -> list[ClassLine]:
    """Return the classes whose prevalence is only assumed."""
    if found is None:
        return []
    return [
        _class_line(_("A class present in %(share)s of exams") % {"share": _percent(share)}, one)
        for share in PREVALENCES
        if (one := found.classes.get(str(share))) is not None
    ]


def _expected(
    found: Mapping[str, design.Precision], classes: Mapping[str, DiagnosticClass]
) -> list[ClassLine]:
    known = sorted(
        ((one.prevalence, code) for code, one in found.items() if code in classes), reverse=True
    )
    return [_class_line(classes[code].local_name, found[code]) for _, code in known[:MAX_CLASSES]]


def _class_line(name: str, one: design.Precision) -> ClassLine:
    half = one.half_width.value
    low, high = (max(-1.0, one.kappa - half), min(1.0, one.kappa + half)) if half else (0, 0)
    return ClassLine(
        name=name,
        share=_percent(one.prevalence),
        expected=number_format(one.expected_positives, 0 if one.expected_positives >= 10 else 1),
        interval="–" if half is None else f"{_decimal(low)} – {_decimal(high)}",
        width="–" if one.width is None else _decimal(one.width),
        bar=0 if one.width is None else min(100, round(100 * one.width / FULL_WIDTH)),
        reason=sentence(one.half_width.reason),
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


def _correlation(found: design.Correlations) -> str:
    if found.mean is None or found.sd is None:
        return "–"
    return _("mean r %(mean)s (SD %(sd)s)") % {
        "mean": _decimal(found.mean),
        "sd": _decimal(found.sd),
    }


def _chance(found: design.Correlations) -> str:
    if found.expected_sd is None:
        return _("Too few exams")
    return _("Expected by chance: mean 0 (SD %(sd)s)") % {"sd": _decimal(found.expected_sd)}


def _decimal(value: float) -> str:
    rounded = round(value, 2) or 0.0  # no "-0.00"
    return number_format(rounded, 2).replace("-", "\N{MINUS SIGN}")


def _hours(hours: float) -> str:
    return _("%(hours)s h") % {"hours": number_format(hours, 1)}


def _percent(share: float) -> str:
    return f"{number_format(100 * share, 0 if share >= 0.01 else 1)}%"
