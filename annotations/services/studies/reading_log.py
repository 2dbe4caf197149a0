"""Readings without their content: when they were submitted, how long they took, which are equal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.postgres.aggregates import BitXor
from django.db.models import BigIntegerField, Expression, F, FloatField, Func, QuerySet, Value

from annotations import row_security
from annotations.models import Batch, Finding, NotAssessable, Reading

# Performance: times as numbers, because the driver takes three times as long to parse formatted
# ones.
EPOCH = Func(
    F("submitted_at"), template="extract(epoch from %(expressions)s)::float8",
    output_field=FloatField(),
)  # fmt: skip

Answer = tuple[str, int]


@dataclass(slots=True)
class Record:
    """One reader's readings in the order of submission.

    Attributes:
        active_ms: active time of each reading in milliseconds.
        answers: a number for each reading; equal numbers mean equal answers.
    """

    times: list[datetime]
    active_ms: list[int]
    answers: list[int]


def of_batches(batches: Iterable[Batch]) -> defaultdict[int, Record]:
    """Return the record of each reader in ``batches``, by user id.

    Nobody but the reader may see a reading of an open batch, so the result reveals which answers
    are equal, but not what they are. Leaves out abstentions and readings that were corrected.
    """
    # Ids, not a subquery, so that the planner can estimate the rows of each batch.
    readings = Reading.objects.filter(assignment__batch__in=[batch.pk for batch in batches])
    rows = (
        readings.blind()
        .effective()
        .answered()
        .order_by("submitted_at", "pk")
        .values_list("pk", "reader_id", EPOCH, "active_ms", "quality")
    )
    records: defaultdict[int, Record] = defaultdict(lambda: Record([], [], []))
    numbers: dict[Answer, int] = {}
    with row_security.as_owner():
        digests = _digests(readings)
        for pk, reader_id, epoch, active_ms, quality in rows:
            answer = (quality, digests.get(pk, 0))
            record = records[reader_id]
            record.times.append(datetime.fromtimestamp(epoch, UTC))
            record.active_ms.append(active_ms)
            record.answers.append(numbers.setdefault(answer, len(numbers)))
    return records


def _digests(readings: QuerySet[Reading]) -> dict[int, int]:
    """Return a digest of the classes of each reading, by reading id.

    64 bits are enough: even among a million different answers, the probability of a collision is
    below one in ten million.
    """
    findings = Finding.objects.filter(reading__in=readings)
    not_assessable = NotAssessable.objects.filter(reading__in=readings)
    # One table at a time: a join would repeat each finding for each class marked not assessable.
    class_digests = _digested(findings, F("certainty")).union(
        _digested(not_assessable, Value("")), all=True
    )
    by_reading: dict[int, int] = {}
    for reading_id, digest in class_digests:
        by_reading[reading_id] = by_reading.get(reading_id, 0) ^ digest
    return by_reading


def _digested(
    rows: QuerySet[Finding] | QuerySet[NotAssessable], value: Expression | F
) -> QuerySet[Any, tuple[int, int]]:
    """Return a digest of each reading's classes and ``value``, independent of their order.

    The XOR never cancels two classes out, because a reading has each class at most once.
    """
    digest = Func(
        value, F("diagnostic_class_id"),
        function="hashtextextended", output_field=BigIntegerField(),
    )  # fmt: skip
    return (
        rows.order_by()
        .values("reading")
        .annotate(digest=BitXor(digest))
        .values_list("reading", "digest")
    )
