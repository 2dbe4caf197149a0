"""Browse the audit trail, and export it as a file that can be verified."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import IO

from django.db import models, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotations.models import AuditEvent, User
from annotations.services import audit
from annotations.services.audit import events as audit_events
from annotations.services.refusals import Refusal
from ecgreview import hash_chain
from ecgreview.hash_chain import Entry, Event, Head, Link, files

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}

# Limit of an export over the web: about a second of work, so that even a busy machine stays
# within the ten seconds of a request. The command has no limit.
MAX_EVENTS = 20_000

ROWS_AT_ONCE = 2000


class TooManyEvents(Refusal):
    code = "too-many-events"


class Format(models.TextChoices):
    CSV = "csv", _("CSV, for spreadsheets")
    JSONL = "jsonl", _("JSON Lines")


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Filter of events; empty fields match everything.

    Attributes:
        study: slug.
        person: user name of the actor.
        action: one of ``audit.Action``, or a group of them such as ``batch``.
        object_type: type of the target, such as ``reading``.
        object_id: identifier of the target.
        since: first day, included.
        until: last day, included.
        text: part of the reason.
    """

    study: str = ""
    person: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    since: date | None = None
    until: date | None = None
    text: str = ""

    @property
    def is_everything(self) -> bool:
        return self == EventFilter()


@dataclass(frozen=True, slots=True)
class Exported:
    """An export that was written.

    Attributes:
        digest: SHA-256 of the file.
        head: the last link in it; None if it contains no event.
    """

    n_events: int
    digest: str
    head: Head | None


@dataclass(frozen=True, slots=True)
class Status:
    """The result of the last verification.

    Attributes:
        at: when it ended.
        head: the last link that verified.
        fault: the first fault, empty if there was none.
    """

    at: datetime
    head: Head
    fault: str


def find(events: QuerySet[AuditEvent], event_filter: EventFilter) -> QuerySet[AuditEvent]:
    """Return those of ``events`` that match the filter and are already linked into the chain."""
    exact = {
        "study__slug": event_filter.study,
        "actor__username": event_filter.person,
        "object_type": event_filter.object_type,
        "object_id": event_filter.object_id,
        "reason__icontains": event_filter.text,
    }
    filtered = events.filter(
        link__seq__gte=1, **{key: value for key, value in exact.items() if value}
    )
    if event_filter.action:
        filtered = filtered.filter(action__in=_actions(event_filter.action))
    if event_filter.since:
        filtered = filtered.filter(at__gte=_as_datetime(event_filter.since, time.min))
    if event_filter.until:
        filtered = filtered.filter(at__lte=_as_datetime(event_filter.until, time.max))
    return filtered


def status() -> Status | None:
    """Return the result of the last verification, or None before the first."""
    ends = (audit.Action.AUDIT_VERIFIED, audit.Action.AUDIT_BROKEN)
    last = AuditEvent.objects.filter(action__in=ends).order_by("-pk").first()
    if last is None:
        return None
    state = json.loads(last.after)
    return Status(last.at, hash_chain.head(state["head"]), state.get("fault", ""))


def is_intact(event: AuditEvent) -> bool:
    """Whether ``event`` and its link are unaltered and the link follows the previous one."""
    link, written = entry_of(event)
    if link is None or written is None or hash_chain.link_digest(link, written) != link.digest:
        return False
    before = AuditEvent.objects.filter(link__seq=link.seq - 1).values_list(
        "link__digest", flat=True
    )
    return (before.first() or hash_chain.GENESIS) == link.previous


def entry_of(event: AuditEvent) -> Entry:
    """Return ``event`` and its link, if any, in the form in which their digest was computed."""
    link = getattr(event, "link", None)
    written = Event(
        id=str(event.pk),
        at=_utc(event.at),
        actor=_text(event.actor_id),
        actor_name=event.actor_name,
        action=event.action,
        study=_text(event.study_id),
        object_type=event.object_type,
        object_id=event.object_id,
        before=event.before,
        after=event.after,
        reason=event.reason,
    )
    if link is None:
        return Entry(None, written)
    return Entry(Link(link.seq, _utc(link.chained_at), link.previous, link.digest), written)


