"""Concurrent requests on one pool: no slot is taken twice or lost, and nothing deadlocks."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest
from django.db import transaction

from annotations.models import Assignment, AssignmentState, Role, Seat, Slot
from annotations.services.assignment import batches, guards, leases, pool_slots, reassignment
from annotations.services.reading import drafts
from annotations.services.studies import roster
from tests.app import signing
from tests.app.reading.test_races import at_once
from tests.sizes import size

pytestmark = pytest.mark.django_db(transaction=True)

N_THREADS = size(24, 64)


@pytest.fixture
def many_readers(make_user):
    """One reader per thread."""
    return [make_user(f"Reader{number}", Role.READER) for number in range(N_THREADS)]


@pytest.fixture
def make_pool(study, davi, now, make_exam):
    def make(n_exams, n_each, readers, **more):
        batch = pool_slots.create_pool(
            study=study, name=more.pop("name", "Pool"),
            exams=[make_exam() for _ in range(n_exams)], readers=readers,
            readers_per_exam=n_each, created_by=davi, now=now, **more,
        )  # fmt: skip
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    return make


def sign(assignment, now):
    return signing.submit_reading(
        assignment_id=assignment.pk, reader=assignment.reader, based_on=0, findings=[],
        quality="good", comment="", idempotency_key=uuid.uuid4(), active_ms=0, display={}, now=now,
    )  # fmt: skip


def unexpected_errors(results):
    """Return the exceptions in ``results`` that are not expected refusals."""
    expected = (
        leases.NoExamNow,
        leases.NothingAvailable,
        guards.Withdrawn,
        guards.AlreadySubmitted,
    )
    return [
        result
        for result in results
        if isinstance(result, Exception) and not isinstance(result, expected)
    ]


def check_pool(batch):
    """Assert that slots, assignments and seat counts of the batch are consistent."""
    filled = Slot.objects.filter(batch=batch, assignment__isnull=False)
    assignments = list(filled.values_list("assignment", flat=True))
    assert len(assignments) == len(set(assignments))
    slots = set(filled.values_list("exam", "assignment__exam"))
    assert all(slot_exam == assigned_exam for slot_exam, assigned_exam in slots)
    in_effect = batch.assignments.filter(state__in=("waiting", "read"))
    twice = [n for n in Counter(in_effect.values_list("exam", "reader")).values() if n > 1]
    assert not twice
    for seat in Seat.objects.filter(batch=batch):
        own = batch.assignments.filter(reader=seat.reader)
        assert seat.n_assigned == own.filter(state__in=("waiting", "read")).count()
        assert seat.n_read == own.filter(state="read").count()


def test_many_readers_race_for_the_last_exam(make_pool, many_readers, now):
    batch = make_pool(1, 1, many_readers)
    results = at_once(
        *[
            lambda r=reader: leases.take(batch_id=batch.pk, reader=r, now=now)
            for reader in many_readers
        ]
    )
    assert not unexpected_errors(results)
    assert sum(isinstance(result, Assignment) for result in results) == 1
    assert not Slot.objects.free().exists()
    check_pool(batch)


def test_many_readers_race_for_as_many_exams(make_pool, many_readers, now):
    batch = make_pool(N_THREADS, 1, many_readers)
    results = at_once(
        *[
            lambda r=reader: leases.take(batch_id=batch.pk, reader=r, now=now)
            for reader in many_readers
        ]
    )
    assert not unexpected_errors(results)
    exams = [result.exam_id for result in results if isinstance(result, Assignment)]
    assert len(exams) == len(set(exams)) == N_THREADS
    check_pool(batch)


def test_eight_tabs_of_a_reader_take_one_exam(make_pool, ana, now):
    batch = make_pool(8, 1, [ana])
    results = at_once(*[lambda: leases.take(batch_id=batch.pk, reader=ana, now=now)] * 8)
    assert not unexpected_errors(results)
    assert len({result.pk for result in results}) == 1
    check_pool(batch)


def test_taking_waits_for_a_withdrawal_and_is_refused(make_pool, study, ana, davi, now):
    batch = make_pool(1, 1, [ana])
    with transaction.atomic():
        roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
        (refusal,) = at_once(lambda: leases.take(batch_id=batch.pk, reader=ana, now=now))
    assert isinstance(refusal, leases.NoExamNow)
    assert not batch.assignments.exists()


REFUSALS = (
    drafts.StaleDraft,
    leases.NoExamNow,
    leases.NothingAvailable,
    guards.AlreadySubmitted,
    guards.Withdrawn,
)
"""Refusals that a reader with two tabs may get and can ignore."""


def read_one(batch, reader, now):
    """Take an exam, save a draft and submit a reading, each in its own transaction."""
    with transaction.atomic():
        assignment = leases.take(batch_id=batch.pk, reader=reader, now=now)
    with transaction.atomic():
        drafts.save(assignment_id=assignment.pk, reader=reader, based_on=0, content={}, now=now)
    with transaction.atomic():
        submission = signing.submit_reading(
            assignment_id=assignment.pk, reader=reader, based_on=1, findings=[], quality="good",
            comment="", idempotency_key=uuid.uuid4(), active_ms=0, display={}, now=now,
        )  # fmt: skip
        leases.next_id(assignment=submission.reading.assignment, now=now)


def read_repeatedly(batch, reader, now):
    """Try to read 14 exams, more than the pool has, and return the refusals."""
    refused = []
    for _ in range(14):
        try:
            read_one(batch, reader, now)
        except REFUSALS as refusal:
            refused.append(refusal)
    return refused


@pytest.mark.parametrize("attempt", range(size(1, 3)))
def test_readers_and_worker_do_not_deadlock(make_pool, many_readers, study, davi, now, attempt):
    """Four readers read in two tabs each while leases expire and one reader is withdrawn."""
    readers = many_readers[:4]
    batch = make_pool(12, 3, readers, lease_minutes=1)
    later = now.replace(hour=23)
    requests = [
        lambda r=reader: read_repeatedly(batch, r, now) for reader in readers for _ in range(2)
    ]
    results = at_once(
        *requests,
        *[lambda: [leases.reclaim_next(now=later) for _ in range(30)]] * 2,
        lambda: roster.withdraw(study=study, user=readers[0], reason="moved", actor=davi, now=now),
    )
    assert not unexpected_errors(results)
    assert not batch.assignments.filter(reader=readers[0], state=AssignmentState.WAITING).exists()
    check_pool(batch)


@pytest.mark.parametrize("attempt", range(size(1, 3)))
def test_opposite_reassignments_do_not_deadlock(
    make_batch, make_exam, study, ana, bruno, davi, now, attempt
):
    batch_of_ana = make_batch([make_exam() for _ in range(4)], [ana], "Hers")
    batch_of_bruno = make_batch([make_exam() for _ in range(4)], [bruno], "His")

    def move(source, target):
        return reassignment.reassign(
            study=study, reader=source, to=[target], actor=davi, reason="swap", now=now
        )

    own = list(batch_of_ana.assignments.all().select_related("reader"))
    results = at_once(
        lambda: move(ana, bruno), lambda: move(bruno, ana), lambda: [sign(a, now) for a in own[:1]]
    )
    refusals = (reassignment.NothingWaits, reassignment.NoEligibleRecipient)
    assert not [result for result in unexpected_errors(results) if not isinstance(result, refusals)]
    for batch in (batch_of_ana, batch_of_bruno):
        check_pool(batch)
