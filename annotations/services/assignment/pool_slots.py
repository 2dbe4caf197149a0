"""Create pooled batches: how many readings of each exam they need, and who may take exams."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from django.db import transaction

from annotations import row_security
from annotations.models import Batch, Exam, Handout, Purpose, Seat, Slot, Study, User
from annotations.services import audit
from annotations.services.assignment import batches
from annotations.services.assignment.batches import NoExams, NoReaders, TooManyReadings
from annotations.services.assignment.guards import BatchClosed
from annotations.services.exams import same_recordings
from annotations.services.refusals import Refusal
from annotations.services.studies import roster

ROWS_AT_ONCE = 2000


class TooFewReaders(Refusal):
    code = "too-few-readers"


class GoldWithPool(Refusal):
    """The protocol asks for hidden gold exams, which pooled batches do not have."""

    code = "gold-with-pool"


@transaction.atomic
def create_pool(
    *,
    study: Study,
    name: str,
    exams: Sequence[Exam],
    readers: Sequence[User],
    created_by: User,
    now: datetime,
    readers_per_exam: int | None = None,
    lease_minutes: int | None = None,
    purpose: str = Purpose.DATA,
    due_on: date | None = None,
) -> Batch:
    """Return a new, unreleased batch from which ``readers`` take exams.

    Args:
        study: draft or open; the readers join its roster.
        name: of the batch, unique in the study.
        exams: to be read.
        readers: who may take exams; more may be added later.
        created_by: the coordinator.
        now: time of creation.
        readers_per_exam: readings needed of each exam; by default as in the protocol.
        lease_minutes: after this time without activity, others get the exam; by default 120.
        purpose: one of ``Purpose``.
        due_on: due date, or None.

    Raises:
        lifecycle.NotOpen: the study is locked.
        NoExams, NoReaders: one of the lists is empty.
        TooManyReadings: there would be more than ``batches.MAX_READINGS``.
        GoldWithPool: the protocol asks for hidden gold exams.
        TooFewReaders: an exam needs more readings than there are readers.
        batches.KnowsResults, batches.MixedWithData, batches.IsGold, batches.NameTaken,
        batches.DueBeforeToday,
        roster.NotAReader, roster.LevelTooLow, roster.HasLeft, same_recordings.SameRecording: see
            ``batches.create``.
    """
    if study.gold_fraction and purpose == Purpose.DATA:
        raise GoldWithPool
    n_each = readers_per_exam or study.readers_per_exam
    exam_ids = sorted({exam.pk for exam in exams})
    _refuse_sizes(len(exam_ids), n_each, readers)
    roster.join(study=study, readers=readers, actor=created_by, now=now)
    roster.refuse_results_seen(readers, exam_ids)
    batches.refuse_mixing(study, exam_ids, purpose)
    batches.refuse_gold(study, exam_ids)
    same_recordings.refuse_duplicates(study, exam_ids)
    batch = batches.make(
        study=study, name=name, rows=[], created_by=created_by, now=now, purpose=purpose,
        handout=Handout.POOLED, lease_minutes=lease_minutes, due_on=due_on,
    )  # fmt: skip
    Slot.objects.bulk_create(_slots(batch, exam_ids, n_each), batch_size=ROWS_AT_ONCE)
    _seat(batch, readers)
    audit.record(
        actor=created_by, action=audit.Action.ASSIGNMENT_MADE, study=study, target=batch,
        after={"n_exams": len(exam_ids), "readers_per_exam": n_each,
               "readers": sorted(reader.pk for reader in readers),
               "lease_minutes": batch.lease_minutes, "exams": _fingerprint(exam_ids)},
        now=now,
    )  # fmt: skip
    return batch


@transaction.atomic
def add_readers(*, batch_id: int, readers: Sequence[User], actor: User, now: datetime) -> Batch:
    """Let more ``readers`` take exams from a pool.

    Raises:
        Batch.DoesNotExist: there is no such pool.
        BatchClosed: the pool is closed.
        roster.NotAReader, roster.LevelTooLow, roster.HasLeft: see ``roster.join``.
    """
    batch = Batch.objects.select_related("study").get(pk=batch_id, handout=Handout.POOLED)
    if not batch.is_open:
        raise BatchClosed
    roster.join(study=batch.study, readers=readers, actor=actor, now=now)
    _seat(batch, readers)
    audit.record(
        actor=actor, action=audit.Action.ASSIGNMENT_MADE, study=batch.study, target=batch,
        after={"readers": sorted(reader.pk for reader in readers)}, now=now,
    )  # fmt: skip
    return batch


def slot_key(seed: str, exam_id: int, ordinal: int) -> str:
    """Return the sort key of a slot, its place on the circle of slots: an HMAC-SHA256 in hex."""
    return _hmac(seed, f"slot:{exam_id}:{ordinal}")


def start_key(seed: str, reader_id: int, batch_id: int) -> str:
    """Return where on the circle of slots a reader starts; differs between readers and pools."""
    return _hmac(seed, f"start:{reader_id}:{batch_id}")


def _refuse_sizes(n_exams: int, n_each: int, readers: Sequence[User]) -> None:
    if not n_exams:
        raise NoExams
    if not readers:
        raise NoReaders
    if n_each > (n_readers := len({reader.pk for reader in readers})):
        raise TooFewReaders(available=n_readers, needed=n_each)
    if (n_readings := n_exams * n_each) > batches.MAX_READINGS:
        raise TooManyReadings(n=n_readings, limit=batches.MAX_READINGS)


def _slots(batch: Batch, exam_ids: Iterable[int], n_each: int) -> Iterator[Slot]:
    seed = batch.study.seed
    for exam_id in exam_ids:
        for ordinal in range(1, n_each + 1):
            key = slot_key(seed, exam_id, ordinal)
            yield Slot(batch=batch, exam_id=exam_id, ordinal=ordinal, order_key=key)


def _seat(batch: Batch, readers: Sequence[User]) -> None:
    reader_ids = sorted({reader.pk for reader in readers})
    # Elsewhere only triggers write seats, so the database roles of web requests may not.
    with row_security.as_owner():
        Seat.objects.bulk_create(
            (Seat(batch=batch, reader_id=pk) for pk in reader_ids), ignore_conflicts=True
        )


def _fingerprint(exam_ids: Sequence[int]) -> str:
    return hashlib.sha256("\n".join(map(str, exam_ids)).encode()).hexdigest()


def _hmac(seed: str, message: str) -> str:
    return hmac.new(seed.encode(), message.encode(), hashlib.sha256).hexdigest()
