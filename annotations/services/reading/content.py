"""The content of a reading: findings with their marks, classes not assessable, signal quality."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotations.models import (
    Assignment,
    DiagnosticClass,
    Finding,
    NotAssessable,
    Quality,
    Reading,
    ReadingOutcome,
)
from annotations.services.refusals import Refusal

# A localization, a measurement or a signal problem, as JSON.
Mark = Mapping[str, Any]


class InvalidReading(Refusal):
    """A class, mark or decision in the reading is not allowed."""

    def __init__(self, codes: Iterable[str]) -> None:
        super().__init__(codes=", ".join(codes))


class UnknownClass(InvalidReading):
    code = "unknown-class"


class RepeatedClass(InvalidReading):
    code = "repeated-class"


class ExclusiveClass(InvalidReading):
    code = "exclusive-class"


class UnreadableWithFindings(InvalidReading):
    code = "unreadable-with-findings"


class TwoStates(InvalidReading):
    code = "two-states"


class AbstainedWithFindings(InvalidReading):
    code = "abstained-with-findings"


class AbstainedFromUnreadable(Refusal):
    code = "abstained-from-unreadable"


class QualityMissing(Refusal):
    code = "quality-missing"


class UnknownTracing(InvalidReading):
    code = "unknown-tracing"


@dataclass(frozen=True, slots=True)
class FindingIn:
    """A class that the reader finds present.

    Attributes:
        localisations: each as ``{tracing, leads, from_s, to_s}``.
        measurements: each as ``{kind, tracing, lead, from_s, to_s, value}``; value in ms or mV. An
            interval may also have ``n_cycles``.
    """

    code: str
    certainty: str
    localisations: Sequence[Mark] = ()
    measurements: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a reading.

    Attributes:
        findings: the classes that are present. If the reader could read the exam, all others are
            absent, except those in ``not_assessable``.
        not_assessable: codes of classes that cannot be assessed in this exam.
        quality: one of ``Quality``; may be empty for an abstention.
        problems: the signal problems, each as ``{kind, leads}``.
        comment: free text, hidden from everybody else while the batch is open.
        outcome: one of ``ReadingOutcome``.
    """

    findings: Sequence[FindingIn]
    quality: str
    comment: str = ""
    not_assessable: Collection[str] = ()
    problems: Sequence[Mark] = ()
    outcome: str = ReadingOutcome.READ

    def is_of(self, reading: Reading) -> bool:
        """Whether the stored ``reading`` has exactly this content."""
        return self._comparable() == _stored(reading)._comparable()

    def _comparable(self) -> tuple[Any, ...]:
        rows = [
            (
                finding.code,
                finding.certainty,
                list(finding.localisations),
                list(finding.measurements),
            )
            for finding in self.findings
        ]
        findings = sorted(rows, key=lambda finding: finding[:2])
        missing = sorted(self.not_assessable)
        return (findings, missing, self.quality, list(self.problems), self.comment, self.outcome)


# Classes by code.
Classes = Mapping[str, DiagnosticClass]


def classes_of(assignment: Assignment, content: Content) -> Classes:
    """Return the classes of ``content``, after checking it.

    Raises:
        InvalidReading: see its subclasses.
        AbstainedFromUnreadable: an abstention has the quality "unreadable". An unreadable exam has
            to be submitted as a reading.
        QualityMissing: only abstentions may leave the quality empty.
    """
    present = [finding.code for finding in content.findings]
    named = [*present, *content.not_assessable]
    _refuse_by_outcome(content, named)
    missing = list(content.not_assessable)
    if repeated := {code for of in (present, missing) for code in of if of.count(code) > 1}:
        raise RepeatedClass(sorted(repeated))
    if both := set(present) & set(missing):
        raise TwoStates(sorted(both))
    rows = assignment.batch.taxonomy.classes.filter(code__in=named)
    classes = {item.code: item for item in rows}
    if unknown := set(named) - classes.keys():
        raise UnknownClass(sorted(unknown))
    exclusive = [code for code in present if classes[code].is_exclusive]
    if exclusive and len(present) > 1:
        raise ExclusiveClass(exclusive)
    _refuse_unknown_tracings(assignment, content)
    return classes


def store(reading: Reading, content: Content, classes: Classes) -> None:
    """Save the classes of ``content`` with ``reading``, which was just inserted."""
    Finding.objects.bulk_create(
        Finding(
            reading=reading,
            diagnostic_class=classes[finding.code],
            certainty=finding.certainty,
            localisations=list(finding.localisations),
            measurements=list(finding.measurements),
        )
        for finding in content.findings
    )
    NotAssessable.objects.bulk_create(
        NotAssessable(reading=reading, diagnostic_class=classes[code])
        for code in content.not_assessable
    )


def columns(content: Content) -> dict[str, Any]:
    """Return the values of ``content`` for the row of its reading, by column."""
    return {
        "outcome": content.outcome,
        "quality": content.quality,
        "problems": list(content.problems),
        "comment": content.comment,
        "n_findings": len(content.findings),
        "n_not_assessable": len(content.not_assessable),
    }


def _stored(reading: Reading) -> Content:
    return Content(
        findings=[
            FindingIn(
                finding.diagnostic_class.code,
                finding.certainty,
                finding.localisations,
                finding.measurements,
            )
            for finding in reading.findings.select_related("diagnostic_class")
        ],
        quality=reading.quality,
        comment=reading.comment,
        not_assessable=list(
            reading.not_assessable.values_list("diagnostic_class__code", flat=True)
        ),
        problems=reading.problems,
        outcome=reading.outcome,
    )


def _refuse_by_outcome(content: Content, named: Sequence[str]) -> None:
    if content.outcome == ReadingOutcome.ABSTAINED:
        if named:
            raise AbstainedWithFindings(named)
        if content.quality == Quality.UNREADABLE:
            raise AbstainedFromUnreadable
    elif not content.quality:
        raise QualityMissing
    if content.quality == Quality.UNREADABLE and named:
        raise UnreadableWithFindings(named)


def _refuse_unknown_tracings(assignment: Assignment, content: Content) -> None:
    """Raise if a mark refers to a tracing that the exam does not have."""
    marked = {
        (finding.code, mark["tracing"])
        for finding in content.findings
        for mark in (*finding.localisations, *finding.measurements)
    }
    if not marked:
        return
    positions = set(assignment.exam.tracings.values_list("position", flat=True))
    if wrong := sorted({code for code, position in marked if position not in positions}):
        raise UnknownTracing(wrong)
