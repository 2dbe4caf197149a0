"""Verify that the audit trail is unaltered, and that stored rows are as it recorded them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from annotations.models import AuditLink, Notice, NoticeKind, Role, User
from annotations.services import audit
from annotations.services.audit import events
from annotations.services.notices import delivery
from annotations.services.verification import (
    accounts,
    adjudications,
    readings,
    results,
    studies,
    tracings,
)
from ecgreview import hash_chain
from ecgreview.hash_chain import START, Entry, Event, Fault, Head, Kind, Link

ROWS_AT_ONCE = 2000

# How many rows one step verifies; each of these numbers takes about 3 s.
EVENTS_PER_SLICE = 50_000
READINGS_PER_SLICE = 5_000
TRACINGS_PER_SLICE = 1_000

EVENT = f"""e.id::text, {events.MOMENT.format("e.at")}, e.actor_id::text, e.actor_name, e.action,
       e.study_id::text, e.object_type, e.object_id, e.before, e.after, e.reason"""

LINKED = f"""
    select l.seq, {events.MOMENT.format("l.chained_at")}, l.previous, l.digest, {EVENT}
      from annotations_auditlink l left join annotations_auditevent e on e.id = l.event_id
     where l.seq > %s order by l.seq limit %s
"""  # noqa: S608

UNLINKED = f"""
    select null, null, null, null, {EVENT}
      from annotations_auditevent e
     where not exists (select from annotations_auditlink l where l.event_id = e.id)
     order by e.id limit 1
"""  # noqa: S608

N_LINK = 4


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification.

    Attributes:
        head: the last link that verified, to be stored elsewhere.
        n_events: number of events verified.
        n_readings: number of readings compared with their submission events.
        fault: the first fault, or None.
    """

    head: Head
    n_events: int
    n_readings: int
    fault: Fault | None

    @property
    def holds(self) -> bool:
        return self.fault is None


