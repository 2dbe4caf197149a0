"""Readers, coordinators and workers in any order: what must hold after each step does.

Hypothesis draws the order of the deeds and looks for the shortest that breaks a promise. The
services are the real ones, on a real database; true concurrency is in the tests of races.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, F, Q
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from annotations.models import (
    Assignment,
    AssignmentState,
    AuditEvent,
    Batch,
    Draft,
    Handout,
    Reading,
    Seat,
    Slot,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.services.agreement import refresh
from annotations.services.assignment import batches, guards, leases, pool_slots, reassignment
from annotations.services.notices import delivery
from annotations.services.reading import drafts
from annotations.services.studies import lifecycle, roster
from tests.app import signing
from tests.sizes import size

STANDING = (AssignmentState.WAITING, AssignmentState.READ)

REFUSALS = (
    guards.AlreadySubmitted,
    guards.BatchClosed,
    guards.StudyNotOpen,
    guards.Withdrawn,
    batches.AlreadyClosed,
    drafts.StaleDraft,
    leases.NoExamNow,
    leases.NothingAvailable,
    roster.HasLeft,
    reassignment.NobodyToReadThem,
    reassignment.NothingWaits,
    reassignment.Paused,
    roster.StatusUnchanged,
    lifecycle.NotThisPhase,
)
"""What a deed may meet that comes at the wrong moment: nothing has changed then."""

N_RUNS = int(os.environ.get("INTERLEAVINGS", size("6", "50")))
"""More find more; this many take a minute."""

nth = st.integers(min_value=0, max_value=10**6)
who = st.integers(min_value=0, max_value=2)


@dataclass(frozen=True)
class World:
    """What every run begins with."""

    study: Study
    readers: list[User]
    coordinator: User
    pool: Batch
    named: Batch
    now: datetime


class Interleavings(RuleBasedStateMachine):
    """One study with a pool and a named batch, three readers, and a clock that jumps."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.now = self.world.now
        self.signed: dict[uuid.UUID, int] = {}
        self.orders: dict[int, tuple[Any, ...]] = {}
        self.is_locked = False

    def teardown(self) -> None:
        """Leave the world as the next run expects it."""
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    def attempt(self, deed: Callable[[], Any]) -> Any:
        """Do it, or be told why not."""
        try:
            return deed()
        except REFUSALS:
            return None

    def pick(self, number: int, reader: User | None = None) -> Assignment | None:
        """Return any assignment, whatever became of it."""
        # By what is the same in every run: ids are drawn at random.
        found = Assignment.objects.select_related("reader").order_by("batch", "reader", "position")
        rows = list(found.filter(reader=reader) if reader else found)
        return rows[number % len(rows)] if rows else None

    # -- Readers ----------------------------------------------------------------------------

    @rule(reader=who)
    def take(self, reader: int) -> None:
        """Somebody takes the next exam of the pool."""
        self.take_one(reader)

    def take_one(self, reader: int) -> None:
        self.attempt(
            lambda: leases.take(
                batch_id=self.world.pool.pk, reader=self.world.readers[reader], now=self.now
            )
        )

    @rule()
    def take_all(self) -> None:
        """Everybody takes one."""
        for reader in range(3):
            self.take_one(reader)

    @rule(number=nth, back=st.integers(min_value=0, max_value=1))
    def draft(self, number: int, back: int) -> None:
        """Somebody types, in the tab at hand or in one that is a version behind."""
        assignment = self.pick(number)
        if assignment is None:
            return
        version = self.version(assignment)
        saved = self.attempt(
            lambda: drafts.save(
                assignment_id=assignment.pk, reader=assignment.reader,
                based_on=max(0, version - back), content={"comment": str(number)}, now=self.now,
            )
        )  # fmt: skip
        if saved is not None:
            assert not self.is_locked

    @rule(number=nth)
    def submit(self, number: int) -> None:
        """Somebody signs what is on their screen."""
        if assignment := self.pick(number):
            self.sign(assignment, uuid.uuid4())

    @rule(number=nth)
    def submit_twice(self, number: int) -> None:
        """Somebody clicks twice: the same key comes again."""
        if assignment := self.pick(number):
            key = uuid.uuid4()
            first, second = self.sign(assignment, key), self.sign(assignment, key)
            assert (first is None) == (second is None)
            assert first is None or second.is_repeat

    @rule(number=nth)
    def submit_in_two_tabs(self, number: int) -> None:
        """Somebody signs one exam in two tabs."""
        if assignment := self.pick(number):
            accepted = [self.sign(assignment, uuid.uuid4()) for _ in range(2)]
            assert sum(one is not None for one in accepted) <= 1

    # -- Coordinators -----------------------------------------------------------------------

    @rule(reader=who)
    def pause(self, reader: int) -> None:
        """Somebody is paused, or goes on."""
        if not self.manage(roster.pause, reader, reason="leave"):
            self.manage(roster.resume, reader)

    @precondition(lambda self: self.n_left() > 1)
    @rule(reader=who)
    def withdraw(self, reader: int) -> None:
        """Somebody leaves the study."""
        self.manage(roster.withdraw, reader, reason="moved")

    @rule(giver=who, recipient=who, with_begun=st.booleans(), limit=st.sampled_from([None, 1]))
    def reassign(self, giver: int, recipient: int, with_begun: bool, limit: int | None) -> None:
        """What waits for one goes to another."""
        if giver == recipient:
            return
        readers = self.world.readers
        self.attempt(
            lambda: reassignment.reassign(
                study=self.world.study, reader=readers[giver], to=[readers[recipient]],
                actor=self.world.coordinator, reason="leave", now=self.now,
                with_begun=with_begun, limit=limit,
            )
        )  # fmt: skip

    @precondition(lambda self: len(self.signed) > 3)
    @rule(is_pool=st.booleans())
    def close(self, is_pool: bool) -> None:
        """A batch is closed."""
        batch = self.world.pool if is_pool else self.world.named
        self.attempt(
            lambda: batches.close(batch_id=batch.pk, closed_by=self.world.coordinator, now=self.now)
        )

    @precondition(lambda self: len(self.signed) > 6)
    @rule()
    def lock(self) -> None:
        """The study is locked."""
        done = self.attempt(
            lambda: lifecycle.lock(
                study_id=self.world.study.pk, actor=self.world.coordinator, now=self.now
            )
        )
        self.is_locked = self.is_locked or done is not None

    # -- Workers and the clock --------------------------------------------------------------

    @rule()
    def reclaim(self) -> None:
        """The worker frees what nobody has touched."""
        while leases.reclaim_next(now=self.now):
            pass

    @rule()
    def leave_it(self) -> None:
        """Nobody does anything for longer than a lease."""
        self.now += timedelta(minutes=61)
        self.reclaim()

    @rule()
    def work(self) -> None:
        """The worker does what else is due."""
        delivery.remind(now=self.now)
        while refresh.refresh_next(now=self.now):
            pass

    @rule(minutes=st.integers(min_value=-3 * 24 * 60, max_value=3 * 24 * 60))
    def jump(self, minutes: int) -> None:
        """The clock goes on, or back."""
        self.now += timedelta(minutes=minutes)

    # -- What holds -------------------------------------------------------------------------

    @invariant()
    def no_reading_is_lost_or_doubled(self) -> None:
        stored = dict(Reading.objects.values_list("idempotency_key", "assignment"))
        assert stored == self.signed
        assert len(set(stored.values())) == len(stored)
        read = Assignment.objects.filter(state=AssignmentState.READ).values_list("pk", flat=True)
        assert set(read) == set(stored.values())

    @invariant()
    def every_reading_is_on_record_once(self) -> None:
        events = AuditEvent.objects.filter(action="reading.submitted")
        recorded = sorted(int(pk) for pk in events.values_list("object_id", flat=True))
        assert recorded == sorted(Reading.objects.values_list("pk", flat=True))

    @invariant()
    def seats_count_what_there_is(self) -> None:
        own = Assignment.objects.order_by().values_list("batch", "reader")
        n_standing = Count("pk", filter=Q(state__in=STANDING))
        n_read = Count("pk", filter=Q(state=AssignmentState.READ))
        rows = own.annotate(n_standing=n_standing, n_read=n_read)
        counted = {(batch, reader): tuple(numbers) for batch, reader, *numbers in rows}
        for seat in Seat.objects.all():
            there = counted.get((seat.batch_id, seat.reader_id), (0, 0))
            assert (seat.n_assigned, seat.n_read) == there

    @invariant()
    def nothing_waits_for_who_has_left(self) -> None:
        left = StudyReader.objects.filter(status=StudyReaderStatus.WITHDRAWN).values("user")
        over = (AssignmentState.READ, AssignmentState.WITHDRAWN)
        assert not Assignment.objects.filter(reader__in=left).exclude(state__in=over).exists()

    @invariant()
    def slots_are_filled_once_and_by_the_right_exam(self) -> None:
        filled = Slot.objects.exclude(assignment=None)
        assert not filled.exclude(assignment__exam=F("exam")).exists()
        assert not filled.exclude(assignment__state__in=STANDING).exists()
        leased = Assignment.objects.waiting().filter(batch__handout=Handout.POOLED)
        assert not leased.filter(slot=None).exists()

    @invariant()
    def nobody_reads_an_exam_of_the_study_twice(self) -> None:
        standing = Assignment.objects.filter(state__in=STANDING).values("exam", "reader")
        assert not standing.annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def nobody_holds_two_leases(self) -> None:
        leased = Assignment.objects.waiting().filter(batch__handout=Handout.POOLED)
        assert not leased.values("reader").annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def past_order_stays(self) -> None:
        kept = ("reader", "batch", "exam", "occurrence", "position", "order_key", "arm")
        rows = Assignment.objects.values_list("pk", *kept)
        now = {row[0]: row[1:] for row in rows}
        assert {pk: now.get(pk) for pk in self.orders} == self.orders
        self.orders = now

    # -- How --------------------------------------------------------------------------------

    def sign(self, assignment: Assignment, key: uuid.UUID) -> Any:
        batch = Batch.objects.get(pk=assignment.batch_id)
        done = self.attempt(
            lambda: signing.submit_reading(
                assignment_id=assignment.pk, reader=assignment.reader,
                based_on=self.version(assignment), findings=[], quality="good", comment="",
                idempotency_key=key, active_ms=0, display={}, now=self.now,
            )
        )  # fmt: skip
        if done is not None:
            assert not self.is_locked
            assert batch.is_open
            self.signed[key] = assignment.pk
        return done

    def manage(self, deed: Callable[..., Any], reader: int, **more: Any) -> Any:
        if self.is_locked:
            return None
        return self.attempt(
            lambda: deed(
                study=self.world.study, user=self.world.readers[reader],
                actor=self.world.coordinator, now=self.now, **more,
            )
        )  # fmt: skip

    def version(self, assignment: Assignment) -> int:
        stored = Draft.objects.filter(assignment=assignment).first()
        return stored.version if stored else 0

    def n_left(self) -> int:
        lines = StudyReader.objects.exclude(status=StudyReaderStatus.WITHDRAWN)
        return lines.filter(study=self.world.study).count()


@pytest.mark.django_db
def test_promises_hold_in_any_order_of_deeds(study, ana, bruno, clara, davi, make_exam, now):
    exams = [make_exam() for _ in range(8)]
    readers = [ana, bruno, clara]
    named = batches.create(
        study=study, name="Named", exams=exams[:4], readers=[ana, bruno], created_by=davi,
        now=now, due_on=now.date(),
    )  # fmt: skip
    # One exam is in both: who has it here is not given it there.
    pool = pool_slots.create_pool(
        study=study, name="Pool", exams=exams[3:], readers=readers, readers_per_exam=2,
        lease_minutes=60, created_by=davi, now=now,
    )  # fmt: skip
    batches.release(batch_id=pool.pk, actor=davi, now=now)
    Interleavings.world = World(study, readers, davi, pool, named, now)
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=N_RUNS,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
