"""Deferring an exam: it moves to the end of the queue, and its draft is kept."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from annotations import desk_payloads
from annotations.models import Assignment, AuditEvent, Draft
from annotations.services import audit
from annotations.services.assignment import batches, deferrals, guards, leases, pool_slots
from annotations.services.reading import drafts
from tests.app.kept import kept

ONE_SECOND = timedelta(seconds=1)


@kept
def queue(make_batch, make_exam, ana):
    """Ana's four assignments in reading order."""
    batch = make_batch([make_exam() for _ in range(4)], [ana])
    return list(batch.assignments.all().in_reading_order())


@pytest.fixture
def defer(now):
    """Defer an assignment ``after`` seconds after ``now``."""

    def make(assignment, after=0):
        return deferrals.defer(
            assignment_id=assignment.pk,
            reader=assignment.reader,
            now=now + after * ONE_SECOND,
        )

    return make


def next_of(assignment):
    assignment.refresh_from_db()
    return desk_payloads.next_id(assignment, assignment.reader)


def read_all_from(start, submit):
    """Submit ``start`` and all assignments after it; return their primary keys in that order."""
    order, assignment = [], start
    while assignment is not None:
        order.append(assignment.pk)
        submit(assignment)
        following = next_of(assignment)
        assignment = following and Assignment.objects.get(pk=following)
    return order


def test_a_deferred_exam_comes_last(queue, defer, submit):
    first, second, third, fourth = queue
    defer(first)
    assert read_all_from(second, submit) == [second.pk, third.pk, fourth.pk, first.pk]


def test_deferred_exams_come_in_order_of_deferral(queue, defer, submit):
    first, second, third, fourth = queue
    defer(second, after=1)
    defer(first, after=2)
    assert read_all_from(third, submit) == [third.pk, fourth.pk, second.pk, first.pk]


def test_deferring_again_moves_to_the_end(queue, defer, submit):
    first, second, third, fourth = queue
    defer(first, after=1)
    defer(second, after=2)
    defer(first, after=3)
    assert read_all_from(third, submit) == [third.pk, fourth.pk, second.pk, first.pk]


def test_with_all_exams_deferred_the_queue_wraps_around(queue, defer, submit):
    for number, assignment in enumerate(queue):
        defer(assignment, after=number)
    assert [next_of(item) for item in queue] == [item.pk for item in [*queue[1:], queue[0]]]


def test_deferring_twice_in_a_row_changes_nothing(queue, defer):
    first = defer(queue[0], after=1)
    again = defer(queue[0], after=2)
    assert first.deferred_at == again.deferred_at
    assert AuditEvent.objects.filter(action=audit.Action.ASSIGNMENT_DEFERRED).count() == 1


def test_the_draft_is_kept(queue, defer, now):
    content = {"comment": "look again"}
    drafts.save(assignment_id=queue[0].pk, reader=queue[0].reader, based_on=0, content=content,
                now=now)  # fmt: skip
    defer(queue[0])
    assert Draft.objects.get().content == content


def test_a_deferral_is_audited(queue, defer, ana, now):
    defer(queue[0])
    event = AuditEvent.objects.get(action=audit.Action.ASSIGNMENT_DEFERRED)
    assert (event.actor, event.object_id) == (ana, str(queue[0].pk))
    assert json.loads(event.before) == {"deferred_at": None}


def test_the_position_counts_deferred_exams_last(queue, defer, now):
    first, second, *_ = queue
    defer(second, after=1)
    defer(first, after=2)
    places = []
    for assignment in queue:
        assignment.refresh_from_db()
        payload = desk_payloads.assignment_payload(assignment, assignment.reader, now=now)
        places.append(payload["queue"]["position"])
    assert places == [4, 3, 1, 2]


def test_an_exam_is_deferred_until_it_is_read(queue, defer, submit):
    first = defer(queue[0])
    assert desk_payloads.is_deferred(first)
    submit(first)
    first.refresh_from_db()
    assert not desk_payloads.is_deferred(first)


def test_another_readers_exam_cannot_be_deferred(queue, bruno, now):
    with pytest.raises(Assignment.DoesNotExist):
        deferrals.defer(assignment_id=queue[0].pk, reader=bruno, now=now)


def test_a_submitted_exam_cannot_be_deferred(queue, defer, submit):
    submit(queue[0])
    with pytest.raises(guards.AlreadySubmitted):
        defer(queue[0])


def test_an_exam_of_a_closed_batch_cannot_be_deferred(queue, defer, close):
    close(queue[0].batch)
    with pytest.raises(guards.BatchClosed):
        defer(queue[0])


class TestInAPool:
    """The reader takes another exam; the deferred one keeps its lease until it expires."""

    @pytest.fixture
    def pool(self, study, make_exam, ana, davi, now):
        batch = pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam() for _ in range(2)], readers=[ana],
            readers_per_exam=1, created_by=davi, now=now, lease_minutes=60,
        )  # fmt: skip
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    @pytest.fixture
    def take(self, pool, ana, now):
        def make(after=timedelta(0)):
            return leases.take(batch_id=pool.pk, reader=ana, now=now + after)

        return make

    def test_the_next_exam_is_another_one(self, take, defer):
        first = take()
        defer(first)
        assert take().exam != first.exam

    def test_free_exams_come_before_deferred_ones(self, take, defer, submit):
        defer(take())
        other = take()
        submit(other)
        assert next_of(other) is None  # None makes the desk take the next exam from the pool

    def test_a_deferred_exam_comes_back_when_none_is_free(self, take, defer, submit):
        first = take()
        defer(first)
        submit(take())
        assert take() == first

    def test_the_lease_of_a_deferred_exam_still_expires(self, take, defer, now):
        first = take()
        defer(first)
        take()
        while leases.reclaim_next(now=now + timedelta(hours=1)):
            pass
        first.refresh_from_db()
        assert first.state == "lapsed"

    def test_after_its_lease_expired_it_comes_after_free_exams(self, take, defer, submit, now):
        first = take()
        defer(first)
        leases.reclaim_next(now=now + timedelta(hours=1))
        other = take(timedelta(hours=1))
        submit(other)
        assert (other.exam != first.exam, take(timedelta(hours=1))) == (True, first)
