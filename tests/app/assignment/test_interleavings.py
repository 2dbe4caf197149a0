"""Invariants of assignment hold for actions of readers, coordinators and workers in any order.

Hypothesis draws sequences of actions and shrinks the ones that break an invariant. Services and
database are real. Concurrent requests are tested in test_leases_races.py.
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

IN_EFFECT = (AssignmentState.WAITING, AssignmentState.READ)

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
    reassignment.NoEligibleRecipient,
    reassignment.NothingWaits,
    reassignment.Paused,
    roster.StatusUnchanged,
    lifecycle.NotThisPhase,
)
"""Refusals that are allowed. A refused action must not change anything."""

N_RUNS = int(os.environ.get("INTERLEAVINGS", size("4", "50")))
"""Number of random sequences; the environment variable INTERLEAVINGS overrides it."""

nth = st.integers(min_value=0, max_value=10**6)
reader_numbers = st.integers(min_value=0, max_value=2)


@dataclass(frozen=True)
class InitialRows:
    """The rows every sequence starts with."""

    study: Study
    readers: list[User]
    coordinator: User
    pool: Batch
    named: Batch
    now: datetime


class Interleavings(RuleBasedStateMachine):
    """One study with a pool and a named batch, three readers, and a clock that jumps."""

    initial: InitialRows

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.now = self.initial.now
        self.signed: dict[uuid.UUID, int] = {}
        self.orders: dict[int, tuple[Any, ...]] = {}
        self.is_locked = False

    def teardown(self) -> None:
        """Roll back, so that the next sequence starts with the same rows."""
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    def attempt(self, action: Callable[[], Any]) -> Any:
        """Run ``action``; return None if it is refused."""
        try:
            return action()
        except REFUSALS:
            return None

    def pick(self, number: int, reader: User | None = None) -> Assignment | None:
        """Return an assignment in any state, of ``reader`` or of anybody; None if there is none.

        Its index is ``number`` modulo the number of these assignments.
        """
        # Ordered by columns that are the same in every sequence.
        assignments = Assignment.objects.select_related("reader").order_by(
            "batch", "reader", "position"
        )
        rows = list(assignments.filter(reader=reader) if reader else assignments)
        return rows[number % len(rows)] if rows else None

    # -- Readers ----------------------------------------------------------------------------

    @rule(reader=reader_numbers)
    def take(self, reader: int) -> None:
        self.take_one(reader)

    def take_one(self, reader: int) -> None:
        self.attempt(
            lambda: leases.take(
                batch_id=self.initial.pool.pk, reader=self.initial.readers[reader], now=self.now
            )
        )

    @rule()
    def take_all(self) -> None:
        """Every reader takes an exam of the pool."""
        for reader in range(3):
            self.take_one(reader)

    @rule(number=nth, back=st.integers(min_value=0, max_value=1))
    def draft(self, number: int, back: int) -> None:
        """A reader saves a draft, in the current tab or in one that is a version behind."""
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
        if assignment := self.pick(number):
            self.sign(assignment, uuid.uuid4())

    @rule(number=nth)
    def submit_twice(self, number: int) -> None:
        """A double click sends the same idempotency key twice."""
        if assignment := self.pick(number):
            key = uuid.uuid4()
            first, second = self.sign(assignment, key), self.sign(assignment, key)
            assert (first is None) == (second is None)
            assert first is None or second.is_repeat

    @rule(number=nth)
    def submit_in_two_tabs(self, number: int) -> None:
        """A reader submits the same exam in two tabs."""
        if assignment := self.pick(number):
            accepted = [self.sign(assignment, uuid.uuid4()) for _ in range(2)]
            assert sum(submission is not None for submission in accepted) <= 1

    # -- Coordinators -----------------------------------------------------------------------

    @rule(reader=reader_numbers)
    def pause(self, reader: int) -> None:
        """Pause a reader, or resume a paused one."""
        if not self.manage(roster.pause, reader, reason="leave"):
            self.manage(roster.resume, reader)

    @precondition(lambda self: self.n_left() > 1)
    @rule(reader=reader_numbers)
    def withdraw(self, reader: int) -> None:
        self.manage(roster.withdraw, reader, reason="moved")

    @rule(
        giver=reader_numbers,
        recipient=reader_numbers,
        include_started=st.booleans(),
        limit=st.sampled_from([None, 1]),
    )
    def reassign(
        self, giver: int, recipient: int, include_started: bool, limit: int | None
    ) -> None:
        if giver == recipient:
            return
        readers = self.initial.readers
        self.attempt(
            lambda: reassignment.reassign(
                study=self.initial.study, reader=readers[giver], to=[readers[recipient]],
                actor=self.initial.coordinator, reason="leave", now=self.now,
                include_started=include_started, limit=limit,
            )
        )  # fmt: skip

    @precondition(lambda self: len(self.signed) > 3)
    @rule(is_pool=st.booleans())
    def close(self, is_pool: bool) -> None:
        batch = self.initial.pool if is_pool else self.initial.named
        self.attempt(
            lambda: batches.close(
                batch_id=batch.pk, closed_by=self.initial.coordinator, now=self.now
            )
        )

    @precondition(lambda self: len(self.signed) > 6)
    @rule()
    def lock(self) -> None:
        done = self.attempt(
            lambda: lifecycle.lock(
                study_id=self.initial.study.pk, actor=self.initial.coordinator, now=self.now
            )
        )
        self.is_locked = self.is_locked or done is not None

    # -- Workers and the clock --------------------------------------------------------------

    @rule()
    def reclaim(self) -> None:
        """The worker reclaims expired leases."""
        while leases.reclaim_next(now=self.now):
            pass

    @rule()
    def let_leases_expire(self) -> None:
        """More time passes than a lease lasts, and the worker reclaims expired leases."""
        self.now += timedelta(minutes=61)
        self.reclaim()

    @rule()
    def work(self) -> None:
        """The worker sends reminders and refreshes agreement."""
        delivery.remind(now=self.now)
        while refresh.refresh_next(now=self.now):
            pass

    @rule(minutes=st.integers(min_value=-3 * 24 * 60, max_value=3 * 24 * 60))
    def jump(self, minutes: int) -> None:
        """The clock moves forward or backward."""
        self.now += timedelta(minutes=minutes)

    # -- Invariants -------------------------------------------------------------------------

    @invariant()
    def no_reading_is_lost_or_doubled(self) -> None:
        stored = dict(Reading.objects.values_list("idempotency_key", "assignment"))
        assert stored == self.signed
        assert len(set(stored.values())) == len(stored)
        read = Assignment.objects.filter(state=AssignmentState.READ).values_list("pk", flat=True)
        assert set(read) == set(stored.values())

    @invariant()
    def every_reading_is_audited_once(self) -> None:
        events = AuditEvent.objects.filter(action="reading.submitted")
        recorded = sorted(int(pk) for pk in events.values_list("object_id", flat=True))
        assert recorded == sorted(Reading.objects.values_list("pk", flat=True))

    @invariant()
    def seats_count_assignments_and_readings(self) -> None:
        own = Assignment.objects.order_by().values_list("batch", "reader")
        n_in_effect = Count("pk", filter=Q(state__in=IN_EFFECT))
        n_read = Count("pk", filter=Q(state=AssignmentState.READ))
        rows = own.annotate(n_in_effect=n_in_effect, n_read=n_read)
        counted = {(batch, reader): tuple(numbers) for batch, reader, *numbers in rows}
        for seat in Seat.objects.all():
            expected = counted.get((seat.batch_id, seat.reader_id), (0, 0))
            assert (seat.n_assigned, seat.n_read) == expected

    @invariant()
    def withdrawn_readers_have_nothing_to_read(self) -> None:
        withdrawn = StudyReader.objects.filter(status=StudyReaderStatus.WITHDRAWN).values("user")
        over = (AssignmentState.READ, AssignmentState.WITHDRAWN)
        assert not Assignment.objects.filter(reader__in=withdrawn).exclude(state__in=over).exists()

    @invariant()
    def slots_are_filled_once_and_by_the_right_exam(self) -> None:
        filled = Slot.objects.exclude(assignment=None)
        assert not filled.exclude(assignment__exam=F("exam")).exists()
        assert not filled.exclude(assignment__state__in=IN_EFFECT).exists()
        leased = Assignment.objects.waiting().filter(batch__handout=Handout.POOLED)
        assert not leased.filter(slot=None).exists()

    @invariant()
    def nobody_reads_an_exam_of_the_study_twice(self) -> None:
        in_effect = Assignment.objects.filter(state__in=IN_EFFECT).values("exam", "reader")
        assert not in_effect.annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def nobody_holds_two_leases(self) -> None:
        leased = Assignment.objects.waiting().filter(batch__handout=Handout.POOLED)
        assert not leased.values("reader").annotate(n=Count("pk")).filter(n__gt=1).exists()

    @invariant()
    def past_assignments_keep_their_order(self) -> None:
        columns = ("reader", "batch", "exam", "occurrence", "position", "order_key", "arm")
        rows = Assignment.objects.values_list("pk", *columns)
        now = {row[0]: row[1:] for row in rows}
        assert {pk: now.get(pk) for pk in self.orders} == self.orders
        self.orders = now

    # -- Helpers ----------------------------------------------------------------------------

    def sign(self, assignment: Assignment, key: uuid.UUID) -> Any:
        batch = Batch.objects.get(pk=assignment.batch_id)
        submission = self.attempt(
            lambda: signing.submit_reading(
                assignment_id=assignment.pk, reader=assignment.reader,
                based_on=self.version(assignment), findings=[], quality="good", comment="",
                idempotency_key=key, active_ms=0, display={}, now=self.now,
            )
        )  # fmt: skip
        if submission is not None:
            assert not self.is_locked
            assert batch.is_open
            self.signed[key] = assignment.pk
        return submission

    def manage(self, action: Callable[..., Any], reader: int, **more: Any) -> Any:
        if self.is_locked:
            return None
        return self.attempt(
            lambda: action(
                study=self.initial.study, user=self.initial.readers[reader],
                actor=self.initial.coordinator, now=self.now, **more,
            )
        )  # fmt: skip

    def version(self, assignment: Assignment) -> int:
        stored = Draft.objects.filter(assignment=assignment).first()
        return stored.version if stored else 0

    def n_left(self) -> int:
        lines = StudyReader.objects.exclude(status=StudyReaderStatus.WITHDRAWN)
        return lines.filter(study=self.initial.study).count()


@pytest.mark.django_db
def test_invariants_hold_in_any_order_of_actions(study, ana, bruno, clara, davi, make_exam, now):
    exams = [make_exam() for _ in range(8)]
    readers = [ana, bruno, clara]
    named = batches.create(
        study=study, name="Named", exams=exams[:4], readers=[ana, bruno], created_by=davi,
        now=now, due_on=now.date(),
    )  # fmt: skip
    # One exam is in both batches; a reader must get it in only one of them.
    pool = pool_slots.create_pool(
        study=study, name="Pool", exams=exams[3:], readers=readers, readers_per_exam=2,
        lease_minutes=60, created_by=davi, now=now,
    )  # fmt: skip
    batches.release(batch_id=pool.pk, actor=davi, now=now)
    Interleavings.initial = InitialRows(study, readers, davi, pool, named, now)
    run_state_machine_as_test(
        Interleavings,
        settings=settings(
            max_examples=N_RUNS,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
