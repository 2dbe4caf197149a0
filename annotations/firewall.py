"""What people are kept from for now: results while they read, exams while they are paused."""

from __future__ import annotations

from annotations.models import Assignment, AssignmentState, Batch, Study, User


class StillReading(Exception):
    """The person reads in the study, and it is not locked yet."""


class NotServed(Exception):
    """The exam is not handed out now: its reader is paused, or has to pass a qualification."""


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
    if assignment.state == AssignmentState.READ or not assignment.batch.is_open:
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
