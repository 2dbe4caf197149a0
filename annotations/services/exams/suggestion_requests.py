"""Queuing exams for the criteria model, which a worker runs later."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from annotations.models import (
    Assignment,
    Batch,
    Exam,
    QtCorrection,
    Slot,
    SuggestionModel,
    SuggestionRun,
)
from ecgreview import criteria

ROWS_AT_ONCE = 2000


@transaction.atomic
def request(
    *, exams: Iterable[Exam], now: datetime, qt_correction: str = QtCorrection.BAZETT
) -> None:
    """Queue ``exams`` for the criteria model, except those that are already queued or done."""
    formula = criteria.QtFormula(qt_correction)
    model, _ = SuggestionModel.objects.get_or_create(
        name=criteria.NAME,
        version=criteria.version_of(formula),
        defaults={
            "covered_classes": list(criteria.COVERED),
            "qt_correction": formula,
            "created_at": now,
        },
    )
    SuggestionRun.objects.bulk_create(
        (SuggestionRun(exam=exam, model=model, requested_at=now) for exam in exams),
        batch_size=ROWS_AT_ONCE,
        ignore_conflicts=True,
    )


def request_for_batch(batch: Batch, *, now: datetime) -> None:
    """Queue the exams of ``batch`` that were queued only for other versions of the model.

    The version includes the QT correction, which the protocol of the batch sets.
    """
    version = criteria.version_of(criteria.QtFormula(batch.qt_correction))
    runs = SuggestionRun.objects.filter(exam=OuterRef("pk"), model__name=criteria.NAME)
    assigned = Assignment.objects.filter(batch=batch).values("exam")
    pooled = Slot.objects.filter(batch=batch).values("exam")
    outdated = Exam.objects.filter(
        Q(pk__in=assigned) | Q(pk__in=pooled),
        Exists(runs),
        ~Exists(runs.filter(model__version=version)),
    )
    if exams := list(outdated):
        request(exams=exams, now=now, qt_correction=batch.qt_correction)
