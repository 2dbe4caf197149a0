"""An assignment on its way to a reading: locked, and refused when there is nothing left to read."""

from __future__ import annotations

from annotations.models import Assignment, Stage, User


class BatchClosed(Exception):
    """The batch takes no more readings."""


class AlreadySubmitted(Exception):
    """The assignment has its reading; a submitted reading never changes."""


def lock(*, assignment_id: int, reader: User) -> Assignment:
    """Return ``reader``'s assignment with its row locked; its batch, study and taxonomy come along.

    The assignment is always the first row that is locked, its batch the last: whoever follows
    this order waits for others but never in a circle.

    Raises:
        Assignment.DoesNotExist: there is none with this id, or it is somebody else's.
    """
    locked = Assignment.objects.select_for_update(of=("self",), no_key=True)
    related = locked.select_related("batch__study__taxonomy")
    return related.visible_to(reader).get(pk=assignment_id)


def refuse_if_over(assignment: Assignment) -> None:
    """Do nothing while ``assignment``, which must be locked, still waits for its reading.

    Raises:
        AlreadySubmitted: it has been read.
        BatchClosed: it can no longer be read.
    """
    if assignment.readings.filter(stage=Stage.BLIND).exists():
        raise AlreadySubmitted(assignment)
    if not assignment.batch.is_open:
        raise BatchClosed(assignment.batch)
