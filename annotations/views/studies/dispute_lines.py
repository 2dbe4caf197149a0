"""Rows of the dispute queue as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotations.dispute_filter import KINDS
from annotations.models import (
    Assignment,
    AssignmentState,
    CaseKind,
    CellBasis,
    Consensus,
    ConsensusLabel,
    DiagnosticClass,
)
from annotations.services.consensus import disputes
from annotations.services.consensus.disputes import Case


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A class of an exam; ``of`` is None if the exam as a whole is listed."""

    case: Case
    of: DiagnosticClass | None
    kind: str
    basis: str

    @property
    def n_against(self) -> int:
        return self.case.n_votes - self.case.n_marked


@dataclass(frozen=True, slots=True)
class ExamLine:
    """An exam of the queue.

    Attributes:
        row: its consensus.
        cases: its classes.
        kinds: short names of the reasons for which it is listed.
        is_waiting: whether it waits for an adjudicator.
        is_read: whether an adjudicator has read it.
    """

    row: Consensus
    cases: list[CaseLine]
    kinds: list[str]
    is_waiting: bool
    is_read: bool

    @property
    def chips(self) -> list[CaseLine]:
        """One line for each class, even if the class is listed for two reasons."""
        return list({line.of.pk: line for line in self.cases if line.of}.values())

    @property
    def agreed(self) -> list[ConsensusLabel]:
        """The present classes that are not listed."""
        listed = {line.of.pk for line in self.cases if line.of}
        return [
            label
            for label in self.row.labels.all()
            if label.is_present and label.diagnostic_class_id not in listed
        ]

    @property
    def is_readability(self) -> bool:
        """Whether readers disagree about whether the exam is readable."""
        return any(not line.of and line.case.kind == CaseKind.DISPUTE for line in self.cases)


def exam_lines(
    rows: Sequence[Consensus], sent: Iterable[Assignment], share: float
) -> list[ExamLine]:
    """Format ``rows``, which must have their details; ``sent`` are their adjudications."""
    states: dict[int, set[str]] = {}
    for assignment in sent:
        states.setdefault(assignment.exam_id, set()).add(assignment.state)
    return [_line(row, states.get(row.exam_id, set()), share) for row in rows]


def _line(row: Consensus, states: set[str], share: float) -> ExamLine:
    classes = {
        case.diagnostic_class.code: case.diagnostic_class
        for case in row.cases.all()
        if case.diagnostic_class
    }
    cases = [
        CaseLine(
            case,
            classes.get(case.code),
            str(case.kind.label),
            str(CellBasis(case.basis).label) if case.basis else "",
        )
        for case in disputes.cases_of(row, share)
    ]
    return ExamLine(
        row,
        cases,
        [str(KINDS[kind]) for kind in dict.fromkeys(line.case.kind for line in cases)],
        AssignmentState.WAITING in states,
        AssignmentState.READ in states,
    )
