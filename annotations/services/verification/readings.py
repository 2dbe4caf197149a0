"""Verify that every reading, its assignment and its ECG are as they were submitted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast

from annotations.models import AuditEvent, Reading
from annotations.services import audit
from annotations.services.audit import signed_content
from ecgreview.hash_chain import Fault, Kind

READINGS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """Result of comparing rows with their events.

    Attributes:
        n: number of rows that match.
        last: id of the last of them; if there are none, the id after which the check began.
        fault: the first row that differs, or None.
    """

    n: int
    last: int
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """The events about one reading.

    Attributes:
        submitted: its submission events; there must be exactly one.
        bound: events that bind the reading to its assignment and exam, if its digest has version 1.
    """

    submitted: list[AuditEvent]
    bound: list[AuditEvent]


def check(*, after: int = 0, limit: int | None = None) -> Compared:
    """Compare readings with their submission events, up to the first that differs.

    Args:
        after: only readings with greater ids are compared.
        limit: maximum number of readings; None: all.
    """
    ordered = Reading.objects.filter(pk__gt=after).order_by("pk")
    walk = islice(signed_content.with_content(ordered).iterator(chunk_size=READINGS_AT_ONCE), limit)
    n_readings, last = 0, after
    while block := list(islice(walk, READINGS_AT_ONCE)):
        recorded = _recorded(block)
        for reading in block:
            if fault := _compare(reading, recorded[str(reading.pk)]):
                return Compared(n_readings, last, fault)
            n_readings, last = n_readings + 1, reading.pk
    return Compared(n_readings, last, None)


def missing() -> Fault | None:
    """Return a fault for the first submission event whose reading is gone, or None."""
    stored = Reading.objects.annotate(known_by=Cast("pk", TextField()))
    submitted = AuditEvent.objects.filter(action=audit.Action.READING_SUBMITTED)
    missing = submitted.exclude(Exists(stored.filter(known_by=OuterRef("object_id"))))
    event = missing.select_related("link").order_by("pk").first()
    if event is None:
        return None
    number = int(event.object_id) if event.object_id.isdecimal() else None
    return Fault(Kind.READING_MISSING, event.link.seq, str(event.pk), number)


def state(event: AuditEvent) -> Mapping[str, Any]:
    """Return the state after ``event``; empty if it is not valid JSON, as in a forged event."""
    try:
        after = json.loads(event.after)
    except ValueError:
        return {}
    return after if isinstance(after, dict) else {}


def _recorded(readings: Iterable[Reading]) -> dict[str, Recorded]:
    """Return the events about each of ``readings``, by its id as text."""
    by_reading = {str(reading.pk): Recorded([], []) for reading in readings}
    events = AuditEvent.objects.filter(
        action__in=[audit.Action.READING_SUBMITTED, audit.Action.AUDIT_RECORDED],
        object_type="reading",
        object_id__in=list(by_reading),
    )
    for event in events:
        of_one = by_reading[event.object_id]
        is_submission = event.action == audit.Action.READING_SUBMITTED
        (of_one.submitted if is_submission else of_one.bound).append(event)
    return by_reading


def _compare(reading: Reading, recorded: Recorded) -> Fault | None:
    if len(recorded.submitted) != 1:
        is_twice = bool(recorded.submitted)
        kind = Kind.READING_RECORDED_TWICE if is_twice else Kind.READING_UNRECORDED
        return Fault(kind, other=reading.pk)
    (event,) = recorded.submitted
    recorded_digests, computed = state(event), signed_content.digests(reading)
    if recorded_digests.get("version") == signed_content.VERSION:
        return _differing(reading, event, recorded_digests, computed)
    # Version 1: this event has the digest of the content. Another event, created by an upgrade, has
    # those of the assignment and the exam.
    if recorded_digests.get("digest") != computed["content"]:
        return Fault(Kind.READING_ALTERED, event=str(event.pk), other=reading.pk)
    return _bound(reading, recorded.bound, computed)


def _bound(
    reading: Reading, bound: Sequence[AuditEvent], computed: Mapping[str, str]
) -> Fault | None:
    if len(bound) != 1:
        return Fault(Kind.READING_UNBOUND, other=reading.pk)
    return _differing(reading, bound[0], state(bound[0]), computed)


def _differing(
    reading: Reading, event: AuditEvent, recorded: Mapping[str, Any], computed: Mapping[str, str]
) -> Fault | None:
    """Return a fault for the first part of ``reading`` that differs from ``recorded``, or None."""
    number, assignment = str(event.pk), reading.assignment
    if recorded.get("content") != computed["content"]:
        return Fault(Kind.READING_ALTERED, event=number, other=reading.pk)
    if recorded.get("given") != computed["given"]:
        return Fault(Kind.ASSIGNMENT_ALTERED, event=number, other=assignment.pk)
    if recorded.get("exam") != computed["exam"]:
        return Fault(
            Kind.EXAM_ALTERED, event=number, other=assignment.exam_id, name=assignment.exam.code
        )
    if recorded.get("digest") != computed["digest"]:
        return Fault(Kind.READING_ALTERED, event=number, other=reading.pk)
    return None
