"""Violations of the constraints on batches, seats, assignments and slots."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import Reference, ResultsSeen, Seat, Slot
from tests.app.constraints.acts import insert_copy, update_row


def _seat(fixture):
    return Seat.objects.get(batch=fixture("make_batch")(), reader=fixture("ana"))


def _slot(fixture):
    return Slot.objects.create(
        batch=fixture("make_batch")(), exam=fixture("make_exam")(), ordinal=1, order_key="0" * 64
    )


def batch_name_once(fixture):
    insert_copy(fixture("make_batch")())


def batch_has_a_name(fixture):
    update_row(fixture("make_batch")(), name="")


def batch_purpose_is_known(fixture):
    update_row(fixture("make_batch")(), purpose="fun")


def batch_handout_is_known(fixture):
    update_row(fixture("make_batch")(), handout="thrown")


def batch_clinical_information_is_known(fixture):
    update_row(fixture("make_batch")(), clinical_information="everything")


def batch_qt_correction_is_known(fixture):
    update_row(fixture("make_batch")(), qt_correction="by_feeling")


def batch_prior_exam_is_known(fixture):
    update_row(fixture("make_batch")(), prior_exam="perhaps")


def batch_results_open_is_known(fixture):
    update_row(fixture("make_batch")(), results_open="on_request")


def batch_lease_is_a_while(fixture):
    update_row(fixture("make_batch")(), lease_minutes=0)


def batch_released_after_it_was_made(fixture):
    update_row(fixture("make_batch")(), released_at=fixture("now") - timedelta(seconds=1))


def batch_closed_by_somebody(fixture):
    update_row(fixture("make_batch")(), closed_at=fixture("now"))


def batch_closed_after_it_was_made(fixture):
    before = fixture("now") - timedelta(seconds=1)
    update_row(fixture("make_batch")(), closed_at=before, closed_by=fixture("davi"))


def seat_once(fixture):
    insert_copy(_seat(fixture))


def seat_reads_what_is_assigned(fixture):
    update_row(_seat(fixture), n_read=2)


def reference_once(fixture):
    insert_copy(
        Reference.objects.create(batch=fixture("make_batch")(), exam=fixture("make_exam")())
    )


def results_seen_once(fixture):
    batch, rosa = fixture("make_batch")(), fixture("rosa")
    insert_copy(ResultsSeen.objects.create(batch=batch, user=rosa, first_seen_at=fixture("now")))


def assignment_once_per_reader(fixture):
    insert_copy(fixture("assign")(fixture("ana")), position=2)


def assignment_position_once(fixture):
    insert_copy(fixture("assign")(fixture("ana")), exam=fixture("make_exam")())


def assignment_has_an_order(fixture):
    insert_copy(fixture("assign")(fixture("ana")), order_key="")


def assignment_position_counts_from_one(fixture):
    insert_copy(fixture("assign")(fixture("ana")), position=0)


def assignment_occurrence_is_known(fixture):
    insert_copy(fixture("assign")(fixture("ana")), occurrence=4)


def assignment_arm_is_known(fixture):
    insert_copy(fixture("assign")(fixture("ana")), arm="randomised")


def assignment_state_is_known(fixture):
    update_row(fixture("assign")(fixture("ana")), state="lost")


def assignment_order_is_kept(fixture):
    update_row(fixture("assign")(fixture("ana")), position=2)


def assignment_read_stays(fixture):
    assignment = fixture("assign")(fixture("ana"))
    fixture("submit")(assignment)
    update_row(assignment, state="waiting")


def slot_once(fixture):
    insert_copy(_slot(fixture))


def slot_has_an_order(fixture):
    update_row(_slot(fixture), order_key="")


def assignment_abstained_is_read(fixture):
    update_row(fixture("assign")(fixture("ana")), is_abstained=True)
