"""Confirmations: agreeing with a suggestion that matches the reader's own finding."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from annotations.models import Arm, Assignment, Confirmation, User
from annotations.services import audit
from annotations.services.assignment import guards
from annotations.services.audit import signed_content
from annotations.services.reading import revisions, suggestion_decisions


@transaction.atomic
def confirm(
    *, assignment_id: int, reader: User, code: str, now: datetime
) -> tuple[Confirmation, bool]:
    """Record that ``reader`` agrees with a suggested class that they had marked themselves.

    The reading does not change. Confirming the same class again has no effect.

    Returns:
        The confirmation, and whether it had been stored before.

    Raises:
        Assignment.DoesNotExist: ``reader`` has no such assignment.
        NothingToRevise, NothingShown, AlreadyRevised: as for a revision.
        Withdrawn, StudyNotOpen, BatchClosed, ReaderNotEligible: the reader may no longer read the
            exam.
        UnknownSuggestion: the class was not suggested.
        AcceptedWithoutFinding: the reading does not contain the class, so it needs a revision.
    """
    assignment = guards.lock(assignment_id=assignment_id, reader=reader)
    earlier = Confirmation.objects.filter(
        reading__in=assignment.readings.effective(), diagnostic_class__code=code
    ).first()
    if earlier is not None:
        return earlier, True
    blind = revisions.blind_reading(assignment)
    guards.refuse_if_ended(assignment)
    suggestion = suggestion_decisions.shown_to(assignment, Arm.AFTER_COMMIT).get(code)
    if suggestion is None:
        raise suggestion_decisions.UnknownSuggestion([code])
    if not blind.findings.filter(diagnostic_class__code=code).exists():
        raise suggestion_decisions.AcceptedWithoutFinding([code])
    confirmation = Confirmation.objects.create(
        reading=blind, run_id=suggestion.run_id,
        diagnostic_class_id=suggestion.diagnostic_class_id, confirmed_at=now,
    )  # fmt: skip
    _record(confirmation, assignment, code, now)
    revisions.refuse_if_closed(assignment.batch)
    return confirmation, False


def _record(confirmation: Confirmation, assignment: Assignment, code: str, now: datetime) -> None:
    audit.record(
        actor=confirmation.reading.reader, action=audit.Action.SUGGESTION_CONFIRMED,
        study=assignment.batch.study, target=confirmation.reading,
        after={"assignment": assignment.pk, "class": code, "model": str(confirmation.run.model),
               "digest": signed_content.reading_digest(confirmation.reading)},
        now=now,
    )  # fmt: skip
