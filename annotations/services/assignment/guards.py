"""Guards: lock an assignment, and refuse requests for one that can no longer be read."""

from __future__ import annotations

from django.db.models.functions import Now

from annotations.models import Assignment, AssignmentState, Batch, User
from annotations.services.refusals import Refusal


class BatchClosed(Refusal):
    code = "batch-closed"


class StudyNotOpen(Refusal):
    code = "study-locked"


class Withdrawn(Refusal):
    """The reader has left the study, or the exam was given to somebody else."""

    code = "withdrawn"


class ReaderNotEligible(Refusal):
    """The reader cannot get this exam now: they are paused, or must pass a qualification first."""

    code = "not-served"


class AlreadySubmitted(Refusal):
    code = "already-submitted"


class DecidedByClass(Refusal):
    """The adjudicator of this exam decides the classes in dispute, and does not read all of it."""

    code = "decided-by-class"


def lock(*, assignment_id: int, reader: User) -> Assignment:
    """Return ``reader``'s assignment with its row locked, and its batch, study and taxonomy loaded.

    Includes withdrawn assignments, so that their reader learns what happened.

    Deadlocks: always lock the assignment first and the batch last.

    Raises:
        Assignment.DoesNotExist: ``reader`` has no assignment with this id, its batch is not
            released, or it is a hidden repeat that is still held back.
    """
    locked = Assignment.objects.select_for_update(of=("self",), no_key=True)
    related = locked.select_related("batch__study", "batch__taxonomy")
    released = related.filter(reader=reader, batch__released_at__isnull=False)
    return released.exclude(not_before__gt=Now()).get(pk=assignment_id)


def refuse_if_not_waiting(assignment: Assignment) -> None:
    """Raise unless ``assignment``, which must be locked, still waits for its reading.

    Raises:
        AlreadySubmitted: its reading was submitted.
        Withdrawn, StudyNotOpen, BatchClosed, ReaderNotEligible: see ``refuse_if_ended``.
    """
    if assignment.state == AssignmentState.READ:
        raise AlreadySubmitted
    refuse_if_ended(assignment)


def refuse_if_ended(assignment: Assignment) -> None:
    """Raise unless readings of ``assignment``, which must be locked, are still accepted.

    Raises:
        Withdrawn: it was taken from its reader.
        StudyNotOpen: the study is locked.
        BatchClosed: the batch is closed.
        ReaderNotEligible: it belongs to a data batch, and its reader has not passed the
            qualification. A paused reader may still finish the exam on their screen.
    """
    if assignment.state == AssignmentState.WITHDRAWN:
        raise Withdrawn
    if not assignment.batch.study.is_open:
        raise StudyNotOpen
    if not assignment.batch.is_open:
        raise BatchClosed
    if is_blocked(assignment):
        raise ReaderNotEligible


def is_blocked(assignment: Assignment) -> bool:
    """Whether the reader of ``assignment`` must pass a qualification first."""
    batch = assignment.batch
    if not batch.study.qualification_required:
        return False
    return Batch.objects.blocked(assignment.reader).filter(pk=batch.pk).exists()


def is_served(assignment: Assignment, user: User) -> bool:
    """Whether ``user`` may open ``assignment`` now.

    They may if it is read, if its batch is closed, or if its batch gives exams to them now.
    """
    if _is_over(assignment):
        return True
    return Batch.objects.serving(user).filter(pk=assignment.batch_id).exists()


def refuse_unserved(assignment: Assignment, user: User) -> None:
    """Raise unless ``user`` may open ``assignment`` now.

    Do not use this for submissions: a paused reader may still submit the exam on their screen.

    Raises:
        ReaderNotEligible: ``is_served`` is False.
    """
    if not is_served(assignment, user):
        raise ReaderNotEligible


def refuse_blocked(assignment: Assignment) -> None:
    """Raise if the reader must pass a qualification first; batch and study must be selected.

    A paused reader is not refused, because they may finish the exam on their screen.

    Raises:
        ReaderNotEligible: the exam is unread in an open data batch, and its reader has not
            qualified yet.
    """
    if not _is_over(assignment) and is_blocked(assignment):
        raise ReaderNotEligible


def _is_over(assignment: Assignment) -> bool:
    return assignment.state == AssignmentState.READ or not assignment.batch.is_open
