"""Pooled batches: a reader takes the next free exam, one at a time, for a limited time.

A slot is one of the readings that the pool needs of an exam. A lease is an assignment that holds a
slot until the exam is read, or until it expires and the slot is free again. ADR 20 gives the lock
order: nothing here waits for a row while it holds one that a submission may need.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, Sum

from annotations import row_security
from annotations.models import (
    NO_DATA,
    Assignment,
    AssignmentState,
    Batch,
    Handout,
    Purpose,
    ResultsSeen,
    Seat,
    Slot,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.models.assignment import SlotQuerySet
from annotations.services import audit
from annotations.services.assignment import handout, pool_slots
from annotations.services.assignment.guards import BatchClosed, StudyNotOpen
from annotations.services.refusals import Refusal
from annotations.services.studies import protocols


class NoExamNow(Refusal):
    """The pool has no exam for this reader now: none is free, or they reached their maximum."""

    code = "no-exam-now"


class NothingAvailable(Refusal):
    code = "nothing-served"


@transaction.atomic
def take(*, batch_id: int, reader: User, now: datetime) -> Assignment:
    """Return the next exam for ``reader`` to read: one they hold already, or else a free one.

    The order is: the exam they hold, an exam they took before whose lease expired, the next free
    slot after their last one, and finally exams that they skipped. The cost does not depend on the
    size of the pool.

    Raises:
        Batch.DoesNotExist: there is no such released pool, or they have no seat in it.
        StudyNotOpen: the study is locked.
        BatchClosed: the batch is closed.
        NothingAvailable: they are paused or withdrawn, or must pass a qualification first.
        NoExamNow: no exam is free for them, or they reached their maximum number of exams.
    """
    in_turn, deferred = Q(deferred_at=None), Q(deferred_at__isnull=False)
    with row_security.as_owner():
        # Race: if the reader has two tabs open, the second request waits here and then finds the
        # lease that the first one took. All queries below skip locked rows instead of waiting.
        seats = Seat.objects.select_for_update(of=("self",), no_key=True)
        pooled = seats.filter(batch__handout=Handout.POOLED, batch__released_at__isnull=False)
        seat = pooled.select_related("batch__study").filter(batch=batch_id, reader=reader).first()
        if seat is None:
            raise Batch.DoesNotExist
        _refuse_if_not_served(seat.batch, reader)
        leased = _leased(seat, now, in_turn)
        if leased is not None:
            return leased
        row = _roster_row(seat.batch.study, reader)
        try:
            return _resumed(seat, now, in_turn) or _fresh(seat, row, now)
        except NoExamNow:
            again = _leased(seat, now, deferred) or _resumed(seat, now, deferred)
            if again is None:
                raise
            return again


def next_id(*, assignment: Assignment, now: datetime) -> int | None:
    """Take the next exam of a pool for the reader of ``assignment``, and return its id.

    Returns None if the batch of ``assignment`` is not a pool, or has no exam for the reader now.
    """
    if assignment.batch.handout != Handout.POOLED:
        return None
    try:
        return take(batch_id=assignment.batch_id, reader=assignment.reader, now=now).pk
    except (NoExamNow, NothingAvailable, BatchClosed, StudyNotOpen):
        return None


def extend(assignment: Assignment, *, now: datetime) -> None:
    """Extend the lease of ``assignment``, which must be locked, because its reader is active.

    If the lease expired and the exam still has a free slot, the reader gets the exam back. Does
    nothing if the batch is not a pool.
    """
    if assignment.batch.handout != Handout.POOLED:
        return
    if assignment.state == AssignmentState.WAITING:
        assignment.lease_expires_at = _expiry(assignment.batch, now)
        assignment.save(update_fields=["lease_expires_at"])
    elif assignment.state == AssignmentState.LAPSED:
        with row_security.as_owner():
            if fill(assignment):
                _revive(assignment, now)


def fill(assignment: Assignment) -> bool:
    """Give ``assignment`` a free slot of its exam; return False if it needs none or none is free.

    ``assignment`` must be locked. An assignment loses its slot when its lease expires or its reader
    abstains. A late reading without a slot is kept, in addition to those that the pool needs.
    """
    is_pooled = assignment.batch.handout == Handout.POOLED
    if not is_pooled or assignment.state == AssignmentState.WAITING:
        return False
    with row_security.as_owner():
        if Slot.objects.filter(assignment=assignment).exists():
            return False
        free = Slot.objects.free().select_for_update(of=("self",), no_key=True)
        same = free.filter(batch=assignment.batch_id, exam=assignment.exam_id)
        slot = same.order_by("ordinal").first()
        if slot is not None:
            _put(slot, assignment)
    return slot is not None


def give_up(assignment: Assignment) -> None:
    """Free the slot of ``assignment``, which must be locked, because its reader abstains.

    The exam goes to another reader of the pool. Does nothing if the batch is not a pool.
    """
    if assignment.batch.handout == Handout.POOLED:
        with row_security.as_owner():
            Slot.objects.filter(assignment=assignment).update(assignment=None)


def reclaim_next(*, now: datetime) -> bool:
    """Free the slot of one expired lease; return False when there is none.

    The draft is kept, and the reader may get the exam again. Skips locked leases.
    """
    with transaction.atomic():
        unlocked = Assignment.objects.select_for_update(
            of=("self",), skip_locked=True, no_key=True
        ).waiting()
        over = unlocked.filter(lease_expires_at__lte=now, batch__closed_at=None)
        expired = over.select_related("batch__study").order_by("lease_expires_at", "pk").first()
        if expired is None:
            return False
        Slot.objects.filter(assignment=expired).update(assignment=None)
        expired_at, expired.lease_expires_at = expired.lease_expires_at, None
        expired.state = AssignmentState.LAPSED
        expired.save(update_fields=["state", "lease_expires_at"])
        audit.record(
            actor=None, action=audit.Action.ASSIGNMENT_RECLAIMED, study=expired.batch.study,
            target=expired, before={"lease_expires_at": expired_at}, now=now,
        )  # fmt: skip
        return True


def _refuse_if_not_served(batch: Batch, reader: User) -> None:
    if not batch.study.is_open:
        raise StudyNotOpen
    if not batch.is_open:
        raise BatchClosed
    if not Batch.objects.serving(reader).filter(pk=batch.pk).exists():
        raise NothingAvailable


def _leased(seat: Seat, now: datetime, condition: Q) -> Assignment | None:
    """Return the exam that the reader holds, and extend its lease.

    The lease is not extended while another request, such as the submission, has it locked.
    """
    own = Assignment.objects.waiting().filter(condition, batch=seat.batch_id, reader=seat.reader_id)
    in_order = own.order_by("deferred_at", "position")
    leased = in_order.select_related("batch__study").first()
    if leased is not None:
        free = Assignment.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
        ids = list(free.filter(pk=leased.pk).values_list("pk", flat=True))
        expiry = _expiry(seat.batch, now)
        Assignment.objects.filter(pk__in=ids).waiting().update(lease_expires_at=expiry)
    return leased


def _roster_row(study: Study, reader: User) -> StudyReader:
    """Return the reader's roster row, locked.

    Race: if somebody is pausing or withdrawing the reader, the row is locked and the reader gets no
        exam. Otherwise the withdrawal could miss an assignment that we create meanwhile.
    """
    rows = StudyReader.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    row = rows.filter(study=study, user=reader, status=StudyReaderStatus.ACTIVE).first()
    if row is None:
        raise NoExamNow
    return row


def _resumed(seat: Seat, now: datetime, condition: Q) -> Assignment | None:
    """Renew the reader's expired lease on an exam that still needs a reading, if there is one."""
    free = Slot.objects.free().filter(batch=seat.batch_id, exam=OuterRef("exam"))
    unlocked = Assignment.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    lapsed = unlocked.filter(
        condition,
        Exists(free),
        batch=seat.batch_id,
        reader=seat.reader_id,
        state=AssignmentState.LAPSED,
    )
    assignment = (
        lapsed.order_by("deferred_at", "position").select_related("batch__study", "reader").first()
    )
    if assignment is None:
        return None
    slot = _unlocked(seat).filter(exam=assignment.exam_id).order_by("ordinal").first()
    if slot is None:
        return None
    _put(slot, assignment)
    _revive(assignment, now)
    return assignment


