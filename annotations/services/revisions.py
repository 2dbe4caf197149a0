"""Revisions: what a reader says again once they know the suggestions; the blind reading stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from annotations.models import Arm, Assignment, Batch, Exposure, Reading, Stage, User
from annotations.services import assignments, audit, contents, decisions, readings
from annotations.services.assignments import BatchClosed
from annotations.services.contents import Content, FindingIn, Mark
from annotations.services.decisions import DecisionIn
from annotations.services.readings import KeyReused, Submission


class NothingToRevise(Exception):
    """There is no reading of one's own: none was submitted, or one abstained."""


class NothingShown(Exception):
    """No suggestion was shown since the reading: there is nothing to revise it for."""


class AlreadyRevised(Exception):
    """The reading was revised; a revision is made once and never changes."""


@transaction.atomic
def submit(
    *,
    assignment_id: int,
    reader: User,
    findings: Sequence[FindingIn],
    quality: str,
    comment: str,
    reason: str,
    idempotency_key: UUID,
    now: datetime,
    chosen: Sequence[DecisionIn] = (),
    not_assessable: Collection[str] = (),
    problems: Sequence[Mark] = (),
    active_ms: int = 0,
    idle_ms: int = 0,
    display: Mapping[str, Any] | None = None,
    tools: Mapping[str, int] | None = None,
) -> Submission:
    """Record what ``reader`` says now that they were shown the suggestions, beside what they said.

    The blind reading stays as it is, and agreement and consensus go on being made from it. Sending
    the same again with the same key returns the first revision.

    Args:
        assignment_id: what was read.
        reader: who read it.
        findings: the classes held to be present now, all of them.
        quality: one of ``Quality``.
        comment: free text, shown to nobody while the batch is open.
        reason: one of ``RevisionReason``.
        idempotency_key: made by the client, once for each revision.
        now: time of the revision.
        chosen: what became of each suggestion that the reader decided on.
        not_assessable: codes of the classes that this exam cannot tell.
        problems: why the quality is not good.
        active_ms: time the reader spent on it; the blind stage has its own.
        idle_ms: time it was open and nobody at work on it.
        display: layout, speed, gain and filter it was read with.
        tools: how often each tool was used.

    Raises:
        Assignment.DoesNotExist: ``reader`` was not assigned this.
        KeyReused: the key was used for something else.
        NothingToRevise, NothingShown, AlreadyRevised: as they say.
        Withdrawn, StudyNotOpen, BatchClosed, NotServed: nothing is read any more, or not by them.
        InvalidReading: see its subclasses.
    """
    assignment = assignments.lock(assignment_id=assignment_id, reader=reader)
    content = Content(findings, quality, comment, not_assessable, problems)
    if earlier := Reading.objects.filter(idempotency_key=idempotency_key).first():
        return _repeat(earlier, assignment, content, reason, chosen)
    blind = _blind(assignment)
    assignments.refuse_if_ended(assignment)
    classes = contents.classes_of(assignment, content)
    found = [one.code for one in findings]
    shown = decisions.of(assignment, chosen, arm=Arm.AFTER_COMMIT, found=found)
    revision = Reading(
        assignment=assignment,
        reader=reader,
        stage=Stage.REVISED,
        protocol_version=blind.protocol_version,
        taxonomy=assignment.batch.taxonomy,
        reason=reason,
        n_decisions=len(chosen),
        submitted_at=now,
        idempotency_key=idempotency_key,
        active_ms=active_ms,
        idle_ms=idle_ms,
        display=dict(display or {}),
        tools=dict(tools or {}),
        **contents.columns(content),
    )
    readings.insert(revision, content, classes)
    decisions.store(revision, chosen, shown)
    _record(blind, revision, now)
    _refuse_if_closed(assignment.batch)
    return Submission(revision, is_repeat=False)


def _blind(assignment: Assignment) -> Reading:
    """Return the reading that stands and may be revised.

    Raises:
        NothingToRevise, NothingShown, AlreadyRevised: there is none.
    """
    if assignment.readings.filter(stage=Stage.REVISED).exists():
        raise AlreadyRevised(assignment)
    blind = assignment.readings.blind().effective().answered().first()
    if blind is None:
        raise NothingToRevise(assignment)
    # Where suggestions are shown while reading, the reading itself says what became of them.
    if not Exposure.objects.filter(assignment=assignment, arm=Arm.AFTER_COMMIT).exists():
        raise NothingShown(assignment)
    return blind


def _repeat(
    earlier: Reading,
    assignment: Assignment,
    content: Content,
    reason: str,
    chosen: Sequence[DecisionIn],
) -> Submission:
    is_same = (
        earlier.assignment_id == assignment.pk
        and earlier.stage == Stage.REVISED
        and earlier.reason == reason
        and content.is_of(earlier)
        and decisions.are_of(earlier, chosen)
    )
    if not is_same:
        raise KeyReused(earlier.idempotency_key)
    return Submission(earlier, is_repeat=True)


def _record(blind: Reading, revision: Reading, now: datetime) -> None:
    study, digest = revision.assignment.batch.study, audit.reading_digest(revision)
    written = {"assignment": revision.assignment_id, "stage": revision.stage, "digest": digest}
    audit.record(
        actor=revision.reader, action=audit.Action.READING_SUBMITTED, study=study,
        target=revision, after=written, now=now,
    )  # fmt: skip
    audit.record(
        actor=revision.reader, action=audit.Action.READING_REVISED, study=study, target=blind,
        before={"digest": audit.reading_digest(blind)}, after={**written, "reading": revision.pk},
        reason=revision.reason, now=now,
    )  # fmt: skip


def _refuse_if_closed(batch: Batch) -> None:
    """Do nothing unless the batch was closed since it was read; wait for a closing under way.

    Raises:
        BatchClosed: it was.
    """
    still_open = Batch.objects.open().select_for_update(of=("self",), no_key=True)
    if not still_open.filter(pk=batch.pk).exists():
        raise BatchClosed(batch)
