"""What people are kept from for now: results while they read, exams while they are paused."""

from __future__ import annotations

from annotations.models import Assignment, AssignmentState, Batch, Study, User
from annotations.services.assignment.guards import NotServed, is_barred


class StillReading(Exception):
    """The person reads in the study, and it is not locked yet."""


def is_still_reading(study: Study, user: User) -> bool:
    """Tell whether the results of ``study`` must be kept from ``user`` for now."""
    if Study.objects.all().blinding(user).filter(pk=study.pk).exists():
        return True
    batches = Batch.objects.filter(study=study)
    return batches.exists() and not batches.not_read_by(user).exists()


def refuse_readers(study: Study, user: User) -> None:
    """Do nothing when ``user`` may look at results of ``study``.

    Raises:
        StillReading: not before their reading is over.
    """
    if is_still_reading(study, user):
        raise StillReading(study)


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
        raise NotServed(assignment)


def refuse_barred(assignment: Assignment) -> None:
    """Do nothing unless a qualification comes before ``assignment``, its batch and study selected.

    What belongs to the exam on a reader's screen is still given to them when they are paused.

    Raises:
        NotServed: it does.
    """
    if not _is_over(assignment) and is_barred(assignment):
        raise NotServed(assignment)


def _is_over(assignment: Assignment) -> bool:
    return assignment.state == AssignmentState.READ or not assignment.batch.is_open
