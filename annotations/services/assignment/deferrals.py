"""Skipping an exam for now: it moves to the end of the reader's queue."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from annotations.models import Assignment, User
from annotations.services import audit
from annotations.services.assignment import guards


@transaction.atomic
def defer(*, assignment_id: int, reader: User, now: datetime) -> Assignment:
    """Move an exam to the end of ``reader``'s queue in its batch, and return its assignment.

    The draft is kept. If the exam is already last, nothing changes, so a client that lost the
    response can safely repeat the request.

    Raises:
        Assignment.DoesNotExist: ``reader`` has no such assignment.
        AlreadySubmitted, Withdrawn, StudyNotOpen, BatchClosed, ReaderNotEligible: see
            ``guards.refuse_if_not_waiting``.
    """
    assignment = guards.lock(assignment_id=assignment_id, reader=reader)
    guards.refuse_if_not_waiting(assignment)
    if _is_last(assignment):
        return assignment
    before, assignment.deferred_at = assignment.deferred_at, now
    assignment.save(update_fields=["deferred_at"])
    audit.record(
        actor=reader, action=audit.Action.ASSIGNMENT_DEFERRED, study=assignment.batch.study,
        target=assignment, before={"deferred_at": before}, after={"deferred_at": now}, now=now,
    )  # fmt: skip
    return assignment


def _is_last(assignment: Assignment) -> bool:
    if assignment.deferred_at is None:
        return False
    others = Assignment.objects.visible_to(assignment.reader).waiting().exclude(pk=assignment.pk)
    later = others.filter(batch=assignment.batch_id, deferred_at__gte=assignment.deferred_at)
    return not later.exists()
