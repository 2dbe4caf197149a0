"""Readings: submitted once, never changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from annotations.models import Arm, Assignment, Batch, Reading, ReadingOutcome, Stage, User
from annotations.services import (
    assignments,
    audit,
    contents,
    corrections,
    decisions,
    drafts,
    leases,
    qualification,
)
from annotations.services.assignments import (
    AlreadySubmitted,
    BatchClosed,
    StudyNotOpen,
    Withdrawn,
)
from annotations.services.contents import (
    AbstainedFromUnreadable,
    AbstainedWithFindings,
    Classes,
    Content,
    ExclusiveClass,
    FindingIn,
    InvalidReading,
    Mark,
    QualityMissing,
    RepeatedClass,
    TwoStates,
    UnknownClass,
    UnknownTracing,
    UnreadableWithFindings,
)
from annotations.services.corrections import NotTheLatest, ReadingFinal
from annotations.services.decisions import DecisionIn, NotFound, UnknownSuggestion
from annotations.services.drafts import StaleDraft
from ecgreview import row_security

__all__ = [
    "AbstainedFromUnreadable",
    "AbstainedWithFindings",
    "AlreadySubmitted",
    "BatchClosed",
    "DecisionIn",
    "ExclusiveClass",
    "FindingIn",
    "InvalidReading",
    "KeyReused",
    "NotFound",
    "NotTheLatest",
    "QualityMissing",
    "ReadingFinal",
    "RepeatedClass",
    "StaleDraft",
    "StudyNotOpen",
    "Submission",
    "TwoStates",
    "UnknownClass",
    "UnknownSuggestion",
    "UnknownTracing",
    "UnreadableWithFindings",
    "Withdrawn",
    "insert",
    "submit",
]


class KeyReused(Exception):
    """The idempotency key belongs to a submission that said something else."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The stored reading, and whether it had been stored by an earlier sending."""

    reading: Reading
    is_repeat: bool


