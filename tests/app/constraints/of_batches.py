"""Batches, seats, assignments, slots: who reads what in which order."""

from __future__ import annotations

from datetime import timedelta

from annotations.models import Reference, ResultsSeen, Seat, Slot
from tests.app.constraints.acts import again, change


def _seat(the):
    return Seat.objects.get(batch=the("make_batch")(), reader=the("ana"))


def _slot(the):
    return Slot.objects.create(
        batch=the("make_batch")(), exam=the("make_exam")(), ordinal=1, order_key="0" * 64
    )


def batch_name_once(the):
    again(the("make_batch")())


def batch_has_a_name(the):
    change(the("make_batch")(), name="")


def batch_purpose_is_known(the):
    change(the("make_batch")(), purpose="fun")


def batch_handout_is_known(the):
    change(the("make_batch")(), handout="thrown")


def batch_clinical_information_is_known(the):
    change(the("make_batch")(), clinical_information="everything")


def batch_qt_correction_is_known(the):
    change(the("make_batch")(), qt_correction="by_feeling")


def batch_prior_exam_is_known(the):
    change(the("make_batch")(), prior_exam="perhaps")


def batch_results_open_is_known(the):
    change(the("make_batch")(), results_open="on_request")


def batch_lease_is_a_while(the):
    change(the("make_batch")(), lease_minutes=0)


def batch_released_after_it_was_made(the):
    change(the("make_batch")(), released_at=the("now") - timedelta(seconds=1))


def batch_closed_by_somebody(the):
    change(the("make_batch")(), closed_at=the("now"))


def batch_closed_after_it_was_made(the):
    before = the("now") - timedelta(seconds=1)
    change(the("make_batch")(), closed_at=before, closed_by=the("davi"))


def seat_once(the):
    again(_seat(the))


def seat_reads_what_is_assigned(the):
    change(_seat(the), n_read=2)


def reference_once(the):
    again(Reference.objects.create(batch=the("make_batch")(), exam=the("make_exam")()))


def results_seen_once(the):
    batch, rosa = the("make_batch")(), the("rosa")
    again(ResultsSeen.objects.create(batch=batch, user=rosa, first_seen_at=the("now")))


def assignment_once_per_reader(the):
    again(the("assign")(the("ana")), position=2)


def assignment_position_once(the):
    again(the("assign")(the("ana")), exam=the("make_exam")())


def assignment_has_an_order(the):
    again(the("assign")(the("ana")), order_key="")


def assignment_position_counts_from_one(the):
    again(the("assign")(the("ana")), position=0)


def assignment_occurrence_is_known(the):
    again(the("assign")(the("ana")), occurrence=3)


def assignment_arm_is_known(the):
    again(the("assign")(the("ana")), arm="randomised")


def assignment_state_is_known(the):
    change(the("assign")(the("ana")), state="lost")


def assignment_order_is_kept(the):
    change(the("assign")(the("ana")), position=2)


def assignment_read_stays(the):
    assignment = the("assign")(the("ana"))
    the("submit")(assignment)
    change(assignment, state="waiting")


def slot_once(the):
    again(_slot(the))


def slot_has_an_order(the):
    change(_slot(the), order_key="")


def assignment_abstained_is_read(the):
    change(the("assign")(the("ana")), is_abstained=True)
