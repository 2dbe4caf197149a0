"""Revisions: what a reader says again once they know the suggestions; the blind reading stays."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from annotations.models import Arm, Assignment, Batch, Exposure, Reading, Stage, User
from annotations.services import audit
from annotations.services.assignment import guards
from annotations.services.assignment.guards import BatchClosed
from annotations.services.audit import signed_content
from annotations.services.reading import signing
from annotations.services.reading.signing import Signed, Submission


class NothingToRevise(Exception):
    """There is no reading of one's own: none was submitted, or one abstained."""


class NothingShown(Exception):
    """No suggestion was shown since the reading: there is nothing to revise it for."""


class AlreadyRevised(Exception):
    """The reading was revised; a revision is made once and never changes."""


@transaction.atomic
def submit(
    *, assignment_id: int, reader: User, reason: str, signed: Signed, now: datetime
) -> Submission:
    """Record what ``reader`` says now that they were shown the suggestions, beside what they said.

    The blind reading stays as it is, and agreement and consensus go on being made from it. Sending
    the same again with the same key returns the first revision.

    Args:
        assignment_id: what was read.
        reader: who read it.
        reason: one of ``RevisionReason``.
        signed: what they say now, all of it, and what they made of the suggestions.
        now: time of the revision.

    Raises:
        Assignment.DoesNotExist: ``reader`` was not assigned this.
        KeyReused: the key was used for something else.
        NothingToRevise, NothingShown, AlreadyRevised: as they say.
        Withdrawn, StudyNotOpen, BatchClosed, NotServed: nothing is read any more, or not by them.
        InvalidReading: see its subclasses.
    """
    assignment = guards.lock(assignment_id=assignment_id, reader=reader)
    if earlier := signing.earlier(signed, reader):
        return signing.repeat(earlier, signed, is_same=_is_same(earlier, assignment, reason))
    blind = blind_reading(assignment)
    guards.refuse_if_ended(assignment)
    checked = signing.check(assignment, signed, arm=Arm.AFTER_COMMIT)
    revision = Reading(assignment=assignment, reader=reader, stage=Stage.REVISED, reason=reason,
                       protocol_version=blind.protocol_version, submitted_at=now)  # fmt: skip
    signing.store(revision, signed, checked)
    _record(blind, revision, now)
    refuse_if_closed(assignment.batch)
    return Submission(revision, is_repeat=False)


def blind_reading(assignment: Assignment) -> Reading:
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


def _is_same(earlier: Reading, assignment: Assignment, reason: str) -> bool:
    is_revised = earlier.stage == Stage.REVISED
    return is_revised and earlier.assignment_id == assignment.pk and earlier.reason == reason


def _record(blind: Reading, revision: Reading, now: datetime) -> None:
    study, written = revision.assignment.batch.study, signed_content.of(revision)
    audit.record(
        actor=revision.reader, action=audit.Action.READING_SUBMITTED, study=study,
        target=revision, after=written, now=now,
    )  # fmt: skip
    audit.record(
        actor=revision.reader, action=audit.Action.READING_REVISED, study=study, target=blind,
        before={"digest": signed_content.reading_digest(blind)},
        after={**written, "reading": revision.pk},
        reason=revision.reason, now=now,
    )  # fmt: skip


def refuse_if_closed(batch: Batch) -> None:
    """Do nothing unless the batch was closed since it was read; wait for a closing under way.

    Raises:
        BatchClosed: it was.
    """
    still_open = Batch.objects.open().select_for_update(of=("self",), no_key=True)
    if not still_open.filter(pk=batch.pk).exists():
        raise BatchClosed(batch)
