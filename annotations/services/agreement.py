"""The agreement of a batch, recomputed from its readings whenever it is due."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F

from annotations.models import AgreementReport, Batch, Finding, NotAssessable, Occurrence, Reading
from annotations.models.reading import ReadingQuerySet
from ecgreview import agreement

_LOCKS = 0x0A62
"""Names our advisory locks among those of the database."""


def refresh_next(*, now: datetime) -> bool:
    """Recompute the agreement of one batch that is due; return False when there is none.

    Several workers share the backlog: an advisory lock claims a batch, not the row, because every
    submission writes that row and must not wait until the statistics are done. The attempt is
    counted before the work begins, and committed: a batch whose agreement comes to no end goes
    behind all others instead of holding them up for ever.
    """
    due = Batch.objects.filter(agreement_is_due=True)
    with transaction.atomic():
        waiting = due.order_by("n_agreement_attempts", "pk")
        claimed = next((found for found in waiting if _claim(found)), None)
        if claimed is None:
            return False
        due.filter(pk=claimed.pk).update(n_agreement_attempts=F("n_agreement_attempts") + 1)
    with transaction.atomic():
        batch = due.filter(pk=claimed.pk).first()
        if batch is not None and _claim(batch):  # else another worker took it in between
            refresh(batch=batch, now=now)
    return True


@transaction.atomic
def refresh(*, batch: Batch, now: datetime) -> AgreementReport:
    """Recompute the agreement of ``batch`` from the blind readings that are there now."""
    readings = list(_blind_readings(batch).select_related("assignment"))
    report, _ = AgreementReport.objects.update_or_create(
        batch=batch,
        defaults={
            "computed_at": now,
            "n_readings": len(readings),
            "results": _results(batch, readings),
        },
    )
    _settle(batch, {reading.pk for reading in readings})
    return report


def _results(batch: Batch, readings: list[Reading]) -> dict[str, Any]:
    """Return the report; its readers are primary keys, for pages to name or to leave unnamed."""
    counted = batch.assignments.filter(occurrence=Occurrence.FIRST)
    pairs = counted.values_list("reader", "exam")
    readers = {reader: row for row, reader in enumerate(sorted({pair[0] for pair in pairs}))}
    exams = {exam: row for row, exam in enumerate(sorted({pair[1] for pair in pairs}))}
    classes = list(batch.taxonomy.classes.order_by("position"))
    columns = {item.pk: column for column, item in enumerate(classes)}
    places = {
        reading.pk: (readers[reading.reader_id], exams[reading.assignment.exam_id])
        for reading in readings
        if reading.is_readable
    }
    states = np.full((len(readers), len(exams), len(classes)), agreement.MISSING, dtype=np.int8)
    for place in places.values():
        states[place] = agreement.ABSENT
    given = Finding.objects.filter(reading__in=places).values_list("reading", "diagnostic_class")
    for reading, diagnostic_class in given:
        states[(*places[reading], columns[diagnostic_class])] = agreement.PRESENT
    untold = NotAssessable.objects.filter(reading__in=places)
    for reading, diagnostic_class in untold.values_list("reading", "diagnostic_class"):
        states[(*places[reading], columns[diagnostic_class])] = agreement.MISSING
    names = [str(reader) for reader in readers]
    return agreement.report(states, names, [item.code for item in classes])


def _claim(batch: Batch) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [_LOCKS, batch.pk])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)


def _settle(batch: Batch, counted: set[int]) -> None:
    """Take the mark away, unless other readings count by now than those in ``counted``.

    Their number would not do: a correction takes the place of what it corrects.

    Whoever submits holds the batch's row until their reading is committed, so under this lock no
    reading can be on its way unseen.
    """
    locked = Batch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if set(_blind_readings(locked).values_list("pk", flat=True)) == counted:
        locked.agreement_is_due = False
    locked.n_agreement_attempts = 0
    locked.save(update_fields=["agreement_is_due", "n_agreement_attempts"])


def _blind_readings(batch: Batch) -> ReadingQuerySet:
    return Reading.objects.counted().filter(assignment__batch=batch)
