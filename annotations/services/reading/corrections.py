"""Taking back a submission: for a while a reader may send another reading in its place."""

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
from annotations.services.studies import protocols

TIME_TO_CORRECT = timedelta(minutes=5)
"""So long after the window a correction still arrives: who takes back in time has to read again."""


class ReadingFinal(Exception):
    """The reading can no longer be taken back: its time is over, or something was revealed."""


class NotTheLatest(Exception):
    """What is to be corrected is no reading of this exam, or was corrected before."""


def until(reading: Reading, *, now: datetime) -> datetime | None:
    """Return until when ``reading`` may be taken back, None when it may not.

    Args:
        reading: with its assignment, batch and study selected.
        now: the time at which somebody asks.
    """
    end = reading.submitted_at + _window(reading.assignment)
    if end <= now or not _is_open(reading.assignment) or is_final(reading):
        return None
    return None if Reading.objects.filter(supersedes=reading).exists() else end


def latest(reader: User, *, now: datetime) -> tuple[Assignment, datetime] | None:
    """Return what ``reader`` submitted last and until when it may be taken back, if it may.

    A desk that was reloaded goes on offering it.
    """
    own = Reading.objects.blind().effective().filter(reader=reader)
    found = own.select_related("assignment__batch__study").order_by("-pk").first()
    end = found and until(found, now=now)
    return (found.assignment, end) if found and end else None


def of(assignment: Assignment, key: UUID, *, now: datetime) -> Reading:
    """Return the reading of ``assignment``, which must be locked, that may be superseded.

    Args:
        assignment: whose reading it is.
        key: the one it was submitted with.
        now: when the correction arrives: that may be a while after the window, for whoever takes
            a reading back on its last second has not corrected it yet.

    Raises:
        NotTheLatest: there is no such reading, or it was superseded.
        StudyNotOpen, BatchClosed, Withdrawn: nothing is read any more.
        ReadingFinal: the window is over, or the blind stage is.
    """
    standing = assignment.readings.blind().effective().filter(idempotency_key=key)
    found = standing.first()
    if found is None:
        raise NotTheLatest(key)
    found.assignment = assignment
    guards.refuse_if_ended(assignment)
    window = _window(assignment)
    if not window or now > found.submitted_at + window + TIME_TO_CORRECT or is_final(found):
        raise ReadingFinal(found)
    return found


def is_final(reading: Reading) -> bool:
    """Tell whether something was revealed to the reader of ``reading`` since they signed it.

    A model's suggestions, in whatever assignment they had the exam; or how they did in a
    qualification. What an arm shows while an exam is read was known to the reading already.
    """
    assignment = reading.assignment
    late = Q(first_shown_at__gte=reading.submitted_at)
    blind = Q(assignment=assignment) & ~Q(arm=Arm.CONCURRENT)
    shown = Exposure.objects.filter(
        assignment__exam=assignment.exam_id, assignment__reader=reading.reader_id
    )
    return shown.filter(late | blind).exists() or _is_judged(assignment)


def record(old: Reading, new: Reading, *, now: datetime) -> None:
    """Write down that ``new`` supersedes ``old``, each by its digest."""
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
    """Return the window of the protocol under which the batch was made."""
    return timedelta(seconds=protocols.of_batch(assignment.batch).undo_window_s)
