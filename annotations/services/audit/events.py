"""Record who did what to what and why, in the same transaction as the action."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from annotations import row_security
from annotations.models import AuditEvent, Reading, Study, User
from annotations.services.audit import signed_content
from ecgreview import hash_chain

# SQL that formats a time as in the chain. It uses only functions that are built into PostgreSQL,
# because somebody with access to the database could alter functions of our own.
MOMENT = """to_char({0} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            || case when {0} < '0001-01-01 00:00:00+00' then ' BC' else '' end"""


class Action(models.TextChoices):
    """All actions that are recorded. The part before the dot is the group shown on pages."""

    PEOPLE_CREATED = "people.created", _("Account created")
    PEOPLE_INVITED = "people.invited", _("Person invited")
    PEOPLE_INVITATION_WITHDRAWN = "people.invitation_withdrawn", _("Invitation withdrawn")
    PEOPLE_ACCEPTED = "people.accepted", _("Invitation accepted")
    PEOPLE_CHANGED = "people.changed", _("Roles or details changed")
    PEOPLE_DEACTIVATED = "people.deactivated", _("Access ended")
    PEOPLE_ACTIVATED = "people.activated", _("Access restored")
    PEOPLE_TOKEN_MADE = "people.token_made", _("Token created")
    PEOPLE_TOKENS_DELETED = "people.tokens_deleted", _("Tokens deleted")
    PEOPLE_LINK_MADE = "people.link_made", _("Sign-in link created")
    PEOPLE_VOUCHED = "people.vouched", _("Account vouched for by another coordinator")
    PEOPLE_PASSWORD_CHANGED = "people.password_changed", _("Password changed")
    PEOPLE_PASSWORD_RESET = "people.password_reset", _("Password reset requested")

    SIGNED_IN = "session.signed_in", _("Signed in")
    SIGN_IN_FAILED = "session.sign_in_failed", _("Sign-in failed")
    LOCKED_OUT = "session.locked_out", _("Locked out")
    SIGNED_OUT = "session.signed_out", _("Signed out")
    SESSIONS_ENDED = "session.ended", _("Sessions ended")
    MFA_ADDED = "session.mfa_added", _("Second factor added")
    MFA_REMOVED = "session.mfa_removed", _("Second factor removed")
    MFA_RECOVERY_CODES_MADE = "session.mfa_recovery_codes_made", _("Recovery codes created")
    MFA_RESET = "session.mfa_reset", _("Second factors reset")

    STUDY_CREATED = "study.created", _("Study created")
    STUDY_CHANGED = "study.protocol_changed", _("Protocol of a draft study changed")
    STUDY_OPENED = "study.opened", _("Study opened")
    STUDY_AMENDED = "study.amended", _("Protocol amended")
    STUDY_LOCKED = "study.locked", _("Study locked")
    STUDY_RELEASED = "study.released", _("Study released")
    GLASS_BROKEN = "study.glass_broken", _("Glass broken")
    STUDY_EXAMS_ADDED = "study.exams_added", _("Exams added to a study")
    STUDY_EXAMS_REMOVED = "study.exams_removed", _("Exams removed from a study")
    STUDY_GOLD_NAMED = "study.gold_named", _("Gold exams added or changed")
    STUDY_GOLD_REMOVED = "study.gold_removed", _("Gold exams removed")
    STUDY_GOLD_SEEN = "study.gold_seen", _("Gold exams viewed")
    STUDY_ANCHORS_CHOSEN = "study.anchors_chosen", _("Anchor exams chosen")

    READER_ADDED = "reader.added", _("Reader added")
    READER_REMOVED = "reader.removed", _("Reader removed from a draft study")
    READER_CAPPED = "reader.capped", _("Reader limit changed")
    READER_PAUSED = "reader.paused", _("Reader paused")
    READER_RESUMED = "reader.resumed", _("Reader resumed")
    READER_WITHDRAWN = "reader.withdrawn", _("Reader withdrawn")
    READER_QUALIFIED = "reader.qualified", _("Reader qualified")
    READER_FAILED = "reader.failed", _("Qualification not passed")

    BATCH_PLANNED = "batch.planned", _("Batch planned")
    BATCH_DISCARDED = "batch.discarded", _("Batch plan discarded")
    BATCH_RELEASED = "batch.released", _("Batch released")
    BATCH_CLOSED = "batch.closed", _("Batch closed")
    COMMITTEE_SESSION_BEGUN = "batch.session_begun", _("Committee session begun")
    COMMITTEE_SESSION_ENDED = "batch.session_ended", _("Committee session ended")
    BATCH_DUE_CHANGED = "batch.due_changed", _("Due date changed")

    ASSIGNMENT_MADE = "assignment.made", _("Exams assigned")
    ASSIGNMENT_REASSIGNED = "assignment.reassigned", _("Exams reassigned")
    ASSIGNMENT_LEASED = "assignment.leased", _("Exam taken from the pool")
    ASSIGNMENT_DEFERRED = "assignment.deferred", _("Exam skipped for now by its reader")
    ASSIGNMENT_RECLAIMED = "assignment.reclaimed", _("Exam returned to the pool")

    READING_SUBMITTED = "reading.submitted", _("Reading submitted")
    READING_REVISED = "reading.revised", _("Reading revised after suggestions")
    READING_SUPERSEDED = "reading.superseded", _("Reading corrected by its reader")
    READING_ADJUDICATED = "reading.adjudicated", _("Classes in dispute decided")
    READINGS_IMPORTED = "reading.imported", _("External readings imported")
    SUGGESTION_CONFIRMED = "suggestion.confirmed", _("Suggestion confirmed by its reader")
    SUGGESTION_SHOWN = "suggestion.shown", _("Suggestion shown")
    RESULTS_SEEN = "results.seen", _("Results viewed")
    EXPORT_MADE = "export.made", _("Study exported")
    EXPORT_DOWNLOADED = "export.downloaded", _("Export downloaded")
    DATA_RELEASE_REQUESTED = "export.release_requested", _("Data release requested")
    DATA_RELEASE_CANCELED = "export.release_canceled", _("Data release canceled")
    DATA_RELEASE_MADE = "export.release_made", _("Data release created")
    DATA_RELEASE_DOWNLOADED = "export.release_downloaded", _("Data release downloaded")
    SCORING_TEAM_CREATED = "scoring.team_created", _("Team for predictions created")
    SCORING_TEAM_TOKEN_REPLACED = (
        "scoring.token_replaced",
        _("Token of a team for predictions replaced"),
    )
    SCORING_TEAM_CLOSED = "scoring.team_closed", _("Team for predictions closed")
    PREDICTIONS_SCORED = "scoring.scored", _("Predictions scored")
    AGREEMENT_REQUESTED = "agreement.requested", _("Agreement requested")
    AGREEMENT_CANCELED = "agreement.cancelled", _("Agreement computation stopped")
    AGREEMENT_COMPUTED = "agreement.computed", _("Agreement computed")
    CONSENSUS_COMPUTED = "consensus.computed", _("Consensus computed")
    AGREEMENT_PRINTED = "agreement.printed", _("Agreement printed on the command line")
    DISPUTES_LISTED = "consensus.disputes_listed", _("Dispute queue listed or downloaded")

    TAXONOMY_INSTALLED = "taxonomy.installed", _("List of classes installed")
    TAXONOMY_MAPPED = "taxonomy.mapped", _("Classes mapped to a new list")
    EXAMS_IMPORTED = "exams.imported", _("Exams imported")
    DATASET_CHANGED = "exams.dataset_changed", _("Data set changed")
    EXAMS_LINKED = "exams.linked", _("Exams of one patient linked")

    AUDIT_EXPORTED = "audit.exported", _("Audit trail exported")
    AUDIT_VERIFIED = "audit.verified", _("Audit trail verified")
    AUDIT_BROKEN = "audit.broken", _("Audit trail verification failed")
    AUDIT_RECORDED = "audit.recorded", _("State recorded during an upgrade")


class NotInTransaction(RuntimeError):
    """An event must be written in the same transaction as the action it records."""


class UnknownAction(ValueError):
    pass


def record(
    *,
    actor: User | None,
    action: Action | str,
    study: Study | None = None,
    target: models.Model | tuple[str, object] | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    now: datetime,
) -> AuditEvent:
    """Record an action in the transaction that performs it.

    When the transaction commits, the database links the event into the chain; a rollback removes
    the event as well. Events contain no labels: for a reading, they contain digests of its answers.

    Args:
        actor: who did it; None for the system itself, or if unknown.
        action: one of ``Action``.
        study: the study concerned, if any.
        target: what it was done to: a row, or a type and an identifier.
        before: the state before, only of what changed.
        after: the state after.
        reason: the actor's own words.
        now: time of the action.

    Raises:
        NotInTransaction: no transaction is open.
        UnknownAction: there is no such action.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(action)
    if action not in Action.values:
        raise UnknownAction(action)
    object_type, object_id = _named(target)
    with row_security.as_owner():
        return AuditEvent.objects.create(
            at=now,
            actor=actor,
            actor_name=actor.get_username() if actor else "",
            action=str(action),
            study=study,
            object_type=object_type,
            object_id=object_id,
            before=_written(before),
            after=_written(after),
            reason=reason,
        )


def record_submissions(
    readings: QuerySet[Reading], *, actor: User, study: Study, reason: str, now: datetime
) -> None:
    """Record in one query that ``actor`` submitted these readings on behalf of their readers."""
    AuditEvent.objects.bulk_create(
        AuditEvent(
            at=now,
            actor=actor,
            actor_name=actor.get_username(),
            action=Action.READING_SUBMITTED.value,
            study=study,
            object_type="reading",
            object_id=str(reading.pk),
            after=_written(signed_content.submission(reading)),
            reason=reason,
        )
        for reading in signed_content.with_content(readings)
    )


def _named(target: models.Model | tuple[str, object] | None) -> tuple[str, str]:
    if target is None:
        return "", ""
    if isinstance(target, models.Model):
        return target._meta.model_name or "", str(target.pk)
    kind, known_by = target
    return kind, str(known_by)


def _written(state: Mapping[str, Any] | None) -> str:
    return "" if state is None else hash_chain.canonical_json(state)
