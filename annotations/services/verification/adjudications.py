"""Verify that every adjudication is as the audit trail recorded it."""

from __future__ import annotations

from annotations.models import Adjudication, AuditEvent
from annotations.services import audit
from annotations.services.adjudication import decisions
from ecgreview import hash_chain
from ecgreview.hash_chain import Fault, Kind

ROWS_AT_ONCE = 500


def fault() -> Fault | None:
    """Return the first adjudication that is unrecorded, altered or missing, or None."""
    events = AuditEvent.objects.filter(action=audit.Action.READING_ADJUDICATED)
    recorded = {event.object_id: event for event in events.order_by("pk").iterator()}
    rows = Adjudication.objects.with_decisions().order_by("pk")
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        event = recorded.pop(str(row.pk), None)
        if event is None:
            return Fault(Kind.ADJUDICATION_UNRECORDED, other=row.pk)
        if event.after != hash_chain.canonical_json(decisions.record_of(row)):
            return Fault(Kind.ADJUDICATION_ALTERED, event=str(event.pk), other=row.pk)
    for event in recorded.values():
        return Fault(Kind.ADJUDICATION_MISSING, event=str(event.pk), other=int(event.object_id))
    return None
