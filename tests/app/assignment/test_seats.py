"""The counters of seats always equal counts of the assignments."""

from __future__ import annotations

import uuid
from itertools import count

import pytest
from django.db import transaction
from django.db.models import Count, Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.models import Assignment, AssignmentState, Batch, Seat
from annotations.services.assignment import batches, handout
from annotations.services.reading import content
from annotations.services.refusals import NameTaken
from annotations.services.studies import roster
from tests.app import signing

N_EXAMS = 4
PLACES = st.integers(0, 2 * N_EXAMS - 1)
STATES = st.sampled_from([state for state in AssignmentState if state != AssignmentState.READ])

ACTIONS = st.one_of(
    st.tuples(st.just("read"), PLACES),
    st.tuples(st.just("state"), st.tuples(st.frozensets(PLACES), STATES)),
    st.tuples(st.just("take back"), st.frozensets(PLACES)),
    st.tuples(st.just("delete"), st.frozensets(PLACES)),
    st.tuples(st.just("add"), st.booleans()),
)


class RollBack(Exception):
    """Raised to roll back the changes of one example."""


class SeatActions:
    """Actions on the assignments of a batch that Ana and Bruno read."""

    def __init__(self, batch: Batch, spare, now) -> None:
        self.batch, self.spare, self.now = batch, iter(spare), now
        self.positions = count(100)

    def assignments_at(self, places):
        ids = list(self.batch.assignments.order_by("pk").values_list("pk", flat=True))
        return Assignment.objects.filter(pk__in=[ids[n] for n in places if n < len(ids)])

    def read(self, place):
        for assignment in self.assignments_at([place]).exclude(state__in=["read", "withdrawn"]):
            signing.submit_reading(
                assignment_id=assignment.pk, reader=assignment.reader, based_on=0, findings=[],
                quality="good", comment="", idempotency_key=uuid.uuid4(), active_ms=0, display={},
                now=self.now,
            )  # fmt: skip

    def state(self, argument):
        places, state = argument
        self.assignments_at(places).exclude(state="read").update(state=state)

    def take_back(self, places):
        roster.take_back(self.assignments_at(places))

    def delete(self, places):
        self.assignments_at(places).exclude(state="read").delete()

    def add(self, is_for_both):
        exam = next(self.spare, None)
        readers = list(self.batch.seats.values_list("reader", flat=True))
        recipients = readers if is_for_both else readers[:1]
        if exam is not None:
            rows = [handout.Row(pk, exam.pk, next(self.positions)) for pk in recipients]
            handout.assign(self.batch, rows)


def recount(batch):
    """Return [assigned, read] by reader, counted from assignments."""
    has_to_be_read = Count("pk", filter=Q(state__in=["waiting", "read"]))
    is_read = Count("pk", filter=Q(state="read"))
    counted = Assignment.objects.filter(batch=batch).values_list("reader")
    counts = counted.annotate(to_read=has_to_be_read, n_read=is_read)
    return {reader: numbers for reader, *numbers in counts if numbers != [0, 0]}


def seat_counts(batch):
    """Return [assigned, read] by reader, as stored in seats."""
    seats = Seat.objects.filter(batch=batch).exclude(n_assigned=0)
    return {
        reader: numbers for reader, *numbers in seats.values_list("reader", "n_assigned", "n_read")
    }


@pytest.fixture
def make_actions(make_batch, make_exam, now):
    batch = make_batch([make_exam() for _ in range(N_EXAMS)])
    spare = [make_exam() for _ in range(8)]
    return lambda: SeatActions(batch, spare, now)


@pytest.mark.django_db
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(actions=st.lists(ACTIONS, max_size=12))
def test_seat_counts_equal_a_recount_after_any_actions(make_actions, actions):
    seat_actions = make_actions()
    try:
        with transaction.atomic():
            for name, argument in actions:
                getattr(seat_actions, name.replace(" ", "_"))(argument)
                assert seat_counts(seat_actions.batch) == recount(seat_actions.batch)
            raise RollBack
    except RollBack:
        pass


def test_a_seat_counts_the_assignments_of_its_reader(make_batch, make_exam, ana):
    batch = make_batch([make_exam(), make_exam()])
    seat = Seat.objects.get(batch=batch, reader=ana)
    assert (seat.n_assigned, seat.n_read) == (2, 0)


def test_each_batch_has_its_own_seats(make_batch, submit, ana):
    first, second = make_batch(), make_batch()
    submit(first.assignments.get(reader=ana))
    assert seat_counts(first)[ana.pk] == [1, 1]
    assert seat_counts(second)[ana.pk] == [1, 0]


def test_a_refused_reading_is_not_counted(make_batch, ana, now):
    batch = make_batch()
    assignment = batch.assignments.get(reader=ana)
    with pytest.raises(content.UnknownClass):
        signing.submit_reading(
            assignment_id=assignment.pk, reader=ana, based_on=0,
            findings=[content.FindingIn("no_such_class", "definite")], quality="good",
            comment="", idempotency_key=uuid.uuid4(), active_ms=0, display={}, now=now,
        )  # fmt: skip
    assert seat_counts(batch)[ana.pk] == [1, 0]


def test_a_refused_batch_leaves_no_seat(study, make_exam, ana, davi, now):
    exams = [make_exam()]
    for _ in range(2):
        try:
            batches.create(
                study=study, name="Once", exams=exams, readers=[ana], created_by=davi, now=now
            )
        except NameTaken:
            continue
    assert Seat.objects.count() == 1
