"""Plans: turning the pool and the readers of a study into batches.

``ecgreview.design`` makes the decisions; this module loads its input and stores its result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import numpy as np
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from annotations import row_security
from annotations.models import (
    Assignment,
    Batch,
    Exam,
    Slot,
    Study,
    StudyExam,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.services import audit
from annotations.services.assignment import (
    batches,
    gold_mixing,
    handout,
    past_assignments,
    pool_slots,
)
from annotations.services.assignment.handout import Row
from annotations.services.refusals import Refusal
from annotations.services.studies import exam_pool, lifecycle
from ecgreview import design

MAX_BATCHES = 100

LAST_NUMBER = re.compile(r"(.*?\D)(\d{1,6})")


class NothingToPlan(Refusal):
    code = "nothing-to-plan"


class TooManyBatches(Refusal):
    """A batch would be empty, or there would be more than ``MAX_BATCHES``."""

    code = "too-many-batches"


@transaction.atomic
def plan(
    *,
    study: Study,
    name: str,
    created_by: User,
    now: datetime,
    n_exams: int | None = None,
    n_batches: int = 1,
    due_on: date | None = None,
    is_filling_up: bool = True,
) -> list[Batch]:
    """Return new, unreleased batches of exams that still need readers.

    Existing assignments do not change. New ones follow each reader's last one, and the design
    balances the old and the new ones together.

    Args:
        study: must be open; its pool and its active readers are used.
        name: of the batch; several batches are numbered.
        created_by: the coordinator.
        now: time of planning.
        n_exams: how many exams without any reader to plan; None: all.
        n_batches: number of batches to spread them over.
        due_on: due date of the batches.
        is_filling_up: also plan, in the first batch, exams that have lost a reader, and anchors
            for readers who joined later.

    Raises:
        lifecycle.NotOpen: the study is a draft or locked.
        NothingToPlan: no exam needs a reader.
        TooManyBatches: there are fewer exams than batches, or more batches than ``MAX_BATCHES``.
        DesignRefused: for example too few readers, caps too small, or washout too long.
        gold_mixing.TooFewGold: a reader would need more gold exams than there are.
        batches.TooManyReadings: there would be more than ``batches.MAX_READINGS``.
        batches.KnowsResults, batches.MixedWithData, batches.NameTaken, batches.DueBeforeToday:
            see ``batches.make``.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if not study.is_open:
        raise lifecycle.NotOpen
    fresh = exam_pool.in_drawn_order(
        study, "batch", unassigned(study).values_list("exam", flat=True)
    )
    fresh = fresh[:n_exams]
    short = list(incomplete(study).values_list("exam", flat=True)) if is_filling_up else []
    portions = _portions(fresh, short, n_batches)
    readers = readers_of(study)
    planned, n_made = [], 0
    for number, exams in enumerate(portions, start=1):
        rows = _rows(study, exams, readers)
        n_made += len(rows)
        if n_made > batches.MAX_READINGS:
            raise batches.TooManyReadings(n=n_made, limit=batches.MAX_READINGS)
        if rows:
            title = name if n_batches == 1 else _numbered(name, number)
            planned.append(_make(study, title, rows, created_by, now, due_on))
    if not planned:
        raise NothingToPlan
    return planned


@transaction.atomic
def plan_pool(
    *,
    study: Study,
    name: str,
    created_by: User,
    now: datetime,
    n_exams: int | None = None,
    lease_minutes: int | None = None,
    due_on: date | None = None,
) -> Batch:
    """Return a new pooled batch of exams that are in no data batch yet.

    Raises:
        lifecycle.NotOpen: the study is a draft or locked.
        NothingToPlan: there is no such exam.
        pool_slots.TooFewReaders and others: see ``pool_slots.create_pool``.
    """
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if not study.is_open:
        raise lifecycle.NotOpen
    fresh = exam_pool.in_drawn_order(
        study, "batch", unassigned(study).values_list("exam", flat=True)
    )
    if not fresh:
        raise NothingToPlan
    return pool_slots.create_pool(
        study=study,
        name=name,
        exams=list(Exam.objects.filter(pk__in=fresh[:n_exams])),
        readers=[line.user for line in readers_of(study)],
        created_by=created_by,
        now=now,
        lease_minutes=lease_minutes,
        due_on=due_on,
    )


@transaction.atomic
def discard(*, batch_id: int, actor: User, now: datetime) -> None:
    """Delete an unreleased batch; its exams can be planned again.

    Raises:
        Batch.DoesNotExist: there is no such batch.
        batches.AlreadyReleased: its readers have been notified.
        batches.AlreadyClosed: the batch is closed.
    """
    # Deadlock: like all other code, lock the study before its batch.
    study_id = Batch.objects.values_list("study", flat=True).get(pk=batch_id)
    Study.objects.select_for_update(no_key=True).get(pk=study_id)
    batch = Batch.objects.select_for_update(of=("self",)).select_related("study").get(pk=batch_id)
    if batch.is_released:
        raise batches.AlreadyReleased
    if not batch.is_open:
        raise batches.AlreadyClosed
    planned = Assignment.objects.filter(batch=batch)
    columns = planned.values_list("reader_id", "exam_id", "position", "occurrence")
    fingerprint = handout.fingerprint([Row(*columns_of) for columns_of in columns])
    audit.record(
        actor=actor, action=audit.Action.BATCH_DISCARDED, study=batch.study, target=batch,
        before={"name": batch.name, "plan": fingerprint}, now=now,
    )  # fmt: skip
    with row_security.as_owner():  # only the owner may delete batches
        Slot.objects.filter(batch=batch).delete()
        planned.delete()
        batch.delete()


