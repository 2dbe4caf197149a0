"""Reassignment: unread assignments move to other readers, readings stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from annotations import row_security
from annotations.models import Assignment, AssignmentState, AuditEvent, Occurrence, Reading
from annotations.services.assignment import batches, guards, handout, reassignment
from annotations.services.assignment.handout import Row
from annotations.services.blinding import results_seen
from annotations.services.reading import drafts
from annotations.services.studies import lifecycle, protocols, roster
from tests.app.kept import factory, kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def hand_over(study, ana, bruno, davi, now):
    """Reassign Ana's waiting assignments to Bruno or to ``to``."""

    def make(*to, **more):
        return reassignment.reassign(
            study=study, reader=ana, to=to or [bruno], actor=davi,
            reason=more.pop("reason", "on leave"), now=now, **more,
        )  # fmt: skip

    return make


@kept
def batch(make_batch, make_exam, ana):
    return make_batch([make_exam() for _ in range(6)], [ana])


def positions(batch, reader, **more):
    own = batch.assignments.filter(reader=reader, **more).order_by("position")
    return list(own.values_list("position", flat=True))


def test_waiting_assignments_move_to_the_other_reader(batch, hand_over, ana, bruno):
    result = hand_over()
    assert (result.n_by_reader, result.n_left) == ({bruno.pk: 6}, 0)
    assert set(batch.assignments.filter(reader=ana).values_list("state", flat=True)) == {
        "withdrawn"
    }
    assert batch.assignments.waiting().filter(reader=bruno).count() == 6


def test_row_level_security_lets_a_coordinator_reassign(batch, hand_over, davi):
    with row_security.acting_as(davi.pk):
        assert hand_over().n_moved == 6


def test_readings_stay_with_their_reader(batch, hand_over, submit, ana):
    submit(batch.assignments.filter(reader=ana)[0], "artifact")
    assert hand_over().n_moved == 5
    assert Reading.objects.get().reader == ana


def test_moved_exams_come_after_existing_ones(make_batch, make_exam, hand_over, ana, bruno):
    exam_of_ana, exam_of_bruno = make_exam(), make_exam()
    batch = make_batch([exam_of_ana], [ana])
    rows = [Row(bruno.pk, exam_of_bruno.pk, 1)]
    handout.assign(batch, rows)
    hand_over()
    assert positions(batch, bruno) == [1, 2]
    assert batch.assignments.get(reader=bruno, position=1).exam == exam_of_bruno


def test_moved_exams_are_ordered_by_key(batch, hand_over, bruno):
    hand_over()
    keys = batch.assignments.filter(reader=bruno).order_by("position").values_list("order_key")
    assert list(keys) == sorted(keys)


def test_exams_are_spread_evenly_over_several_readers(batch, hand_over, bruno, clara):
    assert sorted(hand_over(bruno, clara).n_by_reader.values()) == [3, 3]


def test_an_exam_the_recipient_already_has_stays(make_batch, make_exam, hand_over, ana, bruno):
    both, exam_of_ana = make_exam(), make_exam()
    make_batch([both], [ana, bruno])
    make_batch([exam_of_ana], [ana])
    result = hand_over()
    assert (result.n_moved, result.n_left) == (1, 1)
    assert Assignment.objects.waiting().get(reader=ana).exam == both


def test_an_exam_whose_results_the_recipient_saw_is_refused(
    make_batch, make_exam, hand_over, close, submit, study, ana, bruno, clara, now
):
    exam = make_exam()
    closed_batch = make_batch([exam], [clara])
    submit(closed_batch.assignments.get(), "artifact")
    close(closed_batch)
    results_seen.results(
        batches=type(closed_batch).objects.filter(pk=closed_batch.pk), user=bruno, now=now
    )
    make_batch([exam], [ana])
    with pytest.raises(reassignment.NoEligibleRecipient):
        hand_over()


def test_the_cap_of_the_recipient_limits_reassignment(batch, hand_over, study, bruno, davi, now):
    roster.join(study=study, readers=[bruno], actor=davi, now=now)
    roster.set_cap(study=study, user=bruno, max_exams=2, actor=davi, now=now)
    assert hand_over().n_moved == 2


def test_exams_with_a_draft_move_only_on_request(batch, hand_over, ana, bruno, now):
    started = batch.assignments.filter(reader=ana)[0]
    drafts.save(assignment_id=started.pk, reader=ana, based_on=0, content={}, now=now)
    assert hand_over().n_moved == 5
    assert hand_over(include_started=True).n_moved == 1
    assert started.draft.version == 1


def test_a_limit_moves_the_last_exams(batch, hand_over, ana):
    hand_over(limit=2)
    assert positions(batch, ana, state=AssignmentState.WAITING) == [1, 2, 3, 4]


