"""Many readers at one pool: no exam goes out twice, none is lost, nobody waits in a circle."""

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
def crowd(make_user):
    """As many readers as threads."""
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


def defects(results):
    """Return what is an error and no refusal."""
    fine = (leases.NoExamNow, leases.NothingAvailable, guards.Withdrawn, guards.AlreadySubmitted)
    return [
        found for found in results if isinstance(found, Exception) and not isinstance(found, fine)
    ]


def check(batch):
    """Refuse a pool in which something was doubled or lost."""
    taken = Slot.objects.filter(batch=batch, assignment__isnull=False)
    held = list(taken.values_list("assignment", flat=True))
    assert len(held) == len(set(held))
    slots = set(taken.values_list("exam", "assignment__exam"))
    assert all(one == other for one, other in slots)
    open_ones = batch.assignments.filter(state__in=("waiting", "read"))
    twice = [n for n in Counter(open_ones.values_list("exam", "reader")).values() if n > 1]
    assert not twice
    for seat in Seat.objects.filter(batch=batch):
        own = batch.assignments.filter(reader=seat.reader)
        assert seat.n_assigned == own.filter(state__in=("waiting", "read")).count()
        assert seat.n_read == own.filter(state="read").count()


def test_many_readers_race_for_the_last_exam(make_pool, crowd, now):
    batch = make_pool(1, 1, crowd)
    results = at_once(
        *[lambda r=reader: leases.take(batch_id=batch.pk, reader=r, now=now) for reader in crowd]
    )
    assert not defects(results)
    assert sum(isinstance(found, Assignment) for found in results) == 1
    assert not Slot.objects.free().exists()
    check(batch)


def test_many_readers_race_for_as_many_exams(make_pool, crowd, now):
    batch = make_pool(N_THREADS, 1, crowd)
    results = at_once(
        *[lambda r=reader: leases.take(batch_id=batch.pk, reader=r, now=now) for reader in crowd]
    )
    assert not defects(results)
    exams = [found.exam_id for found in results if isinstance(found, Assignment)]
    assert len(exams) == len(set(exams)) == N_THREADS
    check(batch)


def test_two_tabs_take_one_exam(make_pool, ana, now):
    batch = make_pool(8, 1, [ana])
    results = at_once(*[lambda: leases.take(batch_id=batch.pk, reader=ana, now=now)] * 8)
    assert not defects(results)
    assert len({found.pk for found in results}) == 1
    check(batch)


def test_nothing_is_taken_while_the_reader_is_being_withdrawn(make_pool, study, ana, davi, now):
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
"""What somebody with two tabs may meet, and goes on after."""


def read_one(batch, reader, now):
    """Take an exam, begin it, submit it and take the next, each request in one transaction."""
    with transaction.atomic():
        held = leases.take(batch_id=batch.pk, reader=reader, now=now)
    with transaction.atomic():
        drafts.save(assignment_id=held.pk, reader=reader, based_on=0, content={}, now=now)
    with transaction.atomic():
        submission = signing.submit_reading(
            assignment_id=held.pk, reader=reader, based_on=1, findings=[], quality="good",
            comment="", idempotency_key=uuid.uuid4(), active_ms=0, display={}, now=now,
        )  # fmt: skip
        leases.next_id(assignment=submission.reading.assignment, now=now)


def read_on(batch, reader, now):
    """Try so often that two tabs of four readers could read it all; return what was refused."""
    refused = []
    for _ in range(14):
        try:
            read_one(batch, reader, now)
        except REFUSALS as refusal:
            refused.append(refusal)
    return refused


@pytest.mark.parametrize("attempt", range(size(1, 3)))
def test_readers_and_the_worker_meet_in_no_circle(make_pool, crowd, study, davi, now, attempt):
    """Everybody reads on, in two tabs, while leases end and somebody is withdrawn."""
    readers = crowd[:4]
    batch = make_pool(12, 3, readers, lease_minutes=1)
    later = now.replace(hour=23)
    acts = [lambda r=reader: read_on(batch, r, now) for reader in readers for _ in range(2)]
    results = at_once(
        *acts,
        *[lambda: [leases.reclaim_next(now=later) for _ in range(30)]] * 2,
        lambda: roster.withdraw(study=study, user=readers[0], reason="moved", actor=davi, now=now),
    )
    assert not defects(results)
    assert not batch.assignments.filter(reader=readers[0], state=AssignmentState.WAITING).exists()
    check(batch)


@pytest.mark.parametrize("attempt", range(size(1, 3)))
def test_exams_move_both_ways_at_once(make_batch, make_exam, study, ana, bruno, davi, now, attempt):
    hers = make_batch([make_exam() for _ in range(4)], [ana], "Hers")
    his = make_batch([make_exam() for _ in range(4)], [bruno], "His")

    def move(source, target):
        return reassignment.reassign(
            study=study, reader=source, to=[target], actor=davi, reason="swap", now=now
        )

    own = list(hers.assignments.all().select_related("reader"))
    results = at_once(
        lambda: move(ana, bruno), lambda: move(bruno, ana), lambda: [sign(a, now) for a in own[:1]]
    )
    refusals = (reassignment.NothingWaits, reassignment.NobodyToReadThem)
    assert not [found for found in defects(results) if not isinstance(found, refusals)]
    for batch in (hers, his):
        check(batch)
