"""Consensus as text: the number of exams per outcome, and the votes on each exam."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import (
    Adjudication,
    Answer,
    CellBasis,
    ClassState,
    Consensus,
    ConsensusLabel,
    OpenReason,
    Outcome,
)
from annotations.views.batches import signal_text
from annotations.views.batches.signal_text import SignalLine

SHORT: dict[str, Promise] = {
    Outcome.AGREEMENT: _("Agreement"),
    Outcome.MAJORITY: _("Majority"),
    Outcome.DISPUTED: _("In dispute"),
    Outcome.INCOMPLETE: _("Incomplete"),
    Outcome.UNREADABLE: _("Unreadable"),
}
"""Short names of outcomes, for badges and tabs."""

BADGES = {
    Outcome.AGREEMENT: "is-ok",
    Outcome.MAJORITY: "is-open",
    Outcome.DISPUTED: "is-warning",
    Outcome.INCOMPLETE: "",
    Outcome.UNREADABLE: "is-danger",
}

# Under this rule, "majority" means two votes, however many readers there are.
TWO_VOTES = "agreement_then_majority"


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of exams with an outcome."""

    value: str
    short: str
    label: str
    n: int


@dataclass(frozen=True, slots=True)
class VoteLine:
    """The votes on a class of an exam."""

    label: ConsensusLabel
    state: str
    is_adjudicated: bool
    basis: str
    posterior: float | None

    @property
    def title(self) -> str:
        """The name of the class, and why it has its state."""
        name = self.label.diagnostic_class.local_name
        return f"{name} · {self.basis}" if self.basis else name


@dataclass(frozen=True, slots=True)
class ExamLine:
    row: Consensus
    short: str
    badge: str
    votes: list[VoteLine]
    remarks: list[str]
    signal: SignalLine

    @property
    def reason(self) -> str:
        """Why the exam is disputed or incomplete; empty if the votes already show it."""
        return (
            "" if self.row.reason == OpenReason.CLASSES_DISPUTED else self.row.get_reason_display()
        )

    @property
    def is_short(self) -> bool:
        """Whether the exam lacks readings."""
        return self.row.reason == OpenReason.READINGS_MISSING


def tallies(consensus: QuerySet[Consensus], rule: str) -> list[Tally]:
    """Return the number of exams per outcome, in the order of the outcomes."""
    counts = dict(consensus.order_by().values_list("outcome").annotate(n=Count("pk")))
    return [
        Tally(outcome.value, short(outcome, rule), _label(outcome, rule), counts[outcome.value])
        for outcome in Outcome
        if outcome.value in counts
    ]


def exam_lines(
    rows: Iterable[Consensus], adjudications: Mapping[int, Sequence[Adjudication]]
) -> list[ExamLine]:
    """Format ``rows``. Their labels and the labels' classes should be prefetched.

    Args:
        rows: the consensus of some exams.
        adjudications: by exam id, with their decisions.
    """
    return [
        ExamLine(
            row,
            short(Outcome(row.outcome), row.rule),
            BADGES[Outcome(row.outcome)],
            [_vote(row, label) for label in row.labels.all()],
            _remarks(adjudications.get(row.exam_id, ())),
            signal_text.line(row),
        )
        for row in rows
    ]


def _remarks(adjudications: Sequence[Adjudication]) -> list[str]:
    """Return the reasons that adjudicators gave, each with its class and answer."""
    return [
        gettext("%(name)s %(answer)s: “%(reason)s”")
        % {
            "name": decision.diagnostic_class.abbreviation,
            "answer": str(Answer(decision.answer).label).lower(),
            "reason": decision.reason,
        }
        for adjudication in adjudications
        for decision in adjudication.decisions.all()
        if decision.reason
    ]


def short(outcome: Outcome, rule: str) -> str:
    """Return the short name of an outcome. ``rule`` may include the version of the rule."""
    if outcome == Outcome.MAJORITY and rule.startswith(TWO_VOTES):
        return str(_("At least two votes"))
    return str(SHORT[outcome])


def _label(outcome: Outcome, rule: str) -> str:
    if outcome == Outcome.MAJORITY and rule.startswith(TWO_VOTES):
        return str(_("Classes marked by at least two readers"))
    return str(outcome.label)


def _vote(row: Consensus, label: ConsensusLabel) -> VoteLine:
    code = label.diagnostic_class.code
    basis = row.basis(code)
    return VoteLine(
        label,
        ClassState(row.state(code)).value,
        code in row.adjudicated,
        str(CellBasis(basis).label) if basis else "",
        row.posteriors.get(code),
    )