def test_submitting_a_reassigned_exam_is_refused(batch, hand_over, submit, ana):
    on_screen = batch.assignments.filter(reader=ana)[0]
    hand_over()
    with pytest.raises(guards.Withdrawn):
        submit(on_screen, "artifact")


def test_reassignment_is_audited_with_its_reason(batch, hand_over, ana):
    hand_over()
    event = AuditEvent.objects.get(action="assignment.reassigned")
    assert (event.object_id, event.reason) == (str(ana.pk), "on leave")


def test_the_recipient_is_notified_of_the_number(batch, hand_over, bruno):
    hand_over()
    notice = bruno.notices.get(kind="exams_reassigned")
    assert notice.data["n_exams"] == 6


# -- Hidden repeats -----------------------------------------------------------------------------


@factory
def set_washout(study, davi, now):
    """Amend the protocol to require this many exams between a reading and its repeat."""

    def make(washout_exams: int) -> None:
        study.refresh_from_db()
        amended = replace(
            protocols.protocol_of(study),
            repeat_fraction=0.2,
            washout_days=14,
            washout_exams=washout_exams,
        )
        lifecycle.amend(study_id=study.pk, protocol=amended, reason="pilot", actor=davi, now=now)

    return make


@factory
def make_repeats(study, set_washout, make_exam, ana, davi, now):
    """Create a batch of four exams for Ana, with a repeat of the first at the end."""

    def make(washout_exams):
        set_washout(washout_exams)
        study.refresh_from_db()
        exams = [make_exam() for _ in range(4)]
        roster.join(study=study, readers=[ana], actor=davi, now=now)
        rows = [Row(ana.pk, exam.pk, place) for place, exam in enumerate(exams, start=1)]
        rows.append(Row(ana.pk, exams[0].pk, 5, Occurrence.REPEAT))
        batch = batches.make(study=study, name="Repeats", rows=rows, created_by=davi, now=now)
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    return make


@kept
def with_repeat(make_repeats):
    """A batch with a repeat, planned under a washout of five exams."""
    return make_repeats(5)


def test_a_repeat_that_cannot_keep_the_washout_is_dropped(with_repeat, hand_over, bruno):
    result = hand_over()
    assert (result.n_moved, result.n_repeats_dropped) == (4, 1)
    assert not with_repeat.assignments.filter(reader=bruno, occurrence=2).exists()


def test_an_amended_washout_applies_to_later_batches_only(with_repeat, hand_over, set_washout):
    set_washout(0)
    assert hand_over().n_repeats_dropped == 1


def test_a_repeat_moves_with_its_first_reading(make_repeats, hand_over, bruno):
    batch = make_repeats(0)  # with a washout of 0, any position in Bruno's order is allowed
    assert hand_over().n_repeats_dropped == 0
    repeat = batch.assignments.get(reader=bruno, occurrence=2)
    assert (repeat.position, repeat.not_before) == (5, handout.UNTIL_READ)


def test_the_repeat_of_a_reading_stays(with_repeat, hand_over, submit, ana, now):
    submit(with_repeat.assignments.get(position=1), "artifact")
    assert hand_over().n_moved == 3
    repeat = with_repeat.assignments.get(reader=ana, occurrence=2)
    assert (repeat.state, repeat.not_before > now + timedelta(days=1)) == ("waiting", True)


# -- Refusals -----------------------------------------------------------------------------------


def test_a_missing_reason_is_refused(batch, hand_over):
    with pytest.raises(lifecycle.ReasonMissing):
        hand_over(reason=" ")


def test_reassigning_to_the_same_reader_is_refused(batch, hand_over, ana):
    with pytest.raises(reassignment.SameReader):
        hand_over(ana)


def test_a_recipient_without_the_reader_role_is_refused(batch, hand_over, davi):
    with pytest.raises(roster.NotAReader):
        hand_over(davi)


def test_a_paused_recipient_is_refused(batch, hand_over, study, bruno, davi, now):
    roster.join(study=study, readers=[bruno], actor=davi, now=now)
    roster.pause(study=study, user=bruno, reason="leave", actor=davi, now=now)
    with pytest.raises(reassignment.Paused):
        hand_over()


def test_a_withdrawn_recipient_is_refused(batch, hand_over, study, bruno, davi, now):
    roster.join(study=study, readers=[bruno], actor=davi, now=now)
    roster.withdraw(study=study, user=bruno, reason="moved", actor=davi, now=now)
    with pytest.raises(roster.HasLeft):
        hand_over()


def test_reassignment_in_a_locked_study_is_refused(batch, hand_over, study, davi, now):
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    with pytest.raises(lifecycle.NotOpen):
        hand_over()


def test_reassigning_without_waiting_assignments_is_refused(hand_over):
    with pytest.raises(reassignment.NothingWaits):
        hand_over()
