"""Violations of the constraints on audit events and their chain."""

from __future__ import annotations

from django.db import connection

from annotations.models import AuditLink
from annotations.services import audit
from tests.app.constraints.acts import check_constraints, update_row


def _event(fixture):
    study = fixture("study")
    return audit.record(
        actor=fixture("davi"),
        action=audit.Action.STUDY_LOCKED,
        study=study,
        target=study,
        reason="All is read.",
        now=fixture("now"),
    )


def _linked(fixture):
    event = _event(fixture)
    check_constraints()
    return event


def audit_event_says_what(fixture):
    event = _event(fixture)
    event.pk, event.action = None, ""
    event.save(force_insert=True)


def audit_event_is_immutable(fixture):
    update_row(_event(fixture), reason="Some is read.")


def audit_link_is_immutable(fixture):
    update_row(_linked(fixture).link, digest="f" * 64)


def audit_link_is_made_by_the_chain(fixture):
    event = _event(fixture)
    AuditLink.objects.create(
        seq=10**6, event=event, chained_at=fixture("now"), previous="f" * 64, digest="f" * 64
    )


def audit_link_counts_from_one(fixture):
    link = _linked(fixture).link
    _allow(link)
    update_row(link, seq=0)


def _allow(link):
    """Disable the trigger, so that the change reaches the check constraint."""
    with connection.cursor() as cursor:
        cursor.execute("alter table annotations_auditlink disable trigger audit_link_is_immutable")