def entries(events: QuerySet[AuditEvent]) -> Iterator[Entry]:
    """Yield ``events`` with their links, in the order of the chain."""
    rows = events.order_by("link__seq").values_list(
        *("link__seq", _written("link__chained_at"), "link__previous", "link__digest"),
        *("pk", _written("at"), "actor_id", "actor_name", "action", "study_id"),
        *("object_type", "object_id", "before", "after", "reason"),
    )
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        texts = [None if value is None else str(value) for value in row[4:]]
        yield Entry(Link(*row[:4]), Event(*texts))


@transaction.atomic
def export(
    *,
    file: IO[bytes],
    kind: Format,
    actor: User | None,
    event_filter: EventFilter,
    limit: int | None = None,
    now: datetime,
) -> Exported:
    """Write the events that match ``event_filter`` to ``file``, and record the export as an event.

    ``python -m ecgreview.hash_chain`` verifies such a file. If events were filtered out, it needs
    the option ``--extract``.

    Args:
        file: stays open.
        kind: the format.
        actor: limits the export to events that they may see; None means the operator, who gets
            all events.
        event_filter: selects the events.
        limit: maximum number of events.
        now: time of the export.

    Raises:
        TooManyEvents: there are more than ``limit``.
    """
    visible = AuditEvent.objects.all() if actor is None else AuditEvent.objects.visible_to(actor)
    events = find(visible, event_filter)
    if limit is not None and events[: limit + 1].count() > limit:
        raise TooManyEvents(limit=limit)
    n_events, head, digest = 0, None, hashlib.sha256()
    for written, last in _lines(events, kind):
        file.write(written)
        digest.update(written)
        n_events, head = n_events + (last is not None), last or head
    exported = Exported(n_events, digest.hexdigest(), head)
    audit.record(
        actor=actor,
        action=audit.Action.AUDIT_EXPORTED,
        after={
            "format": kind.value,
            "n_events": n_events,
            "digest": exported.digest,
            "head": str(head or ""),
            "wanted": {key: value for key, value in asdict(event_filter).items() if value},
        },
        now=now,
    )
    return exported


def download(*, kind: Format, actor: User, event_filter: EventFilter, now: datetime) -> bytes:
    """Return the content of an export over the web.

    Raises:
        TooManyEvents: there are more than ``MAX_EVENTS``.
    """
    file = io.BytesIO()
    export(file=file, kind=kind, actor=actor, event_filter=event_filter, limit=MAX_EVENTS, now=now)
    return file.getvalue()


def _lines(events: QuerySet[AuditEvent], kind: Format) -> Iterator[tuple[bytes, Head | None]]:
    """Yield each line of the file and the head after it, which is None for the column names."""
    if kind is Format.CSV:
        yield _csv(files.COLUMNS), None
    for entry in entries(events):
        link, row = entry.link, files.row(entry)
        head = Head(link.seq, link.digest) if link else None
        if kind is Format.CSV:
            yield _csv([files.cell(text) for text in row]), head
        else:
            yield _json(dict(zip(files.COLUMNS, row, strict=True))), head


def _csv(row: tuple[str, ...] | list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue().encode()


def _json(row: Mapping[str, str | None]) -> bytes:
    return f"{json.dumps(row, ensure_ascii=False)}\n".encode()


def _written(field: str) -> models.Func:
    """Return an expression that formats a time in the same way as the chain."""
    template = audit_events.MOMENT.format("%(expressions)s")
    return models.Func(F(field), template=template, output_field=models.TextField())


def _utc(time: datetime) -> str:
    """Format a time in the same way as the chain."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _actions(named: str) -> list[str]:
    """Return the action ``named``, or the actions of the group ``named``.

    Performance: this replaces a ``like``, for which PostgreSQL uses no statistics under row-level
    security. It mistook a frequent group for a rare one and sorted all of it for each page.
    """
    return [
        action
        for action in audit.Action.values
        if action == named or action.startswith(f"{named}.")
    ]


def _as_datetime(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=timezone.get_current_timezone())
