"""Turn the rows of a plan into assignments with order, arm and washout."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from annotations.models import Arm, Assignment, Batch, Occurrence
from annotations.services.studies import protocols
from ecgreview import design, protocol
from ecgreview.protocol import Protocol

ROWS_AT_ONCE = 2000

# ``not_before`` of a hidden repeat until the first reading of the exam. Then a trigger sets the
# real date.
UNTIL_READ = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One assignment to create.

    Attributes:
        position: place in the reader's order in the batch, from 1.
        occurrence: one of ``Occurrence``.
    """

    reader_id: int
    exam_id: int
    position: int
    occurrence: int = Occurrence.FIRST


def assign(batch: Batch, rows: Iterable[Row]) -> int:
    """Create an assignment for each of ``rows``, all or none, and return their number."""
    rules = protocols.of_batch(batch)
    assignments = Assignment.objects.bulk_create(
        (_assignment(batch, rules, row) for row in rows), batch_size=ROWS_AT_ONCE
    )
    return len(assignments)


def fingerprint(rows: Iterable[Row]) -> str:
    """Return the SHA-256 of a plan for the audit trail: who reads what, and in which order."""
    lines = sorted(f"{x.reader_id}:{x.exam_id}:{x.occurrence}:{x.position}" for x in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def arm_of(rules: Protocol, seed: str, reader_id: int, exam_id: int) -> str:
    """Return the arm of this reader and exam: when a model's suggestions are shown, if at all.

    If arms are randomized, ``seed`` (the study's) determines the draw. ``rules`` is the protocol
    under which the batch was created.
    """
    if rules.suggestion_policy == "randomised":
        return protocol.arm(seed, reader_id, exam_id, rules.suggestion_arms)
    return Arm(rules.suggestion_policy)


def _assignment(batch: Batch, rules: Protocol, row: Row) -> Assignment:
    seed = batch.study.seed
    is_repeat = row.occurrence == Occurrence.REPEAT
    return Assignment(
        batch=batch,
        exam_id=row.exam_id,
        reader_id=row.reader_id,
        occurrence=row.occurrence,
        position=row.position,
        order_key=design.key(seed, row.reader_id, row.exam_id, row.occurrence),
        arm=arm_of(rules, seed, row.reader_id, row.exam_id),
        not_before=UNTIL_READ if is_repeat else None,
    )