class Part(StrEnum):
    """The parts that are verified, in this order."""

    CHAIN = "chain"
    READINGS = "readings"
    TRACINGS = "tracings"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a verification that runs in time slices has progressed.

    Attributes:
        head: the last link that was verified.
        part: the part to continue with.
        last: id of the last row of that part that was compared; for ``Part.RECORDS``, the number of
            checks that were made.
        n_readings: number of readings compared.
    """

    head: Head = START
    part: Part = Part.CHAIN
    last: int = 0
    n_readings: int = 0


# Checks that are not divided: each runs completely in one slice.
RECORDS: Sequence[Callable[[], Fault | None]] = (
    readings.missing,
    adjudications.fault,
    studies.taxonomy_fault,
    studies.protocol_fault,
    studies.study_fault,
    studies.reader_fault,
    studies.seen_fault,
    results.consensus_fault,
    results.report_fault,
    accounts.role_fault,
    accounts.account_fault,
)


def verify(*, after: Head = START, expected: Head | None = None) -> Verification:
    """Verify the whole chain, or what follows ``after``, and then the rows that it recorded.

    Memory use does not grow with the number of events or readings. Takes no locks.

    Args:
        after: a head up to which the chain was verified before.
        expected: a head that was stored elsewhere and must still exist.
    """
    if fault := check_head(after):
        return Verification(START, 0, 0, fault)
    verdict = hash_chain.verify(entries(after=after), after=after, expected=expected)
    if verdict.fault:
        return Verification(verdict.head, verdict.n_events, 0, verdict.fault)
    compared = readings.check()
    fault = compared.fault or tracings.check().fault
    fault = fault or next(filter(None, (check() for check in RECORDS)), None)
    return Verification(verdict.head, verdict.n_events, compared.n, fault)


def entries(*, after: Head = START, limit: int | None = None) -> Iterator[Entry]:
    """Yield links and events in order, then an event without a link, if there is one.

    With a ``limit`` that is reached, unlinked events are not checked.
    """
    n_linked = 0
    for row in _rows(LINKED, [after.seq, limit]):
        n_linked += 1
        yield _entry(row)
    if limit is None or n_linked < limit:
        yield from map(_entry, _rows(UNLINKED, []))


def step(position: Position) -> tuple[Position, Verification | None]:
    """Verify the next time slice after ``position``.

    Returns:
        The next position and None; at the end or at a fault, ``position`` and the result.
    """
    after, fault = SLICES[position.part](position)
    if fault is None and after is not None:
        return after, None
    at = after or position
    return position, Verification(at.head, at.head.seq, at.n_readings, fault)


def _chain_slice(at: Position) -> tuple[Position | None, Fault | None]:
    verdict = hash_chain.verify(entries(after=at.head, limit=EVENTS_PER_SLICE), after=at.head)
    is_at_end = verdict.n_events < EVENTS_PER_SLICE
    part = Part.READINGS if is_at_end else Part.CHAIN
    return Position(verdict.head, part), verdict.fault


def _readings_slice(at: Position) -> tuple[Position | None, Fault | None]:
    compared = readings.check(after=at.last, limit=READINGS_PER_SLICE)
    at = replace(at, last=compared.last, n_readings=at.n_readings + compared.n)
    if compared.n < READINGS_PER_SLICE:
        at = replace(at, part=Part.TRACINGS, last=0)
    return at, compared.fault


def _tracings_slice(at: Position) -> tuple[Position | None, Fault | None]:
    compared = tracings.check(after=at.last, limit=TRACINGS_PER_SLICE)
    if compared.n < TRACINGS_PER_SLICE:
        return replace(at, part=Part.RECORDS, last=0), compared.fault
    return replace(at, last=compared.last), compared.fault


def _records_slice(at: Position) -> tuple[Position | None, Fault | None]:
    if at.last == len(RECORDS):
        return None, None
    return replace(at, last=at.last + 1), RECORDS[at.last]()


SLICES: dict[Part, Callable[[Position], tuple[Position | None, Fault | None]]] = {
    Part.CHAIN: _chain_slice,
    Part.READINGS: _readings_slice,
    Part.TRACINGS: _tracings_slice,
    Part.RECORDS: _records_slice,
}


@transaction.atomic
def conclude(*, result: Verification, now: datetime) -> None:
    """Record the result of a verification, and notify auditors of a fault."""
    state = {"head": str(result.head), "n_readings": result.n_readings}
    if result.fault is None:
        audit.record(actor=None, action=audit.Action.AUDIT_VERIFIED, after=state, now=now)
        return
    after = {**state, "kind": result.fault.kind, "fault": str(result.fault)}
    audit.record(actor=None, action=audit.Action.AUDIT_BROKEN, after=after, now=now)
    _notify_auditors(now)


def _notify_auditors(now: datetime) -> None:
    """Notify the auditors, except those who have an unseen notice of a fault already.

    The notice contains no details: the audit page shows the fault.
    """
    notified = Notice.objects.unseen().filter(kind=NoticeKind.AUDIT_BROKEN).values("user")
    auditors = User.objects.filter(is_active=True, groups__name=Role.AUDITOR).exclude(
        pk__in=notified
    )
    delivery.notify(auditors, NoticeKind.AUDIT_BROKEN, {}, now=now)


def check_head(head: Head) -> Fault | None:
    """Return a fault if the chain no longer contains the link that ``head`` names, or None."""
    if head == START:
        return None
    link = AuditLink.objects.filter(seq=head.seq).first()
    if link is None:
        return Fault(Kind.TRUNCATED, head.seq)
    if link.digest == head.digest:
        return None
    return Fault(Kind.REWRITTEN, link.seq, str(link.event_id))


def _rows(query: str, parameters: Sequence[int | None]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of ``query`` from a server-side cursor."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def _entry(row: tuple[Any, ...]) -> Entry:
    event = Event(*row[N_LINK:])
    return Entry(
        None if row[0] is None else Link(*row[:N_LINK]), None if event.id is None else event
    )