@transaction.atomic
def submit(
    *,
    assignment_id: int,
    reader: User,
    based_on: int,
    findings: Sequence[FindingIn],
    quality: str,
    comment: str,
    idempotency_key: UUID,
    active_ms: int,
    display: dict[str, Any],
    now: datetime,
    not_assessable: Collection[str] = (),
    problems: Sequence[Mark] = (),
    outcome: str = ReadingOutcome.READ,
    idle_ms: int = 0,
    tools: Mapping[str, int] | None = None,
    supersedes: UUID | None = None,
    chosen: Sequence[DecisionIn] = (),
) -> Submission:
    """Record ``reader``'s blind reading, drop the draft, mark the batch's agreement as due.

    Sending the same again with the same key, after an answer was lost, returns the first reading.

    Args:
        assignment_id: what was read.
        reader: who read it.
        based_on: version of the draft the reader looked at; 0 when there was none.
        findings: the classes held to be present; all others are thereby held to be absent.
        quality: one of ``Quality``; may be empty when the reader abstains.
        comment: free text, shown to nobody while the batch is open.
        idempotency_key: made by the client, once for each reading.
        active_ms: time the reader spent on the exam.
        display: layout, speed, gain and filter it was read with.
        now: time of submission.
        not_assessable: codes of the classes that this exam cannot tell: neither present nor absent.
        problems: why the quality is not good.
        outcome: one of ``ReadingOutcome``.
        idle_ms: time the exam was open and nobody at work on it.
        tools: how often each tool was used.
        supersedes: key of the reader's earlier reading that this one corrects.
        chosen: where suggestions are shown while reading, what became of each.

    Raises:
        Assignment.DoesNotExist: ``reader`` was not assigned this.
        KeyReused: the key was used for another reading.
        AlreadySubmitted: a reading with another key is stored.
        NotTheLatest: what is to be superseded does not stand, or not any more.
        ReadingFinal: it can no longer be taken back.
        Withdrawn: the reader has left, or the exam was given to somebody else.
        StudyNotOpen: the study is locked.
        BatchClosed: the batch takes no more readings.
        NotServed: the reader has to pass a qualification first.
        StaleDraft: another version of the draft is stored.
        InvalidReading: see its subclasses.
        AbstainedFromUnreadable, QualityMissing: as they say.
    """
    assignment = assignments.lock(assignment_id=assignment_id, reader=reader)
    content = Content(findings, quality, comment, not_assessable, problems, outcome)
    if earlier := Reading.objects.filter(idempotency_key=idempotency_key).first():
        return _repeat(earlier, assignment, content, supersedes, chosen)
    corrected = corrections.of(assignment, supersedes, now=now) if supersedes else None
    if corrected is None:
        assignments.refuse_if_over(assignment)
    draft = drafts.stored_for(assignment)
    drafts.refuse_if_stale(draft, based_on)
    classes = contents.classes_of(assignment, content)
    found = [one.code for one in findings]
    shown = decisions.of(assignment, chosen, arm=Arm.CONCURRENT, found=found)
    if outcome == ReadingOutcome.ABSTAINED:
        leases.give_up(assignment)
    else:
        leases.fill(assignment)
    reading = Reading(
        assignment=assignment,
        reader=reader,
        protocol_version=assignment.batch.protocol_version,
        taxonomy=assignment.batch.taxonomy,
        supersedes=corrected,
        submitted_at=now,
        idempotency_key=idempotency_key,
        active_ms=active_ms,
        idle_ms=idle_ms,
        display=display,
        tools=dict(tools or {}),
        n_decisions=len(chosen),
        **contents.columns(content),
    )
    insert(reading, content, classes)
    decisions.store(reading, chosen, shown)
    if draft:
        draft.delete()
    audit.record(
        actor=reader, action=audit.Action.READING_SUBMITTED, study=assignment.batch.study,
        target=reading, after={"assignment": assignment.pk, "stage": reading.stage,
                               "digest": audit.reading_digest(reading)}, now=now,
    )  # fmt: skip
    if corrected:
        corrections.record(corrected, reading, now=now)
    qualification.settle(assignment, now=now)
    _mark_due(assignment.batch)
    return Submission(reading, is_repeat=False)


def insert(reading: Reading, content: Content, classes: Classes) -> None:
    """Save ``reading`` whole.

    Raises:
        KeyReused: its key was meanwhile used for another assignment.
    """
    try:
        with transaction.atomic():
            reading.save(force_insert=True)
    except IntegrityError as error:
        with row_security.as_owner():  # somebody else's reading may have it
            is_known = Reading.objects.filter(idempotency_key=reading.idempotency_key).exists()
        if is_known:
            raise KeyReused(reading.idempotency_key) from error
        raise
    contents.store(reading, content, classes)


def _repeat(
    earlier: Reading,
    assignment: Assignment,
    content: Content,
    supersedes: UUID | None,
    chosen: Sequence[DecisionIn],
) -> Submission:
    corrected = earlier.supersedes.idempotency_key if earlier.supersedes else None
    is_blind = earlier.stage == Stage.BLIND  # a revision may say the same, and has its own key
    is_same = is_blind and earlier.assignment_id == assignment.pk and corrected == supersedes
    is_said = content.is_of(earlier) and decisions.are_of(earlier, chosen)
    if not is_same or not is_said:
        raise KeyReused(earlier.idempotency_key)
    return Submission(earlier, is_repeat=True)


def _mark_due(batch: Batch) -> None:
    """Mark the agreement as due, unless the batch was closed since it was read.

    This update waits for a ``batches.close`` that is under way and then looks at the row again,
    so no reading is added to a closed batch; being the last statement, it holds up other readers
    for an instant only.

    Raises:
        BatchClosed: it was.
    """
    still_open = Batch.objects.open().filter(pk=batch.pk)
    if not still_open.update(agreement_is_due=True):
        raise BatchClosed(batch)
