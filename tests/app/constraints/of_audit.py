"""The audit trail and its chain."""

from __future__ import annotations

from django.db import connection

from annotations.models import AuditLink
from annotations.services import audit
from tests.app.constraints.acts import change, commit


def _event(the):
    study = the("study")
    return audit.record(
        actor=the("davi"),
        action=audit.Action.STUDY_LOCKED,
        study=study,
        target=study,
        reason="All is read.",
        now=the("now"),
    )


def _linked(the):
    event = _event(the)
    commit()
    return event


def audit_event_says_what(the):
    event = _event(the)
    event.pk, event.action = None, ""
    event.save(force_insert=True)


def audit_event_is_immutable(the):
    change(_event(the), reason="Some is read.")


def audit_link_is_immutable(the):
    change(_linked(the).link, digest="f" * 64)


def audit_link_is_made_by_the_chain(the):
    event = _event(the)
    AuditLink.objects.create(
        seq=10**6, event=event, chained_at=the("now"), previous="f" * 64, digest="f" * 64
    )


def audit_link_counts_from_one(the):
    link = _linked(the).link
    _allow(link)
    change(link, seq=0)


def _allow(link):
    """Let an owner change ``link`` past the trigger: the check is PostgreSQL's own."""
    with connection.cursor() as cursor:
        cursor.execute("alter table annotations_auditlink disable trigger audit_link_is_immutable")
