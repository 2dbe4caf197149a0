"""The steps in which an adjudicator decides an exam, and which of them is due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from annotations import row_security
from annotations.models import (
    Adjudication,
    AdjudicationMode,
    AdjudicationStage,
    Assignment,
    AssignmentState,
    Batch,
    CommitteeSession,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an adjudicator on one exam.

    Attributes:
        done: their adjudications of the exam, in the order of the stages.
        due: the stage to decide now; None if nothing is due.
        is_waiting: whether the second vote waits for the committee: for a session that the member
            attends, or for the first vote of another attendee.
    """

    done: tuple[Adjudication, ...]
    due: AdjudicationStage | None
    is_waiting: bool = False


def stages_of(batch: Batch) -> tuple[AdjudicationStage, ...]:
    """Return the stages of the adjudications of ``batch``, in order."""
    is_open = batch.adjudication_mode == AdjudicationMode.OPEN
    first = AdjudicationStage.OPEN if is_open else AdjudicationStage.MASKED
    if batch.is_committee:
        return first, AdjudicationStage.DISCUSSED
    if batch.adjudication_mode == AdjudicationMode.MASKED_THEN_OPEN:
        return first, AdjudicationStage.OPEN
    return (first,)


def shows_votes(batch: Batch, stage: AdjudicationStage) -> bool:
    """Whether adjudicators see the readers' votes at ``stage``."""
    if stage == AdjudicationStage.DISCUSSED:
        return batch.adjudication_mode != AdjudicationMode.MASKED
    return stage == AdjudicationStage.OPEN


def progress(assignment: Assignment) -> Progress:
    """Return the progress on ``assignment``. Call it as the owner of the tables."""
    stages = stages_of(assignment.batch)
    own = Adjudication.objects.filter(assignment=assignment).with_decisions()
    rows = {row.stage: row for row in own}
    done = tuple(rows[stage] for stage in stages if stage in rows)
    due = next((stage for stage in stages if stage not in rows), None)
    if assignment.state == AssignmentState.READ or due is None:
        return Progress(done, None)
    if due == AdjudicationStage.DISCUSSED and not _may_discuss(assignment):
        return Progress(done, None, is_waiting=True)
    return Progress(done, due)


def next_for_member(assignment: Assignment) -> int | None:
    """Return the id of the committee's next exam with a due stage for the member, or None."""
    with row_security.as_owner():
        waiting = (
            Assignment.objects.unread()
            .filter(batch=assignment.batch_id, reader=assignment.reader_id)
            .exclude(pk=assignment.pk)
            .select_related("batch")
            .in_reading_order()
        )
        due = [row for row in waiting if progress(row).due]
    following = [row for row in due if row.position > assignment.position]
    return next((row.pk for row in [*following, *due]), None)


def is_final(batch: Batch, stage: AdjudicationStage) -> bool:
    """Whether nothing follows ``stage``."""
    return stages_of(batch)[-1] == stage


def attendees(batch: Batch) -> Collection[int]:
    """Return the user ids of the members who attend the session of ``batch``; empty without one."""
    session = CommitteeSession.objects.filter(batch=batch, closed_at=None).first()
    return set(session.attendees.values_list("pk", flat=True)) if session else set()


def _may_discuss(assignment: Assignment) -> bool:
    present = attendees(assignment.batch)
    if assignment.reader_id not in present:
        return False
    waiting = Assignment.objects.filter(
        batch=assignment.batch_id, exam=assignment.exam_id, reader__in=present
    ).exclude(adjudications__stage=stages_of(assignment.batch)[0])
    return not waiting.exists()
