"""Pools: who takes which exam, for how long, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from annotations import row_security, tasks
from annotations.models import (
    Assignment,
    AssignmentState,
    AuditEvent,
    Batch,
    Draft,
    Exam,
    Patient,
    Reading,
    Seat,
    Slot,
    Study,
)
from annotations.services.assignment import batches, guards, leases, pool_slots
from annotations.services.reading import drafts
from annotations.services.studies import lifecycle, protocols, roster

pytestmark = pytest.mark.django_db

LEASE = timedelta(minutes=30)


@pytest.fixture
def make_pool(study, davi, now, ana, bruno, make_exam) -> Callable[..., Batch]:
    """Release a pool of new exams that Ana and Bruno take from."""

    def make(n_exams=3, n_each=1, readers=None, exams=None, **more) -> Batch:
        batch = pool_slots.create_pool(
            study=study,
            name=f"Pool {Batch.objects.count()}",
            exams=exams or [make_exam() for _ in range(n_exams)],
            readers=readers or [ana, bruno],
            readers_per_exam=n_each,
            lease_minutes=30,
            created_by=davi,
            now=now,
            **more,
        )
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    return make


def state(assignment: Assignment) -> str:
    return Assignment.objects.get(pk=assignment.pk).state


def save(assignment, now, based_on=0, text="begun"):
    return drafts.save(
        assignment_id=assignment.pk, reader=assignment.reader, based_on=based_on,
        content={"comment": text}, now=now,
    )  # fmt: skip


# -- Making one ---------------------------------------------------------------------------------


def test_a_pool_has_a_slot_for_every_reading_it_wants(make_pool):
    batch = make_pool(n_exams=3, n_each=2)
    assert Slot.objects.free().filter(batch=batch).count() == 6


def test_a_pool_wants_what_the_protocol_says_by_default(make_pool, study):
    batch = make_pool(n_exams=3, n_each=None)
    assert batch.slots.count() == 3 * study.readers_per_exam


def test_a_new_pool_gives_nobody_anything(make_pool):
    batch = make_pool()
    assert not batch.assignments.exists()
    assert list(batch.seats.values_list("n_assigned", "n_read")) == [(0, 0), (0, 0)]


def test_the_readers_of_a_pool_are_told_of_it(make_pool, ana):
    make_pool()
    (notice,) = ana.notices.all()
    assert (notice.kind, notice.data["n_exams"]) == ("batch_released", None)


def test_a_pool_with_too_few_readers_is_refused(make_pool, ana):
    with pytest.raises(pool_slots.TooFewReaders):
        make_pool(n_each=2, readers=[ana])


def test_a_pool_without_exams_is_refused(study, ana, davi, now):
    with pytest.raises(batches.NoExams):
        pool_slots.create_pool(
            study=study, name="Pool", exams=[], readers=[ana], created_by=davi, now=now
        )


def test_a_pool_without_readers_is_refused(study, make_exam, davi, now):
    with pytest.raises(batches.NoReaders):
        pool_slots.create_pool(
            study=study, name="Pool", exams=[make_exam()], readers=[], created_by=davi, now=now
        )


def test_what_is_pooled_as_data_is_not_practised_with(make_pool, make_exam, study, davi, ana, now):
    exam = make_exam()
    make_pool(exams=[exam])
    with pytest.raises(batches.MixedWithData):
        batches.create(
            study=study, name="Practice", exams=[exam], readers=[ana], created_by=davi, now=now,
            purpose="practice",
        )  # fmt: skip


def test_a_coordinator_makes_a_pool_on_the_site(make_pool, make_exam, clara, davi, now):
    exams = [make_exam()]
    with row_security.acting_as(davi.pk):
        batch = make_pool(exams=exams)
        pool_slots.add_readers(batch_id=batch.pk, readers=[clara], actor=davi, now=now)
    assert batch.seats.count() == 3


def test_more_readers_may_be_admitted_later(make_pool, clara, davi, now):
    batch = make_pool()
    pool_slots.add_readers(batch_id=batch.pk, readers=[clara], actor=davi, now=now)
    assert leases.take(batch_id=batch.pk, reader=clara, now=now).reader == clara


def test_nobody_is_admitted_to_a_closed_pool(make_pool, clara, davi, close, now):
    batch = close(make_pool())
    with pytest.raises(guards.BatchClosed):
        pool_slots.add_readers(batch_id=batch.pk, readers=[clara], actor=davi, now=now)


# -- Taking -------------------------------------------------------------------------------------


def test_a_taken_exam_holds_its_slot(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    assert taken.slot.exam_id == taken.exam_id
    assert (taken.position, taken.lease_expires_at) == (1, now + LEASE)


def test_who_holds_an_exam_is_given_it_again(make_pool, ana, now):
    batch = make_pool()
    first = leases.take(batch_id=batch.pk, reader=ana, now=now)
    assert leases.take(batch_id=batch.pk, reader=ana, now=now) == first
    assert batch.assignments.count() == 1


def test_taking_again_prolongs_the_lease(make_pool, ana, now):
    batch = make_pool()
    first = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE / 2)
    first.refresh_from_db()
    assert first.lease_expires_at == now + LEASE * 1.5


def test_an_exam_is_given_to_as_many_readers_as_the_pool_wants(make_pool, ana, bruno, now):
    batch = make_pool(n_exams=1)
    leases.take(batch_id=batch.pk, reader=ana, now=now)
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=bruno, now=now)


def test_nobody_reads_an_exam_for_two_slots(make_pool, ana, submit, now):
    batch = make_pool(n_exams=1, n_each=2)
    submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_two_readers_empty_the_pool(make_pool, ana, bruno, submit, now):
    batch = make_pool(n_exams=5, n_each=2)
    for reader in [ana, bruno] * 5:
        submit(leases.take(batch_id=batch.pk, reader=reader, now=now), "artifact")
    assert not Slot.objects.free().exists()
    assert sorted(batch.seats.values_list("n_assigned", "n_read")) == [(5, 5), (5, 5)]


def test_positions_count_from_one_without_gaps(make_pool, ana, submit, now):
    batch = make_pool(n_exams=4)
    for _ in range(4):
        submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    positions = batch.assignments.order_by("position").values_list("position", flat=True)
    assert list(positions) == [1, 2, 3, 4]


def test_the_round_is_that_of_the_slots_keys(make_pool, ana, submit, now, study):
    batch = make_pool(n_exams=6)
    keys = []
    for _ in range(6):
        taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
        keys.append(taken.order_key)
        submit(taken, "artifact")
    start = pool_slots.start_key(study.seed, ana.pk, batch.pk)
    assert keys == sorted(keys, key=lambda key: (key <= start, key))


@pytest.mark.parametrize("is_amended", [False, True])
def test_exams_of_one_patient_are_kept_apart(
    make_pool, make_exam, dataset, study, ana, davi, submit, now, is_amended
):
    patient = Patient.objects.create(dataset=dataset, pseudonym="p1")
    exams = [make_exam() for _ in range(3)]
    for exam in exams[:2]:
        exam.patient = patient
        exam.save()
    batch = make_pool(exams=exams)
    if is_amended:  # which holds for later batches
        wanted = replace(protocols.protocol_of(study), patient_gap=0)
        lifecycle.amend(study_id=study.pk, protocol=wanted, reason="pilot", actor=davi, now=now)
    order = []
    for _ in range(3):
        taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
        order.append(taken.exam.patient_id)
        submit(taken, "artifact")
    # Whichever came first, the one without a patient comes before two of the same meet.
    assert order in ([patient.pk, None, patient.pk], [None, patient.pk, patient.pk])


def test_between_exams_of_one_patient_comes_another_though_its_turn_is_later(
    make_pool, dataset, study, ana, submit, now
):
    batch = make_pool(n_exams=3)
    start = pool_slots.start_key(study.seed, ana.pk, batch.pk)
    turns = sorted(batch.slots.all(), key=lambda slot: (slot.order_key <= start, slot.order_key))
    patient = Patient.objects.create(dataset=dataset, pseudonym="p1")
    Exam.objects.filter(pk__in=[slot.exam_id for slot in turns[:2]]).update(patient=patient)
    taken = []
    for _ in range(3):
        assignment = leases.take(batch_id=batch.pk, reader=ana, now=now)
        taken.append(assignment.exam_id)
        submit(assignment, "artifact")
    assert taken == [turns[place].exam_id for place in (0, 2, 1)]


def test_a_reader_of_two_pools_is_given_an_exam_of_the_one_they_ask(make_pool, ana, now):
    pools = [make_pool(n_exams=1), make_pool(n_exams=1)]
    taken = [leases.take(batch_id=pool.pk, reader=ana, now=now).batch for pool in reversed(pools)]
    assert taken == pools[::-1]


def test_what_somebody_read_elsewhere_in_the_study_is_not_given_to_them(
    make_pool, make_exam, assign, ana, bruno, now
):
    exam = make_exam()
    assign(ana, exam)
    batch = make_pool(exams=[exam])
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=ana, now=now)
    assert leases.take(batch_id=batch.pk, reader=bruno, now=now).exam == exam


def test_a_cap_bounds_what_is_taken(make_pool, study, ana, davi, submit, now):
    batch = make_pool()
    roster.set_cap(study=study, user=ana, max_exams=1, actor=davi, now=now)
    submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_a_lease_is_on_record(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    event = AuditEvent.objects.get(action="assignment.leased")
    assert (event.actor, event.object_id) == (ana, str(taken.pk))


# -- Being refused ------------------------------------------------------------------------------


def test_who_has_no_seat_finds_no_pool(make_pool, clara, now):
    with pytest.raises(Batch.DoesNotExist):
        leases.take(batch_id=make_pool().pk, reader=clara, now=now)


def test_a_pool_that_was_not_released_is_not_found(study, make_exam, ana, davi, now):
    batch = pool_slots.create_pool(
        study=study, name="Pool", exams=[make_exam()], readers=[ana], readers_per_exam=1,
        created_by=davi, now=now,
    )  # fmt: skip
    with pytest.raises(Batch.DoesNotExist):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_a_named_batch_is_no_pool(make_batch, ana, now):
    with pytest.raises(Batch.DoesNotExist):
        leases.take(batch_id=make_batch().pk, reader=ana, now=now)


def test_nothing_is_taken_from_a_closed_pool(make_pool, ana, close, now):
    batch = close(make_pool())
    with pytest.raises(guards.BatchClosed):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_nothing_is_taken_in_a_locked_study(make_pool, study, ana, davi, now):
    batch = make_pool()
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    with pytest.raises(guards.StudyNotOpen):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_a_paused_reader_takes_nothing(make_pool, study, ana, davi, now):
    batch = make_pool()
    roster.pause(study=study, user=ana, reason="leave", actor=davi, now=now)
    with pytest.raises(leases.NothingAvailable):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


# -- Giving back --------------------------------------------------------------------------------


def test_a_lease_that_is_over_frees_its_slot(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    assert leases.reclaim_next(now=now + LEASE)
    assert not leases.reclaim_next(now=now + LEASE)
    assert state(taken) == AssignmentState.LAPSED
    assert Slot.objects.free().count() == 3
    assert Seat.objects.get(reader=ana).n_assigned == 0


def test_a_lease_that_runs_is_left_alone(make_pool, ana, now):
    leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    assert not leases.reclaim_next(now=now + LEASE - timedelta(seconds=1))


def test_a_draft_prolongs_the_lease(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    save(taken, now + LEASE / 2)
    assert not leases.reclaim_next(now=now + LEASE)


def test_the_draft_of_what_was_given_back_is_kept(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    save(taken, now)
    leases.reclaim_next(now=now + LEASE)
    assert Draft.objects.get(assignment=taken).content == {"comment": "begun"}


def test_who_comes_back_goes_on_with_what_they_began(make_pool, ana, now):
    batch = make_pool(n_exams=9)
    taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    again = leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE)
    assert (again, again.state) == (taken, AssignmentState.WAITING)
    assert Slot.objects.get(assignment=taken).exam_id == taken.exam_id


def test_taking_again_what_was_given_back_is_on_record(make_pool, ana, now):
    batch = make_pool()
    taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE)
    events = AuditEvent.objects.filter(action="assignment.leased", object_id=str(taken.pk))
    assert events.count() == 2


def test_who_comes_back_too_late_is_given_another(make_pool, ana, bruno, now):
    batch = make_pool(n_exams=1)
    hers = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    leases.take(batch_id=batch.pk, reader=bruno, now=now + LEASE)
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE)
    assert state(hers) == AssignmentState.LAPSED


def test_a_draft_takes_the_exam_again(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    save(taken, now + LEASE)
    assert state(taken) == AssignmentState.WAITING
    assert Slot.objects.filter(assignment=taken).exists()


@pytest.fixture
def too_late(make_pool, ana, bruno, now) -> Assignment:
    """Ana's assignment, given back; its only slot is Bruno's now."""
    batch = make_pool(n_exams=1)
    hers = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    leases.take(batch_id=batch.pk, reader=bruno, now=now + LEASE)
    return hers


def test_a_draft_that_comes_too_late_is_kept_all_the_same(too_late, now):
    save(too_late, now + LEASE)
    assert Draft.objects.filter(assignment=too_late).exists()
    assert state(too_late) == AssignmentState.LAPSED


def surplus():
    """Return what was read in a pool too late for a slot: one reading more than was wanted."""
    read = Assignment.objects.answered().filter(state="read")
    return read.filter(batch__handout="pooled", slot=None)


def test_a_late_reading_fills_the_slot_if_it_is_free(make_pool, ana, submit, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    submit(taken, "artifact")
    assert Slot.objects.get(assignment=taken).exam_id == taken.exam_id
    assert not surplus().exists()


def test_a_late_reading_without_a_slot_is_one_too_many(too_late, submit):
    submit(too_late, "artifact")
    assert state(too_late) == AssignmentState.READ
    assert list(surplus()) == [too_late]
    assert Reading.objects.count() == 1


def test_a_late_reading_does_not_take_anothers_slot(too_late, submit, bruno):
    submit(too_late, "artifact")
    assert Slot.objects.values_list("assignment__reader", flat=True).get() == bruno.pk


def test_a_withdrawn_reader_submits_nothing_late(too_late, study, ana, davi, submit, now):
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    too_late.refresh_from_db()
    assert too_late.state == AssignmentState.WITHDRAWN


def test_withdrawing_a_reader_frees_their_slot(make_pool, study, ana, bruno, davi, now):
    batch = make_pool(n_exams=1)
    leases.take(batch_id=batch.pk, reader=ana, now=now)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    assert leases.take(batch_id=batch.pk, reader=bruno, now=now).reader == bruno


def test_a_clock_that_was_set_back_takes_no_exam_away(make_pool, ana, now):
    batch = make_pool()
    taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
    earlier = now - timedelta(days=400)
    assert not leases.reclaim_next(now=earlier)
    assert leases.take(batch_id=batch.pk, reader=ana, now=earlier) == taken


def test_the_task_reclaims_what_is_over(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    Assignment.objects.filter(pk=taken.pk).update(lease_expires_at=timezone.now())
    tasks.reclaim_leases()
    assert state(taken) == AssignmentState.LAPSED


def test_what_is_reclaimed_is_on_record(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    event = AuditEvent.objects.get(action="assignment.reclaimed")
    assert (event.actor, event.object_id) == (None, str(taken.pk))


# -- How much work it is ------------------------------------------------------------------------


def test_taking_asks_the_database_as_often_in_a_large_pool(
    make_pool, make_exam, ana, submit, now, django_assert_max_num_queries
):
    batch = make_pool(n_exams=60)
    with django_assert_max_num_queries(22):
        first = leases.take(batch_id=batch.pk, reader=ana, now=now)
    for _ in range(20):
        submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    with django_assert_max_num_queries(22):
        assert leases.take(batch_id=batch.pk, reader=ana, now=now) != first


def test_the_study_of_a_pool_counts_its_readings(make_pool, ana, submit, study, now):
    submit(leases.take(batch_id=make_pool().pk, reader=ana, now=now), "artifact")
    assert Reading.objects.counted().count() == 1
    assert Study.objects.all().blinding(ana).get() == study