def unassigned(study: Study) -> QuerySet[StudyExam]:
    """Return the exams of the pool that are in no data batch yet."""
    return study.pool.exclude(exam__in=exam_pool.exams_in_batches(study))


def incomplete(study: Study) -> QuerySet[StudyExam]:
    """Return exams of the pool that have been planned but have too few readers.

    A reader left or abstained, the exam was unread when its batch was closed, or the protocol asked
    for fewer readers at that time. Also returns anchors that an active reader does not have. Leaves
    out exams of open pools, which readers take themselves.
    """
    counting = past_assignments.yields_a_reading("exam__assignments__") & Q(
        exam__assignments__batch__study=study,
        exam__assignments__batch__purpose=past_assignments.DATA,
    )
    readers = StudyReader.objects.filter(study=study, status=StudyReaderStatus.ACTIVE)
    ids = list(readers.values_list("user", flat=True))
    pooled = Slot.objects.filter(batch__study=study, batch__closed_at=None).values("exam")
    handed_out = study.pool.filter(exam__in=exam_pool.exams_in_batches(study)).exclude(
        exam__in=pooled
    )
    counted = handed_out.annotate(
        n_readers=Count("exam__assignments__reader", filter=counting, distinct=True),
        n_active=Count(
            "exam__assignments__reader",
            filter=counting & Q(exam__assignments__reader__in=ids),
            distinct=True,
        ),
    )
    lacks = Q(n_readers__lt=study.readers_per_exam)
    return counted.filter(lacks | Q(is_anchor=True, n_active__lt=len(ids)))


def readers_of(study: Study) -> list[StudyReader]:
    """Return the roster rows of readers to whom a plan may assign exams, sorted by user id.

    They are active in the study, their accounts are active, and they have the level that the
    protocol requires.
    """
    able = StudyReader.objects.filter(
        study=study, status=StudyReaderStatus.ACTIVE, user__is_active=True
    ).filter(user__level__gte=study.minimum_reader_level)
    return list(able.select_related("user").order_by("user_id"))


def request(
    study: Study,
    exams: Sequence[int],
    readers: Sequence[StudyReader],
    past: past_assignments.PastAssignments,
) -> design.Request:
    """Return the input of the design generator for ``exams`` of the pool."""
    rows = study.pool.values_list("exam_id", "exam__patient_id", "is_anchor")
    pool = {pk: (patient, is_anchor) for pk, patient, is_anchor in rows}
    patients = [pool[pk][0] for pk in exams]
    limits = {line.user_id: line.max_exams for line in readers if line.max_exams is not None}
    caps = gold_mixing.data_caps(study, limits, past.readings)
    return design.Request(
        seed=study.seed,
        exams=exams,
        patients=[design.UNKNOWN if patient is None else patient for patient in patients],
        anchors=[pool[pk][1] for pk in exams],
        readers=[line.user_id for line in readers],
        caps=[caps.get(line.user_id, design.NO_CAP) for line in readers],
        readers_per_exam=study.readers_per_exam,
        excluded=past.blocked,
        history=past.readings,
        repeat_fraction=study.repeat_fraction,
        # The protocol counts the exams in between, the design counts positions.
        washout_exams=study.washout_exams + 1,
        patient_gap=study.patient_gap + 1,
    )


def _portions(fresh: Sequence[int], short: Sequence[int], n_batches: int) -> list[list[int]]:
    """Split ``fresh`` evenly into the exams of each batch, and add ``short`` to the first.

    Raises:
        NothingToPlan: both are empty.
        TooManyBatches: a batch would be empty, or ``n_batches`` is too large or less than 1.
    """
    if not fresh and not short:
        raise NothingToPlan
    if not 1 <= n_batches <= MAX_BATCHES or len(fresh) + bool(short) < n_batches:
        raise TooManyBatches(n=n_batches)
    portions = [
        [int(pk) for pk in portion]
        for portion in np.array_split(np.array(fresh, dtype=np.int64), n_batches)
    ]
    portions[0] += short
    return portions


def _numbered(name: str, number: int) -> str:
    """Return the name of batch ``number``, counted from 1.

    A number at the end of ``name`` is that of the first batch; otherwise one is appended.
    """
    if match := LAST_NUMBER.fullmatch(name):
        return f"{match[1]}{int(match[2]) + number - 1}"
    return f"{name} {number}"


def _make(
    study: Study, name: str, rows: list[Row], created_by: User, now: datetime, due_on: date | None
) -> Batch:
    return batches.make(
        study=study, name=name, rows=gold_mixing.mixed(study, rows), created_by=created_by, now=now,
        due_on=due_on,
    )  # fmt: skip


def _rows(study: Study, exams: Iterable[int], readers: Sequence[StudyReader]) -> list[Row]:
    past = past_assignments.of_study(study)
    generated = design.generate(request(study, list(exams), readers, past))
    n_past = past_assignments.last(past.readings)
    return [
        Row(row.reader, row.exam, row.position - n_past.get(row.reader, 0), row.occurrence)
        for row in generated.rows()
    ]
