"""Reassigning: what waits goes to others, what was read stays."""

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

pytestmark = pytest.mark.django_db


@pytest.fixture
def hand_over(study, ana, bruno, davi, now):
    """Give what waits for Ana to Bruno, or to others."""

    def make(*to, **more):
        return reassignment.reassign(
            study=study, reader=ana, to=to or [bruno], actor=davi,
            reason=more.pop("reason", "on leave"), now=now, **more,
        )  # fmt: skip

    return make


@pytest.fixture
def six(make_batch, make_exam, ana):
    """A batch of six exams, all Ana's."""
    return make_batch([make_exam() for _ in range(6)], [ana])


def positions(batch, reader, **more):
    own = batch.assignments.filter(reader=reader, **more).order_by("position")
    return list(own.values_list("position", flat=True))


def test_what_waits_changes_hands(six, hand_over, ana, bruno):
    done = hand_over()
    assert (done.n_by_reader, done.n_left) == ({bruno.pk: 6}, 0)
    assert set(six.assignments.filter(reader=ana).values_list("state", flat=True)) == {"withdrawn"}
    assert six.assignments.waiting().filter(reader=bruno).count() == 6


def test_a_coordinator_reassigns_on_the_site(six, hand_over, davi):
    with row_security.acting_as(davi.pk):
        assert hand_over().n_moved == 6


def test_what_was_read_stays(six, hand_over, submit, ana):
    submit(six.assignments.filter(reader=ana)[0], "artifact")
    assert hand_over().n_moved == 5
    assert Reading.objects.get().reader == ana


def test_new_exams_come_after_the_old(make_batch, make_exam, hand_over, ana, bruno):
    hers, his = make_exam(), make_exam()
    batch = make_batch([hers], [ana])
    rows = [Row(bruno.pk, his.pk, 1)]
    handout.assign(batch, rows)
    hand_over()
    assert positions(batch, bruno) == [1, 2]
    assert batch.assignments.get(reader=bruno, position=1).exam == his


def test_new_exams_come_in_the_order_of_their_keys(six, hand_over, bruno):
    hand_over()
    keys = six.assignments.filter(reader=bruno).order_by("position").values_list("order_key")
    assert list(keys) == sorted(keys)


def test_exams_are_spread_evenly(six, hand_over, bruno, clara):
    assert sorted(hand_over(bruno, clara).n_by_reader.values()) == [3, 3]


def test_nobody_gets_an_exam_that_they_have(make_batch, make_exam, hand_over, ana, bruno):
    both, hers = make_exam(), make_exam()
    make_batch([both], [ana, bruno])
    make_batch([hers], [ana])
    done = hand_over()
    assert (done.n_moved, done.n_left) == (1, 1)
    assert Assignment.objects.waiting().get(reader=ana).exam == both


def test_nobody_gets_an_exam_that_they_know_results_of(
    make_batch, make_exam, hand_over, close, submit, study, ana, bruno, clara, now
):
    exam = make_exam()
    seen = make_batch([exam], [clara])
    submit(seen.assignments.get(), "artifact")
    close(seen)
    results_seen.results(batches=type(seen).objects.filter(pk=seen.pk), user=bruno, now=now)
    make_batch([exam], [ana])
    with pytest.raises(reassignment.NobodyToReadThem):
        hand_over()


def test_a_cap_bounds_what_is_given(six, hand_over, study, bruno, davi, now):
    roster.join(study=study, readers=[bruno], actor=davi, now=now)
    roster.set_cap(study=study, user=bruno, max_exams=2, actor=davi, now=now)
    assert hand_over().n_moved == 2


def test_what_was_begun_stays_unless_asked_for(six, hand_over, ana, bruno, now):
    begun = six.assignments.filter(reader=ana)[0]
    drafts.save(assignment_id=begun.pk, reader=ana, based_on=0, content={}, now=now)
    assert hand_over().n_moved == 5
    assert hand_over(with_begun=True).n_moved == 1
    assert begun.draft.version == 1


def test_some_can_go_and_the_last_go_first(six, hand_over, ana):
    hand_over(limit=2)
    assert positions(six, ana, state=AssignmentState.WAITING) == [1, 2, 3, 4]


def test_who_loses_an_exam_on_their_screen_is_told(six, hand_over, submit, ana):
    open_one = six.assignments.filter(reader=ana)[0]
    hand_over()
    with pytest.raises(guards.Withdrawn):
        submit(open_one, "artifact")


