"""Show a model's suggestions to a reader, and record when and for how long they were visible."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from annotations.models import (
    Arm,
    Assignment,
    AssignmentState,
    Exposure,
    SuggestionModel,
    SuggestionRun,
    Viewing,
)
from annotations.services import audit
from annotations.services.reading.signing import KeyReused


class Offer(StrEnum):
    """How the reader of an assignment gets suggestions: not at all, on request, or with the exam.

    Requests are recorded, so suggestions that are only offered are not loaded with the exam.
    """

    NONE = "none"
    OFFERED = "offered"
    SHOWN = "shown"


@transaction.atomic
def show(*, assignment: Assignment, now: datetime) -> SuggestionRun:
    """Return the model's suggestions for the exam, and record that its reader was shown them.

    Raises:
        SuggestionRun.DoesNotExist: there are none, or the arm does not show them now.
    """
    # Race: wait for a correction in progress, because showing suggestions makes a reading final.
    Assignment.objects.select_for_update(of=("self",), no_key=True).get(pk=assignment.pk)
    if not is_shown(assignment):
        raise SuggestionRun.DoesNotExist
    run = _visible(assignment).select_related("model").latest("requested_at", "pk")
    _, is_new = Exposure.objects.get_or_create(
        assignment=assignment, run=run, defaults={"arm": assignment.arm, "first_shown_at": now}
    )
    if is_new:
        audit.record(
            actor=assignment.reader, action=audit.Action.SUGGESTION_SHOWN,
            study=assignment.batch.study, target=assignment,
            after={"model": str(run.model), "arm": assignment.arm, "state": assignment.state},
            now=now,
        )  # fmt: skip
    return run


@transaction.atomic
def view(*, assignment: Assignment, key: UUID, shown_ms: int, now: datetime) -> Viewing:
    """Record that the suggestions shown last were visible to the reader for ``shown_ms``.

    If a client loses the response and sends the period again with the same ``key``, it counts once.

    Raises:
        Exposure.DoesNotExist: the reader was shown no suggestions.
        KeyReused: the key belongs to another period.
    """
    exposure = Exposure.objects.filter(assignment=assignment).latest("first_shown_at", "pk")
    viewing = Viewing(exposure=exposure, key=key, shown_ms=shown_ms, told_at=now)
    try:
        with transaction.atomic():
            viewing.save(force_insert=True)
    except IntegrityError as error:
        earlier = Viewing.objects.filter(key=key, exposure=exposure, shown_ms=shown_ms).first()
        if earlier is None:
            raise KeyReused from error
        return earlier
    return viewing


def is_shown(assignment: Assignment) -> bool:
    """Whether the arm of ``assignment`` lets its reader see suggestions now."""
    is_read = assignment.state == AssignmentState.READ
    return assignment.arm == Arm.CONCURRENT or (assignment.arm == Arm.AFTER_COMMIT and is_read)


def offer(assignment: Assignment) -> Offer:
    """Return how the reader of ``assignment`` gets suggestions.

    Requesting offered suggestions makes the reading final.
    """
    if not is_shown(assignment):
        return Offer.NONE
    if assignment.arm == Arm.CONCURRENT or assignment.exposures.exists():
        return Offer.SHOWN
    return Offer.OFFERED if _visible(assignment).exists() else Offer.NONE


def _visible(assignment: Assignment) -> QuerySet[SuggestionRun]:
    """Return the runs that may be shown with ``assignment``, of the models that its batch uses."""
    models = SuggestionModel.objects.under(assignment.batch.qt_correction)
    visible = SuggestionRun.objects.visible_to(assignment.reader)
    return visible.filter(exam=assignment.exam_id, model__in=models)
