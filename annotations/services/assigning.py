"""Handing exams out: from rows of a plan to assignments with their order, arm and washout."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from annotations.models import Arm, Assignment, Batch, Occurrence, Study, SuggestionPolicy
from ecgreview import design, protocol

ROWS_AT_ONCE = 2000

UNTIL_READ = datetime(9999, 1, 1, tzinfo=UTC)
"""A hidden repeat is held back until a trigger says when, at the first reading of the exam."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading to be made.

    Attributes:
        position: place in the reader's own order in the batch, from 1.
        occurrence: 1, or 2 for a hidden repeat.
    """

    reader_id: int
    exam_id: int
    position: int
    occurrence: int = Occurrence.FIRST


def assign(batch: Batch, rows: Iterable[Row]) -> int:
    """Make the assignments of ``rows`` and return how many; all of them or, on an error, none."""
    study = batch.study
    made = Assignment.objects.bulk_create(
        (_assignment(study, batch, row) for row in rows), batch_size=ROWS_AT_ONCE
    )
    return len(made)


def fingerprint(rows: Iterable[Row]) -> str:
    """Return the SHA-256 of a plan, for the audit trail: who reads what, and in which order."""
    lines = sorted(f"{x.reader_id}:{x.exam_id}:{x.occurrence}:{x.position}" for x in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def arm_of(study: Study, reader_id: int, exam_id: int) -> str:
    """Return what of a model the reader is shown with this exam, under the protocol in force."""
    if study.suggestion_policy != SuggestionPolicy.RANDOMISED:
        return Arm(study.suggestion_policy)
    arms = [protocol.Arm(**given) for given in study.suggestion_arms]
    return protocol.arm(study.seed, reader_id, exam_id, arms)


def _assignment(study: Study, batch: Batch, row: Row) -> Assignment:
    is_repeat = row.occurrence != Occurrence.FIRST
    return Assignment(
        batch=batch,
        exam_id=row.exam_id,
        reader_id=row.reader_id,
        occurrence=row.occurrence,
        position=row.position,
        order_key=design.key(study.seed, row.reader_id, row.exam_id, row.occurrence),
        arm=arm_of(study, row.reader_id, row.exam_id),
        not_before=UNTIL_READ if is_repeat else None,
    )