def _fresh(seat: Seat, row: StudyReader, now: datetime) -> Assignment:
    """Take the next free slot after the last one that the reader took."""
    _refuse_above_cap(seat, row)
    own = Assignment.objects.filter(batch=seat.batch_id, reader=seat.reader_id)
    latest = own.order_by("-position").first()
    rules = protocols.of_batch(seat.batch)
    slot = _next_slot(seat, latest, rules.patient_gap)
    assignment = Assignment.objects.create(
        batch=seat.batch,
        exam_id=slot.exam_id,
        reader=seat.reader,
        position=latest.position + 1 if latest else 1,
        order_key=slot.order_key,
        arm=handout.arm_of(rules, seat.batch.study.seed, seat.reader_id, slot.exam_id),
        lease_expires_at=_expiry(seat.batch, now),
    )
    _put(slot, assignment)
    _record_lease(assignment, now)
    return assignment


def _next_slot(seat: Seat, latest: Assignment | None, patient_gap: int) -> Slot:
    """Return the next free slot after ``latest``, locked.

    Slots form a circle. Every reader starts at a different place and continues after their last
    exam, so that no query skips the same unsuitable slots again and again. Two exams of one patient
    are separated by ``patient_gap`` others, as long as there are enough.

    Raises:
        NoExamNow: no slot is free for this reader.
    """
    start = pool_slots.start_key(seat.batch.study.seed, seat.reader_id, seat.batch_id)
    place = latest.order_key if latest else start
    readable = _readable(seat)
    recent = _recent_patients(seat, patient_gap)
    apart = readable.exclude(exam__patient__in=recent) if recent else readable
    for candidates in (apart, readable) if recent else (readable,):
        for part in (Q(order_key__gt=place), Q(order_key__lte=place)):
            if slot := candidates.filter(part).order_by("order_key", "pk").first():
                return slot
    raise NoExamNow


