"""Pools: taking exams, leases, and slots that become free again."""

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
from tests.app.kept import factory, kept

pytestmark = pytest.mark.django_db

LEASE = timedelta(minutes=30)


@factory
def make_pool(study, davi, now, ana, bruno, make_exam) -> Callable[..., Batch]:
    """Release a pool of new exams for Ana and Bruno."""

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


# -- Creating a pool ----------------------------------------------------------------------------


def test_a_pool_has_a_slot_for_every_reading(make_pool):
    batch = make_pool(n_exams=3, n_each=2)
    assert Slot.objects.free().filter(batch=batch).count() == 6


def test_readers_per_exam_default_to_the_protocol(make_pool, study):
    batch = make_pool(n_exams=3, n_each=None)
    assert batch.slots.count() == 3 * study.readers_per_exam


def test_a_new_pool_has_no_assignments(make_pool):
    batch = make_pool()
    assert not batch.assignments.exists()
    assert list(batch.seats.values_list("n_assigned", "n_read")) == [(0, 0), (0, 0)]


def test_readers_are_notified_of_a_pool(make_pool, ana):
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


def test_exams_of_a_data_pool_cannot_be_used_for_practice(
    make_pool, make_exam, study, davi, ana, now
):
    exam = make_exam()
    make_pool(exams=[exam])
    with pytest.raises(batches.MixedWithData):
        batches.create(
            study=study, name="Practice", exams=[exam], readers=[ana], created_by=davi, now=now,
            purpose="practice",
        )  # fmt: skip


def test_row_level_security_lets_a_coordinator_create_a_pool(
    make_pool, make_exam, clara, davi, now
):
    exams = [make_exam()]
    with row_security.acting_as(davi.pk):
        batch = make_pool(exams=exams)
        pool_slots.add_readers(batch_id=batch.pk, readers=[clara], actor=davi, now=now)
    assert batch.seats.count() == 3


def test_readers_can_be_added_later(make_pool, clara, davi, now):
    batch = make_pool()
    pool_slots.add_readers(batch_id=batch.pk, readers=[clara], actor=davi, now=now)
    assert leases.take(batch_id=batch.pk, reader=clara, now=now).reader == clara


def test_readers_cannot_be_added_to_a_closed_pool(make_pool, clara, davi, close, now):
    batch = close(make_pool())
    with pytest.raises(guards.BatchClosed):
        pool_slots.add_readers(batch_id=batch.pk, readers=[clara], actor=davi, now=now)


# -- Taking exams -------------------------------------------------------------------------------


def test_a_taken_exam_holds_its_slot(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    assert taken.slot.exam_id == taken.exam_id
    assert (taken.position, taken.lease_expires_at) == (1, now + LEASE)


def test_taking_twice_returns_the_same_exam(make_pool, ana, now):
    batch = make_pool()
    first = leases.take(batch_id=batch.pk, reader=ana, now=now)
    assert leases.take(batch_id=batch.pk, reader=ana, now=now) == first
    assert batch.assignments.count() == 1


def test_taking_again_extends_the_lease(make_pool, ana, now):
    batch = make_pool()
    first = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE / 2)
    first.refresh_from_db()
    assert first.lease_expires_at == now + LEASE * 1.5


def test_an_exam_without_a_free_slot_is_not_handed_out(make_pool, ana, bruno, now):
    batch = make_pool(n_exams=1)
    leases.take(batch_id=batch.pk, reader=ana, now=now)
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=bruno, now=now)


def test_a_reader_gets_an_exam_only_once(make_pool, ana, submit, now):
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


def test_slots_are_taken_in_key_order_from_the_readers_start(make_pool, ana, submit, now, study):
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
    if is_amended:  # the amendment applies to later batches only
        amended = replace(protocols.protocol_of(study), patient_gap=0)
        lifecycle.amend(study_id=study.pk, protocol=amended, reason="pilot", actor=davi, now=now)
    order = []
    for _ in range(3):
        taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
        order.append(taken.exam.patient_id)
        submit(taken, "artifact")
    # The exam without a patient comes between the two of the same patient, unless it came first.
    assert order in ([patient.pk, None, patient.pk], [None, patient.pk, patient.pk])