def test_it_is_on_record_with_its_reason(six, hand_over, ana):
    hand_over()
    event = AuditEvent.objects.get(action="assignment.reassigned")
    assert (event.object_id, event.reason) == (str(ana.pk), "on leave")


def test_who_gets_exams_is_told_how_many(six, hand_over, bruno):
    hand_over()
    notice = bruno.notices.get(kind="exams_reassigned")
    assert notice.data["n_exams"] == 6


# -- Hidden repeats -----------------------------------------------------------------------------


@pytest.fixture
def wash_out(study, davi, now):
    """Amend the protocol so that repeats come so many exams after their first readings."""

    def make(washout_exams: int) -> None:
        study.refresh_from_db()
        wanted = replace(
            protocols.protocol_of(study),
            repeat_fraction=0.2,
            washout_days=14,
            washout_exams=washout_exams,
        )
        lifecycle.amend(study_id=study.pk, protocol=wanted, reason="pilot", actor=davi, now=now)

    return make


@pytest.fixture
def make_repeats(study, wash_out, make_exam, ana, davi, now):
    """Make a batch of Ana's in which the first of four exams comes back at the end."""

    def make(washout_exams):
        wash_out(washout_exams)
        study.refresh_from_db()
        exams = [make_exam() for _ in range(4)]
        roster.join(study=study, readers=[ana], actor=davi, now=now)
        rows = [Row(ana.pk, exam.pk, place) for place, exam in enumerate(exams, start=1)]
        rows.append(Row(ana.pk, exams[0].pk, 5, Occurrence.REPEAT))
        batch = batches.make(study=study, name="Repeats", rows=rows, created_by=davi, now=now)
        return batches.release(batch_id=batch.pk, actor=davi, now=now)

    return make


@pytest.fixture
def with_repeat(make_repeats):
    """Such a batch, made when the protocol asked for five exams in between."""
    return make_repeats(5)


def test_a_repeat_that_cannot_be_washed_out_is_dropped(with_repeat, hand_over, bruno):
    done = hand_over()
    assert (done.n_moved, done.n_repeats_dropped) == (4, 1)
    assert not with_repeat.assignments.filter(reader=bruno, occurrence=2).exists()


def test_an_amended_washout_holds_for_later_batches(with_repeat, hand_over, wash_out):
    wash_out(0)
    assert hand_over().n_repeats_dropped == 1


def test_a_repeat_goes_with_its_first_reading(make_repeats, hand_over, bruno):
    batch = make_repeats(0)  # wherever in Bruno's order the first reading comes
    assert hand_over().n_repeats_dropped == 0
    repeat = batch.assignments.get(reader=bruno, occurrence=2)
    assert (repeat.position, repeat.not_before) == (5, handout.UNTIL_READ)


def test_the_repeat_of_what_was_read_stays(with_repeat, hand_over, submit, ana, now):
    submit(with_repeat.assignments.get(position=1), "artifact")
    assert hand_over().n_moved == 3
    repeat = with_repeat.assignments.get(reader=ana, occurrence=2)
    assert (repeat.state, repeat.not_before > now + timedelta(days=1)) == ("waiting", True)


# -- Refusals -----------------------------------------------------------------------------------


def test_without_a_reason_nothing_moves(six, hand_over):
    with pytest.raises(lifecycle.ReasonMissing):
        hand_over(reason=" ")


def test_nothing_goes_from_somebody_to_themselves(six, hand_over, ana):
    with pytest.raises(reassignment.SameReader):
        hand_over(ana)


def test_nothing_goes_to_who_cannot_read(six, hand_over, davi):
    with pytest.raises(roster.NotAReader):
        hand_over(davi)


def test_nothing_goes_to_who_is_paused(six, hand_over, study, bruno, davi, now):
    roster.join(study=study, readers=[bruno], actor=davi, now=now)
    roster.pause(study=study, user=bruno, reason="leave", actor=davi, now=now)
    with pytest.raises(reassignment.Paused):
        hand_over()


def test_nothing_goes_to_who_has_left(six, hand_over, study, bruno, davi, now):
    roster.join(study=study, readers=[bruno], actor=davi, now=now)
    roster.withdraw(study=study, user=bruno, reason="moved", actor=davi, now=now)
    with pytest.raises(roster.HasLeft):
        hand_over()


def test_nothing_moves_in_a_locked_study(six, hand_over, study, davi, now):
    lifecycle.lock(study_id=study.pk, actor=davi, now=now)
    with pytest.raises(lifecycle.NotOpen):
        hand_over()


def test_who_has_nothing_waiting_gives_nothing(hand_over):
    with pytest.raises(reassignment.NothingWaits):
        hand_over()
