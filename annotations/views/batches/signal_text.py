"""The consensus on the signal as text: quality and problems of an exam, and their agreement."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_lazy

from annotations.models import ClassState, Consensus, Quality, SignalQuality
from annotations.models.consensus import ConsensusQuerySet
from annotations.services.consensus import signal
from annotations.views.agreement.numbers import Number, number
from ecgreview.consensus import LEVELS, ItemAgreement

PROBLEMS = {
    "noise": gettext_lazy("Noise"),
    "lead_off": gettext_lazy("Lead off"),
    "reversal": gettext_lazy("Lead reversal"),
    "calibration": gettext_lazy("Calibration"),
    "other": gettext_lazy("Other"),
}

BADGES = {
    SignalQuality.DISPUTED: "is-warning",
    SignalQuality.POOR: "is-danger",
    SignalQuality.UNREADABLE: "is-danger",
}


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A problem that a reader named, in the exam or in one lead."""

    name: str
    state: str
    n_named: int
    n_readings: int


@dataclass(frozen=True, slots=True)
class SignalLine:
    """The signal of an exam.

    Attributes:
        quality: its name; empty if the consensus was computed before it was stored.
        votes: "2 good, 1 poor".
    """

    quality: str
    badge: str
    votes: str
    problems: list[ProblemLine]


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """The agreement on the quality, or on a problem."""

    name: str
    n_any: int
    percent: Number
    beyond_chance: Number
    adjusted: Number


@dataclass(frozen=True, slots=True)
class SignalAgreement:
    """The agreement on all items; ``n_exams`` were read by at least two readers."""

    n_exams: int
    lines: list[AgreementLine]


def line(row: Consensus) -> SignalLine:
    n_readings = sum(row.quality_votes.values())
    votes = ", ".join(
        f"{n} {str(Quality(level).label).lower()}"
        for level in LEVELS
        if (n := row.quality_votes.get(level))
    )
    problems = [
        ProblemLine(name_of(code), state, row.problem_votes[code], n_readings)
        for code, state in sorted(row.problem_states.items())
        if state != ClassState.ABSENT or ":" not in code
    ]
    badge = BADGES.get(SignalQuality(row.quality), "") if row.quality else ""
    return SignalLine(row.get_quality_display(), badge, votes, problems)


def name_of(item: str) -> str:
    """Return the name of "quality", or of a problem such as ``noise`` or ``noise:V1``."""
    if item == "quality":
        return gettext("Signal quality")
    kind, _, lead = item.partition(":")
    name = str(PROBLEMS.get(kind, kind))
    return f"{name}, {lead}" if lead else name


def agreement(rows: ConsensusQuerySet) -> SignalAgreement:
    """Return the agreement on the signal in the exams of ``rows``, which may be shown."""
    items = signal.agreement(rows)
    return SignalAgreement(
        items[0].n_exams if items else 0, [_agreement_line(item) for item in items]
    )


def _agreement_line(item: ItemAgreement) -> AgreementLine:
    percent, beyond, adjusted = (measure.to_json() for measure in item.statistics.values())
    return AgreementLine(
        name_of(item.item),
        item.n_any,
        number(percent, as_percent=True),
        number(beyond),
        number(adjusted),
    )
