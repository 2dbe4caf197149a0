"""What an adjudicator sees of an exam: the classes to decide, and the votes if the mode says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch

from annotations import row_security
from annotations.models import (
    Adjudication,
    AdjudicationCase,
    AdjudicationStage,
    Assignment,
    Finding,
    NotAssessable,
    Reading,
)
from annotations.services.adjudication import stages
from annotations.services.adjudication.stages import Progress
from annotations.services.blinding.reader_names import letter


@dataclass(frozen=True, slots=True)
class ShownReading:
    """A reading as an adjudicator sees it: under a letter, without its reader or comment."""

    letter: str
    key: UUID
    quality: str
    findings: Sequence[Finding]
    not_assessable: Sequence[str]


@dataclass(frozen=True, slots=True)
class Member:
    """The first vote of a committee member, shown for the discussion under a numeral."""

    numeral: str
    adjudication: Adjudication
    is_own: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What the desk shows of a case.

    Attributes:
        stage: the stage that is shown; None if nothing is due and nothing was decided.
        readings: in the order A, B, C; empty while votes are hidden.
        members: first votes of the committee; empty before the discussion.
    """

    case: AdjudicationCase
    progress: Progress
    stage: AdjudicationStage | None
    readings: Sequence[ShownReading] = ()
    members: Sequence[Member] = ()

    def as_record(self) -> dict[str, object]:
        """Return what was shown, as it is stored with the decision."""
        record: dict[str, object] = {"agreed": list(self.case.agreed)}
        if self.readings:
            record["readings"] = {reading.letter: str(reading.key) for reading in self.readings}
        if self.members:
            record["members"] = {
                member.numeral: str(member.adjudication.key) for member in self.members
            }
        return record


def shown(assignment: Assignment, *, stage: AdjudicationStage | None = None) -> Shown:
    """Return what the adjudicator of ``assignment`` sees.

    The caller must have checked that the user is its adjudicator and may open it now.

    Args:
        assignment: with its batch and study selected.
        stage: the stage to show; None for the stage that is due or, if none is due, the last one.

    Raises:
        AdjudicationCase.DoesNotExist: the exam is not adjudicated class by class.
    """
    with row_security.as_owner():
        case = AdjudicationCase.objects.get(batch=assignment.batch_id, exam=assignment.exam_id)
        progress = stages.progress(assignment)
        stage = stage or progress.due or _latest(progress)
        has_votes = stage is not None and stages.shows_votes(assignment.batch, stage)
        return Shown(
            case,
            progress,
            stage,
            _readings(case) if has_votes else (),
            _members(assignment) if stage == AdjudicationStage.DISCUSSED else (),
        )


def _latest(progress: Progress) -> AdjudicationStage | None:
    return AdjudicationStage(progress.done[-1].stage) if progress.done else None


def _readings(case: AdjudicationCase) -> list[ShownReading]:
    findings = Finding.objects.select_related("diagnostic_class").order_by(
        "diagnostic_class__position"
    )
    not_assessable = NotAssessable.objects.select_related("diagnostic_class")
    rows = Reading.objects.filter(pk__in=case.readings).prefetch_related(
        Prefetch("findings", findings), Prefetch("not_assessable", not_assessable)
    )
    by_id = {row.pk: row for row in rows}
    return [
        ShownReading(
            letter(place),
            by_id[pk].idempotency_key,
            by_id[pk].quality,
            list(by_id[pk].findings.all()),
            [item.diagnostic_class.code for item in by_id[pk].not_assessable.all()],
        )
        for place, pk in enumerate(case.readings)
    ]


def _members(assignment: Assignment) -> list[Member]:
    """Return the first votes on the exam, in an order that does not depend on the members."""
    first = stages.stages_of(assignment.batch)[0]
    rows = Adjudication.objects.filter(
        assignment__batch=assignment.batch_id, assignment__exam=assignment.exam_id, stage=first
    ).with_decisions()
    return [
        Member(str(place), row, row.adjudicator_id == assignment.reader_id)
        for place, row in enumerate(sorted(rows, key=lambda row: row.key.bytes), start=1)
    ]
