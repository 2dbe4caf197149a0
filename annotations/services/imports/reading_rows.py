"""Bulk storage of imported readings. Triggers are not bypassed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from annotations.models import (
    Assignment,
    AssignmentState,
    Batch,
    Certainty,
    DiagnosticClass,
    Finding,
    Quality,
    Reading,
    User,
)
from annotations.services.audit import events
from annotations.services.refusals import Refusal
from ecgreview.published_readings import CLASSES, Readings

ROWS_AT_ONCE = 2000

# Stored as the display settings, because those used for published readings are unknown.
DISPLAY = {"imported": "codetest"}

REASON = "Imported: read outside this site."


class Differs(Refusal):
    code = "readings-differ"


def refuse_changed(exams: Sequence[int], readings: Readings, stored: Mapping[str, User]) -> None:
    """Raise if the readings in the files differ from those stored.

    Args:
        exams: exam ids in the order of the rows.
        readings: all readings of the files.
        stored: readers whose readings are stored, by name.

    Raises:
        Differs: names the first cell that differs.
    """
    for number, name in enumerate(readings.readers):
        if name not in stored:
            continue
        cells = np.argwhere(_stored(exams, stored[name]) != readings.states[number])
        if len(cells):
            row, column = cells[0]
            raise Differs(reader=name, row=row + 1, column=CLASSES[column])


def store(
    batch: Batch,
    exams: Sequence[int],
    readings: Readings,
    readers: Mapping[str, User],
    *,
    actor: User,
    now: datetime,
) -> None:
    """Store the readings of ``readers``, whose assignments exist, as submitted at ``now``.

    Args:
        batch: the batch with their assignments.
        exams: exam ids in the order of the rows.
        readings: all readings of the files.
        readers: accounts of the readers to store, by name.
        actor: the person who imports.
        now: time of the import.
    """
    # Performance: set the state in one statement. Otherwise the trigger of each reading would do it
    # and update the counts of the seat every time.
    Assignment.objects.filter(batch=batch).update(state=AssignmentState.READ)
    classes = _classes(batch)
    for name, reader in readers.items():
        own = Assignment.objects.filter(batch=batch, reader=reader)
        assignments = dict(own.values_list("exam", "pk"))
        findings = readings.states[readings.readers.index(name)]
        stored = _readings(batch, reader, [assignments[exam] for exam in exams], findings, now)
        Finding.objects.bulk_create(
            (
                Finding(
                    reading=stored[row],
                    diagnostic_class=classes[CLASSES[column]],
                    certainty=Certainty.DEFINITE,
                )
                for row, column in np.argwhere(findings)
            ),
            batch_size=ROWS_AT_ONCE,
        )
        _record(stored, batch, actor, now)


def _stored(exams: Sequence[int], reader: User) -> NDArray[np.int8]:
    """Return the stored states of ``reader``, shape (n_exams, n_classes)."""
    rows = {exam: row for row, exam in enumerate(exams)}
    columns = {code: column for column, code in enumerate(CLASSES)}
    cells = np.zeros((len(exams), len(CLASSES)), dtype=np.int8)
    findings = Finding.objects.filter(reading__reader=reader)
    for exam, code in findings.values_list("reading__assignment__exam", "diagnostic_class__code"):
        cells[rows[exam], columns[code]] = 1
    return cells


def _classes(batch: Batch) -> dict[str, DiagnosticClass]:
    return {item.code: item for item in batch.taxonomy.classes.all()}


def _readings(
    batch: Batch,
    reader: User,
    assignments: Sequence[int],
    findings: NDArray[np.int8],
    now: datetime,
) -> list[Reading]:
    """Store the readings of one reader, and return them in the order of the rows."""
    return Reading.objects.bulk_create(
        (
            Reading(
                assignment_id=assignment,
                reader=reader,
                protocol_version=batch.protocol_version,
                taxonomy=batch.taxonomy,
                quality=Quality.GOOD,
                n_findings=int(n_findings),
                submitted_at=now,
                idempotency_key=uuid.uuid4(),
                display=DISPLAY,
            )
            for assignment, n_findings in zip(assignments, findings.sum(axis=1), strict=True)
        ),
        batch_size=ROWS_AT_ONCE,
    )


def _record(stored: Sequence[Reading], batch: Batch, actor: User, now: datetime) -> None:
    for start in range(0, len(stored), ROWS_AT_ONCE):
        ids = [reading.pk for reading in stored[start : start + ROWS_AT_ONCE]]
        events.record_submissions(
            Reading.objects.filter(pk__in=ids),
            actor=actor,
            study=batch.study,
            reason=REASON,
            now=now,
        )
