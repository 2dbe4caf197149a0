"""An assignment on its way to a reading: locked, and refused when there is nothing left to read."""

from __future__ import annotations

from django.db.models.functions import Now

from annotations.models import Assignment, AssignmentState, Batch, User


class BatchClosed(Exception):
    """The batch takes no more readings."""


class StudyNotOpen(Exception):
    """The study is locked and takes no more readings."""


class Withdrawn(Exception):
    """The reader has left the study, or the exam was given to somebody else."""


class ReaderNotEligible(Exception):
    """The exam is not handed out now: its reader is paused, or has to pass a qualification."""


class AlreadySubmitted(Exception):
    """The assignment has its reading; a submitted reading never changes."""


def lock(*, assignment_id: int, reader: User) -> Assignment:
    """Return ``reader``'s assignment with its row locked; its batch, study and taxonomy come along.

    A withdrawn one as well: its reader has to be told what became of it.

    The assignment is always the first row that is locked, its batch the last: whoever follows
    this order waits for others but never in a circle.

    Raises:
        Assignment.DoesNotExist: there is none with this id, or it is somebody else's.
    """
    locked = Assignment.objects.select_for_update(of=("self",), no_key=True)
    related = locked.select_related("batch__study", "batch__taxonomy")
    given = related.filter(reader=reader, batch__released_at__isnull=False)
    return given.exclude(not_before__gt=Now()).get(pk=assignment_id)


def refuse_if_over(assignment: Assignment) -> None:
    """Do nothing while ``assignment``, which must be locked, still waits for its reading.

    Raises:
        AlreadySubmitted: it has been read.
        Withdrawn, StudyNotOpen, BatchClosed, NotServed: as ``refuse_if_ended``.
    """
    if assignment.state == AssignmentState.READ:
        raise AlreadySubmitted(assignment)
    refuse_if_ended(assignment)


def refuse_if_ended(assignment: Assignment) -> None:
    """Do nothing while readings of ``assignment``, which must be locked, are still taken.

    Raises:
        Withdrawn: it was taken from its reader.
        StudyNotOpen: the study is locked.
        BatchClosed: it can no longer be read.
        NotServed: it is data, and its reader has not passed the qualification that comes first.
            Who is paused may finish what is on their screen.
    """
    if assignment.state == AssignmentState.WITHDRAWN:
        raise Withdrawn(assignment)
    if not assignment.batch.study.is_open:
        raise StudyNotOpen(assignment.batch.study)
    if not assignment.batch.is_open:
        raise BatchClosed(assignment.batch)
    if is_barred(assignment):
        raise ReaderNotEligible(assignment)


def is_barred(assignment: Assignment) -> bool:
    """Tell whether the reader of ``assignment`` has to pass a qualification before they read it."""
    batch = assignment.batch
    if not batch.study.qualification_required:
        return False
    return Batch.objects.barred(assignment.reader).filter(pk=batch.pk).exists()


def is_served(assignment: Assignment, user: User) -> bool:
    """Tell whether ``user`` may open ``assignment`` now: it is read, or its batch is served."""
    if _is_over(assignment):
        return True
    return Batch.objects.serving(user).filter(pk=assignment.batch_id).exists()


def refuse_unserved(assignment: Assignment, user: User) -> None:
    """Do nothing when ``user`` may open ``assignment`` now.

    What is open on their screen they may still submit.

    Raises:
        NotServed: they may not.
    """
    if not is_served(assignment, user):
        raise ReaderNotEligible(assignment)


def refuse_barred(assignment: Assignment) -> None:
    """Do nothing unless a qualification comes before ``assignment``, its batch and study selected.

    What belongs to the exam on a reader's screen is still given to them when they are paused.

    Raises:
        NotServed: it does.
    """
    if not _is_over(assignment) and is_barred(assignment):
        raise ReaderNotEligible(assignment)


def _is_over(assignment: Assignment) -> bool:
    return assignment.state == AssignmentState.READ or not assignment.batch.is_open
