"""Corrections: a reader may replace a submitted reading for a limited time."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from annotations.models import (
    Arm,
    Assignment,
    Exposure,
    Purpose,
    Reading,
    Seat,
    User,
)
from annotations.services import audit
from annotations.services.assignment import guards
from annotations.services.audit import signed_content
from annotations.services.refusals import Refusal
from annotations.services.studies import protocols

# A correction may arrive this long after the window, since the exam has to be read again.
TIME_TO_CORRECT = timedelta(minutes=5)


class ReadingFinal(Refusal):
    """The reading can no longer be corrected: the time is over, or ``is_final`` holds."""

    code = "reading-final"


class NotTheLatest(Refusal):
    """There is no such reading of this exam, or it was already corrected."""

    code = "not-the-latest"


def until(reading: Reading, *, now: datetime) -> datetime | None:
    """Return the time until which ``reading`` may be corrected, or None if it may not.

    Args:
        reading: with its assignment, batch and study selected.
        now: current time.
    """
    end = reading.submitted_at + _window(reading.assignment)
    if end <= now or not _is_open(reading.assignment) or is_final(reading):
        return None
    return None if Reading.objects.filter(supersedes=reading).exists() else end


def latest(reader: User, *, now: datetime) -> tuple[Assignment, datetime] | None:
    """Return the assignment that ``reader`` submitted last, and until when it may be corrected.

    None if it may not be corrected. With this, the desk still offers the correction after a reload.
    """
    own = Reading.objects.blind().effective().filter(reader=reader)
    reading = own.select_related("assignment__batch__study").order_by("-pk").first()
    end = reading and until(reading, now=now)
    return (reading.assignment, end) if reading and end else None


def of(assignment: Assignment, key: UUID, *, now: datetime) -> Reading:
    """Return the reading that a correction would supersede, after checking that it may.

    Args:
        assignment: the assignment of the reading; its row must be locked.
        key: the key with which the reading was submitted.
        now: arrival of the correction. It may be up to ``TIME_TO_CORRECT`` after the window,
            because a reader who starts a correction in the last second still has to read the exam.

    Raises:
        NotTheLatest: there is no such reading, or it was superseded.
        StudyNotOpen, BatchClosed, Withdrawn: the exam can no longer be read.
        ReadingFinal: the time to correct it is over, or ``is_final`` holds.
    """
    effective = assignment.readings.blind().effective().filter(idempotency_key=key)
    corrected = effective.first()
    if corrected is None:
        raise NotTheLatest
    corrected.assignment = assignment
    guards.refuse_if_ended(assignment)
    window = _window(assignment)
    if not window or now > corrected.submitted_at + window + TIME_TO_CORRECT or is_final(corrected):
        raise ReadingFinal
    return corrected


def is_final(reading: Reading) -> bool:
    """Whether the reader has seen something since submitting that makes ``reading`` final.

    That is a model's suggestions for the exam, in any of the reader's assignments, or the result of
    a qualification. Suggestions that were shown while reading do not count.
    """
    assignment = reading.assignment
    late = Q(first_shown_at__gte=reading.submitted_at)
    blind = Q(assignment=assignment) & ~Q(arm=Arm.CONCURRENT)
    exposures = Exposure.objects.filter(
        assignment__exam=assignment.exam_id, assignment__reader=reading.reader_id
    )
    return exposures.filter(late | blind).exists() or _is_judged(assignment)


def record(old: Reading, new: Reading, *, now: datetime) -> None:
    """Record in the audit trail that ``new`` supersedes ``old``, with the digests of both."""
    audit.record(
        actor=new.reader, action=audit.Action.READING_SUPERSEDED,
        study=new.assignment.batch.study, target=old,
        before={"digest": signed_content.reading_digest(old)},
        after={"assignment": new.assignment_id, "reading": new.pk,
               "digest": signed_content.reading_digest(new)}, now=now,
    )  # fmt: skip


def _is_open(assignment: Assignment) -> bool:
    return assignment.batch.is_open and assignment.batch.study.is_open


def _is_judged(assignment: Assignment) -> bool:
    if assignment.batch.purpose != Purpose.QUALIFICATION:
        return False
    seats = Seat.objects.filter(batch=assignment.batch_id, reader=assignment.reader_id)
    return seats.filter(n_read__gte=F("n_assigned")).exists()


def _window(assignment: Assignment) -> timedelta:
    """Return how long a reading may be corrected, from the protocol of the batch."""
    return timedelta(seconds=protocols.of_batch(assignment.batch).undo_window_s)