def _readable(seat: Seat) -> SlotQuerySet:
    """Return the free slots of exams that the reader may take.

    Excluded are exams whose results they know or that they adjudicate, exams they had in this pool
    and, unless the pool is for rereading, exams they had elsewhere in the study.
    """
    had = Assignment.objects.filter(reader=seat.reader_id, exam=OuterRef("exam"))
    in_batch = had.filter(batch=seat.batch_id)
    elsewhere = had.filter(batch__study=seat.batch.study_id).exclude(
        Q(state=AssignmentState.WITHDRAWN) | Q(batch=seat.batch_id)
    )
    known_results = ResultsSeen.objects.known_to([seat.reader_id]).filter(
        batch__assignments__exam=OuterRef("exam")
    )
    adjudicated = Assignment.objects.adjudicated_by([seat.reader_id]).filter(exam=OuterRef("exam"))
    free = _unlocked(seat).exclude(Exists(in_batch) | Exists(known_results) | Exists(adjudicated))
    return free if seat.batch.purpose == Purpose.REREAD else free.exclude(Exists(elsewhere))


def _unlocked(seat: Seat) -> SlotQuerySet:
    locking = Slot.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return locking.free().filter(batch=seat.batch_id)


def _recent_patients(seat: Seat, patient_gap: int) -> list[int]:
    """Return the patients of the last ``patient_gap`` exams that the reader took."""
    own = Assignment.objects.filter(batch=seat.batch_id, reader=seat.reader_id)
    last = own.order_by("-position").values_list("exam__patient", flat=True)
    return [pk for pk in last[:patient_gap] if pk is not None]


def _refuse_above_cap(seat: Seat, row: StudyReader) -> None:
    """Raise ``NoExamNow`` if the reader has reached the maximum number of exams in the study."""
    if row.max_exams is None or seat.batch.purpose in NO_DATA:
        return
    seats = Seat.objects.filter(reader=seat.reader_id, batch__study=seat.batch.study_id)
    counted = seats.exclude(batch__purpose__in=NO_DATA).aggregate(n=Sum("n_assigned"))
    if (counted["n"] or 0) >= row.max_exams:
        raise NoExamNow


def _revive(assignment: Assignment, now: datetime) -> None:
    assignment.state = AssignmentState.WAITING
    assignment.lease_expires_at = _expiry(assignment.batch, now)
    assignment.save(update_fields=["state", "lease_expires_at"])
    _record_lease(assignment, now)


def _record_lease(assignment: Assignment, now: datetime) -> None:
    audit.record(
        actor=assignment.reader, action=audit.Action.ASSIGNMENT_LEASED,
        study=assignment.batch.study, target=assignment,
        after={"lease_expires_at": assignment.lease_expires_at}, now=now,
    )  # fmt: skip


def _put(slot: Slot, assignment: Assignment) -> None:
    slot.assignment = assignment
    slot.save(update_fields=["assignment"])


def _expiry(batch: Batch, now: datetime) -> datetime:
    return now + timedelta(minutes=batch.lease_minutes)
