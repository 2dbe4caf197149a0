"""An audit event formatted for pages: its fields before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from annotations.models import AuditEvent, User
from annotations.services.audit import Action

MISSING = "–"


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    before: str
    after: str
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    event: AuditEvent
    seq: int
    label: str
    who: str
    target: str


def line(event: AuditEvent) -> Line:
    """Return the list row of ``event``. The event's actor and link should be fetched with it."""
    return Line(
        event=event,
        seq=event.link.seq,
        label=label(event.action),
        who=who(event),
        target=" ".join(filter(None, (event.object_type, event.object_id))),
    )


def label(action: str) -> str:
    """Return the translated name of an action, or its code if this version does not know it."""
    return str(Action(action).label) if action in Action.values else action


def who(event: AuditEvent) -> str:
    """Return the actor's name: the current name of the account, or the stored name."""
    if event.actor is None:
        return event.actor_name or _("The system")
    return str(event.actor)


def target_url(event: AuditEvent, user: User) -> str:
    """Return the URL of the page about the event's target, or "" if it has none for ``user``."""
    places = {"study": ("study", "slug"), "batch": ("batch", "pk")}
    if user.has_perm("annotations.invite_user"):
        places["user"] = ("person", "pk")
    if event.object_type not in places:
        return ""
    name, key = places[event.object_type]
    known_by = event.study.slug if key == "slug" and event.study else event.object_id
    try:
        return reverse(name, kwargs={key: known_by})
    except NoReverseMatch:
        return ""


def changes(event: AuditEvent) -> list[Change]:
    """Return every field of ``event.before`` and ``event.after``, changed ones first."""
    before, after = dict(_flat(_read(event.before))), dict(_flat(_read(event.after)))
    fields = [*before, *(field for field in after if field not in before)]
    lines = [
        Change(
            field=field,
            before=before.get(field, MISSING),
            after=after.get(field, MISSING),
            is_changed=before.get(field) != after.get(field),
        )
        for field in fields
    ]
    return sorted(lines, key=lambda change: not change.is_changed)


def _read(text: str) -> Any:
    """Parse a stored state. It may be invalid JSON if somebody tampered with it."""
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {"": text}


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of ``value`` with their paths, such as ``protocol.due_on``."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif path or value not in ({}, None):
        yield path, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
