"""Revisions: a second reading after seeing suggestions. The blind reading stays."""

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
from annotations.services.refusals import Refusal


class NothingToRevise(Refusal):
    """The reader has no reading to revise: they submitted none, or abstained."""

    code = "nothing-to-revise"


class NothingShown(Refusal):
    code = "nothing-shown"


class AlreadyRevised(Refusal):
    code = "already-revised"


@transaction.atomic
def submit(
    *, assignment_id: int, reader: User, reason: str, signed: Signed, now: datetime
) -> Submission:
    """Record the revision of ``reader`` after they have seen the suggestions.

    The blind reading is kept, and agreement and consensus still use it. Repeating the request with
    the same key returns the first revision.

    Args:
        assignment_id: id of the assignment whose reading is revised.
        reader: the person who revises it.
        reason: one of ``RevisionReason``.
        signed: the complete new content, and the decisions on the suggestions.
        now: time of the revision.

    Raises:
        Assignment.DoesNotExist: ``reader`` has no such assignment.
        KeyReused: the key was used for something else.
        NothingToRevise: there is no reading, or an abstention.
        NothingShown: the reader was not shown suggestions after the blind reading.
        AlreadyRevised: the reading has a revision already.
        Withdrawn, StudyNotOpen, BatchClosed, ReaderNotEligible: the reader may no longer read the
            exam.
        InvalidReading: see its subclasses.
        AbstainedFromUnreadable, QualityMissing: as for ``content.classes_of``.
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
    """Return the effective blind reading, if it may be revised.

    Raises:
        NothingToRevise: there is no reading, or an abstention.
        NothingShown: the reader was not shown suggestions after the blind reading.
        AlreadyRevised: the reading has a revision already.
    """
    if assignment.readings.filter(stage=Stage.REVISED).exists():
        raise AlreadyRevised
    blind = assignment.readings.blind().effective().answered().first()
    if blind is None:
        raise NothingToRevise
    # In the concurrent arm, the reading itself contains the decisions on the suggestions.
    if not Exposure.objects.filter(assignment=assignment, arm=Arm.AFTER_COMMIT).exists():
        raise NothingShown
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
    """Raise ``BatchClosed`` if the batch was closed since it was loaded.

    If another transaction is closing it, this waits for that transaction.
    """
    still_open = Batch.objects.open().select_for_update(of=("self",), no_key=True)
    if not still_open.filter(pk=batch.pk).exists():
        raise BatchClosed
