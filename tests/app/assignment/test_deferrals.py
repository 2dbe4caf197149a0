"""Putting an exam off: it comes again when all others are read, and nothing of it is lost."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from annotations import desk_payloads
from annotations.models import Assignment, AuditEvent, Draft
from annotations.services import audit
from annotations.services.assignment import batches, deferrals, guards, leases, pool_slots
from annotations.services.reading import drafts

A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def queue(make_batch, make_exam, ana):
    """Ana's four exams, in their order."""
    batch = make_batch([make_exam() for _ in range(4)], [ana])
    return list(batch.assignments.all().in_reading_order())


@pytest.fixture
def defer(now):
    """Put an exam off, some seconds after the beginning of the test."""

    def make(assignment, after=0):
        return deferrals.defer(
            assignment_id=assignment.pk,
            reader=assignment.reader,
            now=now + after * A_MOMENT,
        )

    return make


def next_of(assignment):
    assignment.refresh_from_db()
    return desk_payloads.next_id(assignment, assignment.reader)


def walk(start, submit):
    """Read on from ``start`` and return the exams in the order in which they came."""
    found, place = [], start
    while place is not None:
        found.append(place.pk)
        submit(place)
        following = next_of(place)
        place = following and Assignment.objects.get(pk=following)
    return found


def test_what_is_put_off_comes_last(queue, defer, submit):
    one, two, three, four = queue
    defer(one)
    assert walk(two, submit) == [two.pk, three.pk, four.pk, one.pk]


def test_what_was_put_off_first_comes_first(queue, defer, submit):
    one, two, three, four = queue
    defer(two, after=1)
    defer(one, after=2)
    assert walk(three, submit) == [three.pk, four.pk, two.pk, one.pk]


def test_put_off_again_it_goes_to_the_end(queue, defer, submit):
    one, two, three, four = queue
    defer(one, after=1)
    defer(two, after=2)
    defer(one, after=3)
    assert walk(three, submit) == [three.pk, four.pk, two.pk, one.pk]


def test_from_the_last_put_off_one_goes_round(queue, defer, submit):
    for number, assignment in enumerate(queue):
        defer(assignment, after=number)
    assert [next_of(one) for one in queue] == [one.pk for one in [*queue[1:], queue[0]]]


def test_sending_it_again_changes_nothing(queue, defer):
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


def test_it_is_in_the_trail(queue, defer, ana, now):
    defer(queue[0])
    event = AuditEvent.objects.get(action=audit.Action.ASSIGNMENT_DEFERRED)
    assert (event.actor, event.object_id) == (ana, str(queue[0].pk))
    assert json.loads(event.before) == {"deferred_at": None}


def test_the_place_in_the_queue_is_the_one_at_its_end(queue, defer, now):
    one, two, *_ = queue
    defer(two, after=1)
    defer(one, after=2)
    places = []
    for assignment in queue:
        assignment.refresh_from_db()
        payload = desk_payloads.assignment_payload(assignment, assignment.reader, now=now)
        places.append(payload["queue"]["position"])
    assert places == [4, 3, 1, 2]


def test_it_is_told_until_it_is_read(queue, defer, submit):
    one = defer(queue[0])
    assert desk_payloads.is_deferred(one)
    submit(one)
    one.refresh_from_db()
    assert not desk_payloads.is_deferred(one)


def test_anothers_exam_cannot_be_put_off(queue, bruno, now):
    with pytest.raises(Assignment.DoesNotExist):
        deferrals.defer(assignment_id=queue[0].pk, reader=bruno, now=now)


def test_what_is_read_cannot_be_put_off(queue, defer, submit):
    submit(queue[0])
    with pytest.raises(guards.AlreadySubmitted):
        defer(queue[0])


def test_in_a_closed_batch_nothing_is_put_off(queue, defer, close):
    close(queue[0].batch)
    with pytest.raises(guards.BatchClosed):
        defer(queue[0])


class TestInAPool:
    """There the reader takes another exam; what was put off keeps its lease, and no longer."""

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

    def test_another_is_taken(self, take, defer):
        one = take()
        defer(one)
        assert take().exam != one.exam

    def test_what_is_free_comes_before_what_is_put_off(self, take, defer, submit):
        defer(take())
        other = take()
        submit(other)
        assert next_of(other) is None  # so that the desk asks the pool

    def test_it_is_handed_out_when_there_is_nothing_else(self, take, defer, submit):
        one = take()
        defer(one)
        submit(take())
        assert take() == one

    def test_its_lease_runs_out_all_the_same(self, take, defer, now):
        one = take()
        defer(one)
        take()
        while leases.reclaim_next(now=now + timedelta(hours=1)):
            pass
        one.refresh_from_db()
        assert one.state == "lapsed"

    def test_given_back_it_comes_after_what_is_free(self, take, defer, submit, now):
        one = take()
        defer(one)
        leases.reclaim_next(now=now + timedelta(hours=1))
        other = take(timedelta(hours=1))
        submit(other)
        assert (other.exam != one.exam, take(timedelta(hours=1))) == (True, one)