def test_a_later_slot_is_taken_to_separate_exams_of_one_patient(
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


def test_a_reader_of_two_pools_gets_an_exam_of_the_pool_requested(make_pool, ana, now):
    pools = [make_pool(n_exams=1), make_pool(n_exams=1)]
    taken = [leases.take(batch_id=pool.pk, reader=ana, now=now).batch for pool in reversed(pools)]
    assert taken == pools[::-1]


def test_an_exam_assigned_elsewhere_in_the_study_is_not_handed_out_again(
    make_pool, make_exam, assign, ana, bruno, now
):
    exam = make_exam()
    assign(ana, exam)
    batch = make_pool(exams=[exam])
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=ana, now=now)
    assert leases.take(batch_id=batch.pk, reader=bruno, now=now).exam == exam


def test_the_cap_of_a_reader_limits_taking(make_pool, study, ana, davi, submit, now):
    batch = make_pool()
    roster.set_cap(study=study, user=ana, max_exams=1, actor=davi, now=now)
    submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_taking_is_audited(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    event = AuditEvent.objects.get(action="assignment.leased")
    assert (event.actor, event.object_id) == (ana, str(taken.pk))


# -- Refusals -----------------------------------------------------------------------------------


def test_a_pool_is_not_found_without_a_seat(make_pool, clara, now):
    with pytest.raises(Batch.DoesNotExist):
        leases.take(batch_id=make_pool().pk, reader=clara, now=now)


def test_an_unreleased_pool_is_not_found(study, make_exam, ana, davi, now):
    batch = pool_slots.create_pool(
        study=study, name="Pool", exams=[make_exam()], readers=[ana], readers_per_exam=1,
        created_by=davi, now=now,
    )  # fmt: skip
    with pytest.raises(Batch.DoesNotExist):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_a_named_batch_is_not_a_pool(make_batch, ana, now):
    with pytest.raises(Batch.DoesNotExist):
        leases.take(batch_id=make_batch().pk, reader=ana, now=now)


def test_taking_from_a_closed_pool_is_refused(make_pool, ana, close, now):
    batch = close(make_pool())
    with pytest.raises(guards.BatchClosed):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_taking_in_a_locked_study_is_refused(make_pool, study, ana, davi, now):
    batch = make_pool()
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    with pytest.raises(guards.StudyNotOpen):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


def test_a_paused_reader_is_refused(make_pool, study, ana, davi, now):
    batch = make_pool()
    roster.pause(study=study, user=ana, reason="leave", actor=davi, now=now)
    with pytest.raises(leases.NothingAvailable):
        leases.take(batch_id=batch.pk, reader=ana, now=now)


# -- Expired leases -----------------------------------------------------------------------------


def test_an_expired_lease_frees_its_slot(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    assert leases.reclaim_next(now=now + LEASE)
    assert not leases.reclaim_next(now=now + LEASE)
    assert state(taken) == AssignmentState.LAPSED
    assert Slot.objects.free().count() == 3
    assert Seat.objects.get(reader=ana).n_assigned == 0


def test_a_running_lease_is_not_reclaimed(make_pool, ana, now):
    leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    assert not leases.reclaim_next(now=now + LEASE - timedelta(seconds=1))


def test_saving_a_draft_extends_the_lease(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    save(taken, now + LEASE / 2)
    assert not leases.reclaim_next(now=now + LEASE)


def test_the_draft_survives_an_expired_lease(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    save(taken, now)
    leases.reclaim_next(now=now + LEASE)
    assert Draft.objects.get(assignment=taken).content == {"comment": "begun"}


def test_a_reader_who_returns_gets_the_same_exam_back(make_pool, ana, now):
    batch = make_pool(n_exams=9)
    taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    again = leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE)
    assert (again, again.state) == (taken, AssignmentState.WAITING)
    assert Slot.objects.get(assignment=taken).exam_id == taken.exam_id


def test_taking_again_after_expiry_is_audited(make_pool, ana, now):
    batch = make_pool()
    taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE)
    events = AuditEvent.objects.filter(action="assignment.leased", object_id=str(taken.pk))
    assert events.count() == 2


def test_a_reader_who_returns_after_the_slot_was_taken_is_refused(make_pool, ana, bruno, now):
    batch = make_pool(n_exams=1)
    lapsed = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    leases.take(batch_id=batch.pk, reader=bruno, now=now + LEASE)
    with pytest.raises(leases.NoExamNow):
        leases.take(batch_id=batch.pk, reader=ana, now=now + LEASE)
    assert state(lapsed) == AssignmentState.LAPSED


def test_saving_a_draft_after_expiry_takes_the_slot_again(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    save(taken, now + LEASE)
    assert state(taken) == AssignmentState.WAITING
    assert Slot.objects.filter(assignment=taken).exists()


@kept
def slot_lost(make_pool, ana, bruno, now) -> Assignment:
    """Ana's assignment after its lease expired and Bruno took its only slot."""
    batch = make_pool(n_exams=1)
    lapsed = leases.take(batch_id=batch.pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    leases.take(batch_id=batch.pk, reader=bruno, now=now + LEASE)
    return lapsed


def test_a_draft_is_saved_even_without_a_slot(slot_lost, now):
    save(slot_lost, now + LEASE)
    assert Draft.objects.filter(assignment=slot_lost).exists()
    assert state(slot_lost) == AssignmentState.LAPSED


def surplus_readings():
    """Return assignments that were read without a slot: readings in excess of the plan."""
    read = Assignment.objects.answered().filter(state="read")
    return read.filter(batch__handout="pooled", slot=None)


def test_a_late_reading_fills_a_free_slot(make_pool, ana, submit, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    submit(taken, "artifact")
    assert Slot.objects.get(assignment=taken).exam_id == taken.exam_id
    assert not surplus_readings().exists()


def test_a_late_reading_without_a_slot_is_surplus(slot_lost, submit):
    submit(slot_lost, "artifact")
    assert state(slot_lost) == AssignmentState.READ
    assert list(surplus_readings()) == [slot_lost]
    assert Reading.objects.count() == 1


def test_a_late_reading_does_not_take_another_readers_slot(slot_lost, submit, bruno):
    submit(slot_lost, "artifact")
    assert Slot.objects.values_list("assignment__reader", flat=True).get() == bruno.pk


def test_withdrawing_a_reader_withdraws_lapsed_assignments(
    slot_lost, study, ana, davi, submit, now
):
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    slot_lost.refresh_from_db()
    assert slot_lost.state == AssignmentState.WITHDRAWN


def test_withdrawing_a_reader_frees_their_slot(make_pool, study, ana, bruno, davi, now):
    batch = make_pool(n_exams=1)
    leases.take(batch_id=batch.pk, reader=ana, now=now)
    roster.withdraw(study=study, user=ana, reason="moved", actor=davi, now=now)
    assert leases.take(batch_id=batch.pk, reader=bruno, now=now).reader == bruno


def test_a_clock_set_back_expires_no_lease(make_pool, ana, now):
    batch = make_pool()
    taken = leases.take(batch_id=batch.pk, reader=ana, now=now)
    earlier = now - timedelta(days=400)
    assert not leases.reclaim_next(now=earlier)
    assert leases.take(batch_id=batch.pk, reader=ana, now=earlier) == taken


def test_the_task_reclaims_expired_leases(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    Assignment.objects.filter(pk=taken.pk).update(lease_expires_at=timezone.now())
    tasks.reclaim_leases()
    assert state(taken) == AssignmentState.LAPSED


def test_reclaiming_is_audited(make_pool, ana, now):
    taken = leases.take(batch_id=make_pool().pk, reader=ana, now=now)
    leases.reclaim_next(now=now + LEASE)
    event = AuditEvent.objects.get(action="assignment.reclaimed")
    assert (event.actor, event.object_id) == (None, str(taken.pk))


# -- Cost ---------------------------------------------------------------------------------------


def test_taking_needs_no_more_queries_in_a_large_pool(
    make_pool, make_exam, ana, submit, now, django_assert_max_num_queries
):
    batch = make_pool(n_exams=60)
    with django_assert_max_num_queries(22):
        first = leases.take(batch_id=batch.pk, reader=ana, now=now)
    for _ in range(20):
        submit(leases.take(batch_id=batch.pk, reader=ana, now=now), "artifact")
    with django_assert_max_num_queries(22):
        assert leases.take(batch_id=batch.pk, reader=ana, now=now) != first


def test_readings_of_a_pool_count_and_blind_their_reader(make_pool, ana, submit, study, now):
    submit(leases.take(batch_id=make_pool().pk, reader=ana, now=now), "artifact")
    assert Reading.objects.counted().count() == 1
    assert Study.objects.all().blinding(ana).get() == study
