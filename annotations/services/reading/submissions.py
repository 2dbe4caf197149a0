"""Submitting readings. Each is stored once and never changed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from annotations.models import Arm, Assignment, Batch, Reading, ReadingOutcome, Stage, User
from annotations.services import audit
from annotations.services.assignment import guards, leases, qualification
from annotations.services.assignment.guards import (
    BatchClosed,
)
from annotations.services.audit import signed_content
from annotations.services.reading import corrections, drafts, signing
from annotations.services.reading.signing import Signed, Submission


@transaction.atomic
def submit(
    *,
    assignment_id: int,
    reader: User,
    based_on: int,
    signed: Signed,
    now: datetime,
    supersedes: UUID | None = None,
) -> Submission:
    """Store ``reader``'s blind reading, delete the draft, and mark the agreement as due.

    Repeating the request with the same key, after a lost response, returns the first reading.

    Args:
        assignment_id: id of the assignment.
        reader: the person who read the exam.
        based_on: version of the draft the reader saw; 0 if there was none.
        signed: the reading; with decisions in the concurrent arm.
        now: time of submission.
        supersedes: key of the reader's own reading that this one corrects.

    Raises:
        Assignment.DoesNotExist: ``reader`` has no such assignment.
        KeyReused: the key was used for another reading.
        AlreadySubmitted: a reading with another key is stored.
        DecidedByClass: the exam is adjudicated class by class.
        NotTheLatest: the reading to supersede is not the effective one.
        ReadingFinal: it can no longer be corrected.
        Withdrawn: the reader has left, or the exam was given to somebody else.
        StudyNotOpen: the study is locked.
        BatchClosed: the batch takes no more readings.
        ReaderNotEligible: the reader has to pass a qualification first.
        StaleDraft: another version of the draft is stored.
        InvalidReading: see its subclasses.
        AbstainedFromUnreadable, QualityMissing: as for ``content.classes_of``.
    """
    assignment = guards.lock(assignment_id=assignment_id, reader=reader)
    if earlier := signing.earlier(signed, reader):
        is_same = _is_same(earlier, assignment, supersedes)
        return signing.repeat(earlier, signed, is_same=is_same)
    if assignment.batch.asks_disputed_classes:
        raise guards.DecidedByClass
    corrected = corrections.of(assignment, supersedes, now=now) if supersedes else None
    if corrected is None:
        guards.refuse_if_not_waiting(assignment)
    draft = drafts.stored_for(assignment)
    drafts.refuse_if_stale(draft, based_on)
    checked = signing.check(assignment, signed, arm=Arm.CONCURRENT)
    _settle_slot(assignment, signed)
    version = assignment.batch.protocol_version
    reading = Reading(assignment=assignment, reader=reader, protocol_version=version,
                      supersedes=corrected, submitted_at=now)  # fmt: skip
    signing.store(reading, signed, checked)
    if draft:
        draft.delete()
    _record(reading, corrected, now)
    qualification.settle(assignment, now=now)
    _mark_due(assignment.batch)
    return Submission(reading, is_repeat=False)


def _is_same(earlier: Reading, assignment: Assignment, supersedes: UUID | None) -> bool:
    corrected = earlier.supersedes.idempotency_key if earlier.supersedes else None
    # A revision may have the same content, but needs a key of its own.
    is_blind = earlier.stage == Stage.BLIND
    return is_blind and earlier.assignment_id == assignment.pk and corrected == supersedes


def _settle_slot(assignment: Assignment, signed: Signed) -> None:
    if signed.content.outcome == ReadingOutcome.ABSTAINED:
        leases.give_up(assignment)
    else:
        leases.fill(assignment)


def _record(reading: Reading, corrected: Reading | None, now: datetime) -> None:
    audit.record(
        actor=reading.reader, action=audit.Action.READING_SUBMITTED,
        study=reading.assignment.batch.study, target=reading,
        after=signed_content.of(reading), now=now,
    )  # fmt: skip
    if corrected:
        corrections.record(corrected, reading, now=now)


def _mark_due(batch: Batch) -> None:
    """Mark the agreement as due; raise ``BatchClosed`` if the batch was closed in the meantime.

    Race: a concurrent ``batches.close`` may commit first. The UPDATE re-checks ``closed_at`` after
    waiting for its lock, so no reading is added to a closed batch. It runs last to hold the lock
    only briefly.
    """
    still_open = Batch.objects.open().filter(pk=batch.pk)
    if not still_open.update(agreement_is_due=True):
        raise BatchClosed
