"""Whether the audit trail still says what was written, and every reading what was submitted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, TextField
from django.db.models.functions import Cast

from annotations.models import AuditEvent, AuditLink, Notice, NoticeKind, Reading, Role, User
from annotations.services import audit, notices
from ecgreview import chain
from ecgreview.chain import START, Entry, Event, Fault, Head, Kind, Link

ROWS_AT_ONCE = 2000
READINGS_AT_ONCE = 500

EVENTS_PER_BITE = 50_000
READINGS_PER_BITE = 10_000
"""So much a task verifies before it asks for itself again: about 3 s of work each."""

MOMENT = """to_char({0} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            || case when {0} < '0001-01-01 00:00:00+00' then ' BC' else '' end"""
"""A time as the chain writes it. Made of PostgreSQL's own functions: ours could be altered."""

EVENT = f"""e.id::text, {MOMENT.format("e.at")}, e.actor_id::text, e.actor_name, e.action,
       e.study_id::text, e.object_type, e.object_id, e.before, e.after, e.reason"""

LINKED = f"""
    select l.seq, {MOMENT.format("l.chained_at")}, l.previous, l.digest, {EVENT}
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
    """How far the trail and the readings hold.

    Attributes:
        head: the last link that holds: what to write down.
        n_events: how many were verified.
        n_readings: how many were compared with what was submitted.
        fault: the first thing that is wrong, None when all is well.
    """

    head: Head
    n_events: int
    n_readings: int
    fault: Fault | None

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing readings with the events of their submission gave.

    Attributes:
        n_readings: how many are as they were submitted.
        last: the number of the last of them.
        fault: the first that is not, None when there is none.
    """

    n_readings: int
    last: int
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Position:
    """How far a verification in bites has come.

    Attributes:
        head: of the chain.
        is_at_end: whether the chain is done, and readings are compared.
        reading: the number of the last reading that was compared.
        n_readings: how many were.
    """

    head: Head = START
    is_at_end: bool = False
    reading: int = 0
    n_readings: int = 0


def verify(*, after: Head = START, expected: Head | None = None) -> Verification:
    """Verify the whole chain, or what follows ``after``, and then all readings.

    Takes constant memory, and locks nothing.

    Args:
        after: a head up to which all was verified before.
        expected: a head that was written down and must still be there.
    """
    if fault := _check_head(after):
        return Verification(START, 0, 0, fault)
    verdict = chain.verify(entries(after=after), after=after, expected=expected)
    if verdict.fault:
        return Verification(verdict.head, verdict.n_events, 0, verdict.fault)
    compared = check_readings()
    fault = compared.fault or missing_reading()
    return Verification(verdict.head, verdict.n_events, compared.n_readings, fault)


def entries(*, after: Head = START, limit: int | None = None) -> Iterator[Entry]:
    """Yield links and events in order, then an event without a link, if there is any.

    With a ``limit`` that is reached, the chain goes on and nothing is said of other events.
    """
    n_linked = 0
    for row in _rows(LINKED, [after.seq, limit]):
        n_linked += 1
        yield _entry(row)
    if limit is None or n_linked < limit:
        yield from map(_entry, _rows(UNLINKED, []))


def check_readings(*, after: int = 0, limit: int | None = None) -> Compared:
    """Compare each reading with the one event of its submission, up to the first that differs."""
    ordered = Reading.objects.filter(pk__gt=after).order_by("pk")
    walk = islice(audit.with_content(ordered).iterator(chunk_size=READINGS_AT_ONCE), limit)
    n_readings, last = 0, after
    while block := list(islice(walk, READINGS_AT_ONCE)):
        recorded = _submissions(block)
        for reading in block:
            if fault := _compare(reading, recorded.get(str(reading.pk), [])):
                return Compared(n_readings, last, fault)
            n_readings, last = n_readings + 1, reading.pk
    return Compared(n_readings, last, None)


def missing_reading() -> Fault | None:
    """Return the first event of a submission whose reading is gone, None when there is none."""
    kept = Reading.objects.annotate(known_by=Cast("pk", TextField()))
    submitted = AuditEvent.objects.filter(action=audit.Action.READING_SUBMITTED)
    gone = submitted.exclude(Exists(kept.filter(known_by=OuterRef("object_id"))))
    event = gone.select_related("link").order_by("pk").first()
    if event is None:
        return None
    return Fault(Kind.READING_MISSING, event.link.seq, str(event.pk), _number(event.object_id))


def step(position: Position) -> tuple[Position, Verification | None]:
    """Verify the next bite after ``position``.

    Returns:
        Where the next bite begins, and what was found once there is nothing left to verify, or
        something wrong.
    """
    if not position.is_at_end:
        return _chain_step(position)
    compared = check_readings(after=position.reading, limit=READINGS_PER_BITE)
    n_readings = position.n_readings + compared.n_readings
    if not compared.fault and compared.n_readings == READINGS_PER_BITE:
        return replace(position, reading=compared.last, n_readings=n_readings), None
    fault = compared.fault or missing_reading()
    return position, Verification(position.head, position.head.seq, n_readings, fault)


@transaction.atomic
def conclude(*, found: Verification, now: datetime) -> None:
    """Write down what a verification found, and tell the auditors when something is wrong."""
    state = {"head": str(found.head), "n_readings": found.n_readings}
    if found.fault is None:
        audit.record(actor=None, action=audit.Action.AUDIT_VERIFIED, after=state, now=now)
        return
    told = {**state, "kind": found.fault.kind, "fault": str(found.fault)}
    audit.record(actor=None, action=audit.Action.AUDIT_BROKEN, after=told, now=now)
    _tell_auditors(now)


def _tell_auditors(now: datetime) -> None:
    """Leave a notice for each auditor who has none unseen; what is wrong stands on the page."""
    told = Notice.objects.unseen().filter(kind=NoticeKind.AUDIT_BROKEN).values("user")
    auditors = User.objects.filter(is_active=True, groups__name=Role.AUDITOR).exclude(pk__in=told)
    notices.tell(auditors, NoticeKind.AUDIT_BROKEN, {}, now=now)


def _chain_step(position: Position) -> tuple[Position, Verification | None]:
    head = position.head
    verdict = chain.verify(entries(after=head, limit=EVENTS_PER_BITE), after=head)
    if verdict.fault:
        return position, Verification(verdict.head, verdict.head.seq, 0, verdict.fault)
    return Position(verdict.head, verdict.n_events < EVENTS_PER_BITE), None


def _check_head(head: Head) -> Fault | None:
    """Return what became of the link that was written down as ``head``."""
    if head == START:
        return None
    link = AuditLink.objects.filter(seq=head.seq).first()
    if link is None:
        return Fault(Kind.TRUNCATED, head.seq)
    if link.digest == head.digest:
        return None
    return Fault(Kind.REWRITTEN, link.seq, str(link.event_id))


def _rows(query: str, parameters: Sequence[int | None]) -> Iterator[tuple[Any, ...]]:
    """Yield what ``query`` finds, from a cursor that stays in the database."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def _entry(row: tuple[Any, ...]) -> Entry:
    event = Event(*row[N_LINK:])
    return Entry(
        None if row[0] is None else Link(*row[:N_LINK]), None if event.id is None else event
    )


def _submissions(readings: Iterable[Reading]) -> dict[str, list[AuditEvent]]:
    """Return the events of the submission of each reading, by its number as text."""
    recorded: dict[str, list[AuditEvent]] = {}
    events = AuditEvent.objects.filter(
        action=audit.Action.READING_SUBMITTED,
        object_type="reading",
        object_id__in=[str(reading.pk) for reading in readings],
    )
    for event in events:
        recorded.setdefault(event.object_id, []).append(event)
    return recorded


def _compare(reading: Reading, recorded: Sequence[AuditEvent]) -> Fault | None:
    if len(recorded) != 1:
        kind = Kind.READING_RECORDED_TWICE if recorded else Kind.READING_UNRECORDED
        return Fault(kind, other=reading.pk)
    found = chain.content_digest(audit.reading_content(reading))
    if _recorded_digest(recorded[0]) == found:
        return None
    return Fault(Kind.READING_ALTERED, event=str(recorded[0].pk), other=reading.pk)


def _recorded_digest(event: AuditEvent) -> object:
    """Return the digest in ``event``; whoever forged it need not have written JSON."""
    try:
        after = json.loads(event.after)
    except ValueError:
        return None
    return after.get("digest") if isinstance(after, dict) else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
