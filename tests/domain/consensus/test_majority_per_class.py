"""Majority per class: present if more than half mark it, in dispute if exactly half do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.consensus import Ballot, Choice, Decision, Purpose, Reason, State, Status
from tests.domain.consensus.deciding import decide_exam

RULE = Choice("majority_per_class")
NORMAL = "normal_ecg"
AF = "atrial_fibrillation"
RBBB = "right_bundle_branch_block"
AVB = "first_degree_av_block"
LVH = "left_ventricular_hypertrophy"

UNREADABLE = None


def ballot(reading, *, purpose=Purpose.DATA, unassessed=frozenset()) -> Ballot:
    codes = None if reading is None else frozenset(reading)
    return Ballot(codes, frozenset(unassessed), purpose=purpose)


def decide(*readings, adjudicators=(), n_wanted=2) -> Decision:
    votes = [reading if isinstance(reading, Ballot) else ballot(reading) for reading in readings]
    votes += [ballot(adjudicator, purpose=Purpose.ADJUDICATION) for adjudicator in adjudicators]
    return decide_exam(RULE, votes, n_wanted=n_wanted)


def test_a_class_marked_by_one_of_two_readers_is_in_dispute():
    decision = decide({AVB, LVH}, {LVH})
    assert (decision.status, decision.reason) == (Status.DISPUTED, Reason.CLASSES_DISPUTED)
    assert (decision.labels, decision.disputed) == ({LVH: 2}, {AVB})
    assert decision.state(AF) == State.ABSENT


@pytest.mark.parametrize(
    ("n_marked", "n_readers", "state"),
    [
        (2, 2, State.PRESENT), (1, 2, State.UNDECIDED), (0, 2, State.ABSENT),
        (2, 3, State.PRESENT), (1, 3, State.ABSENT),
        (3, 4, State.PRESENT), (2, 4, State.UNDECIDED), (1, 4, State.ABSENT),
        (5, 10, State.UNDECIDED), (2, 10, State.ABSENT),
    ],
)  # fmt: skip
def test_a_class_needs_more_than_half_of_the_votes(n_marked, n_readers, state):
    readings = [{AF}] * n_marked + [set()] * (n_readers - n_marked)
    assert decide(*readings).state(AF) == state


def test_identical_readings_are_an_agreement():
    decision = decide({AF, RBBB}, {RBBB, AF})
    assert (decision.status, decision.labels) == (Status.AGREEMENT, {AF: 2, RBBB: 2})


def test_two_empty_readings_agree_on_no_class():
    decision = decide(set(), set())
    assert (decision.status, decision.labels, decision.rest.state) == (
        Status.AGREEMENT, {}, State.ABSENT,
    )  # fmt: skip


def test_normal_against_a_finding_puts_both_in_dispute():
    assert decide({NORMAL}, {AF}).disputed == {NORMAL, AF}


class TestAdjudication:
    """An adjudication votes only on the classes in dispute."""

    @pytest.mark.parametrize(
        ("classes", "state"),
        [({AVB}, State.PRESENT), (set(), State.ABSENT)],
        ids=["for", "against"],
    )
    def test_the_third_vote_decides(self, classes, state):
        decision = decide({AVB, LVH}, {LVH}, adjudicators=[classes])
        assert decision.state(AVB) == state
        assert decision.adjudicated == {AVB}

    def test_it_cannot_remove_a_class_that_the_readers_agree_on(self):
        decision = decide({AVB, LVH}, {LVH}, adjudicators=[set(), set()])
        assert (decision.labels, decision.n_votes[LVH]) == ({LVH: 2}, 2)

    def test_it_cannot_reopen_a_class_that_a_majority_decided(self):
        decision = decide({AF, RBBB}, {AF}, {RBBB}, set(), {AF}, adjudicators=[set()])
        assert decision.labels == {AF: 3}

    def test_it_cannot_add_a_class_that_no_reader_marked(self):
        decision = decide({AVB}, set(), adjudicators=[{AVB, RBBB}])
        assert (decision.labels, decision.state(RBBB)) == ({AVB: 2}, State.ABSENT)

    def test_two_adjudicators_who_differ_leave_the_dispute(self):
        decision = decide({AVB}, set(), adjudicators=[{AVB}, set()])
        assert (decision.status, decision.disputed) == (Status.DISPUTED, {AVB})

    def test_an_unreadable_adjudication_leaves_the_dispute(self):
        assert decide({AVB}, set(), adjudicators=[UNREADABLE]).disputed == {AVB}

    def test_it_does_not_replace_a_missing_reading(self):
        assert decide({AF}, adjudicators=[{AF}]).status == Status.INCOMPLETE


class TestMissingReadings:
    """An exam that lacks readings is incomplete, not in dispute."""

    @pytest.mark.parametrize("n_wanted", [1, 2, 3])
    @pytest.mark.parametrize("readings", [(), ({AF},)])
    def test_fewer_than_two_readings_are_incomplete(self, readings, n_wanted):
        decision = decide(*readings, n_wanted=n_wanted)
        assert (decision.status, decision.reason) == (Status.INCOMPLETE, Reason.READINGS_MISSING)
        assert {decision.rest.state, decision.state(AF)} == {State.INCOMPLETE}

    def test_a_class_that_the_missing_reading_could_change_is_undecided(self):
        decision = decide({AVB, LVH}, {LVH}, n_wanted=3)
        assert (decision.status, decision.disputed) == (Status.INCOMPLETE, frozenset())
        assert decision.state(AVB) == State.INCOMPLETE

    def test_a_class_that_the_missing_reading_cannot_change_is_decided(self):
        decision = decide({AVB, LVH}, {LVH}, n_wanted=3)
        assert (decision.labels, decision.state(AF)) == ({LVH: 2}, State.ABSENT)

    def test_surplus_readings_all_vote(self):
        assert decide({AF}, {AF}, set(), set(), set()).state(AF) == State.ABSENT


class TestUnassessed:
    """A reader who cannot assess a class, or was not asked about it, has no vote on it."""

    def test_only_readers_who_assessed_the_class_vote(self):
        decision = decide({AF}, {AF}, ballot(set(), unassessed={AF}))
        assert (decision.status, decision.n_votes) == (Status.AGREEMENT, {AF: 2})

    def test_a_single_vote_that_nobody_else_assessed_is_in_dispute(self):
        assert decide({AF}, ballot(set(), unassessed={AF})).disputed == {AF}

    def test_a_class_assessed_by_one_reader_and_not_marked_is_not_assessed(self):
        decision = decide(set(), ballot(set(), unassessed={AF}))
        assert (decision.status, decision.state(AF)) == (Status.AGREEMENT, State.NOT_ASSESSED)

    def test_normal_is_never_present_with_a_class_it_excludes(self):
        normal = ballot({NORMAL}, unassessed={AF})
        decision = decide(normal, normal, normal, {AF}, {AF})
        assert (decision.status, decision.reason) == (Status.DISPUTED, Reason.EXCLUSIVE_CLASSES)
        assert decision.disputed == {NORMAL, AF}


class TestUnreadable:
    """A reader who cannot read the exam votes only on its readability."""

    def test_more_than_half_of_the_readers_make_it_unreadable(self):
        decision = decide(UNREADABLE, UNREADABLE, {AF})
        assert (decision.status, decision.rest.state) == (Status.UNREADABLE, State.NOT_ASSESSED)

    def test_it_is_not_unreadable_while_missing_readings_could_change_that(self):
        assert decide(UNREADABLE, n_wanted=2).status == Status.INCOMPLETE

    def test_one_unreadable_of_three_leaves_the_classes_to_the_other_two(self):
        decision = decide(UNREADABLE, {AF}, {AF})
        assert (decision.status, decision.n_votes, decision.n_unreadable) == (
            Status.AGREEMENT, {AF: 2}, 1,
        )  # fmt: skip

    def test_one_unreadable_of_two_puts_the_exam_in_dispute(self):
        decision = decide(UNREADABLE, {AF})
        assert (decision.status, decision.reason) == (
            Status.DISPUTED, Reason.READABILITY_DISPUTED,
        )  # fmt: skip
        assert decision.state(RBBB) == State.UNDECIDED

    def test_an_adjudicator_who_cannot_read_it_either_makes_it_unreadable(self):
        assert decide(UNREADABLE, {AF}, adjudicators=[UNREADABLE]).status == Status.UNREADABLE

    def test_an_adjudicator_who_reads_it_votes_on_every_class(self):
        decision = decide(UNREADABLE, {AF, RBBB}, adjudicators=[{AF}])
        assert (decision.labels, decision.disputed) == ({AF: 2}, {RBBB})
        assert decision.state(LVH) == State.ABSENT


findings = st.frozensets(st.sampled_from([AF, RBBB, LVH]))
reading = st.one_of(findings, st.just(frozenset({NORMAL})), st.none())
readings = st.lists(reading, max_size=6)
n_expected = st.integers(1, 4)


@given(readings, n_expected, st.randoms())
def test_the_order_of_readings_does_not_matter(sets, n_wanted, random):
    shuffled = sets[:]
    random.shuffle(shuffled)
    assert decide(*shuffled, n_wanted=n_wanted) == decide(*sets, n_wanted=n_wanted)


@given(readings, n_expected, readings)
def test_missing_readings_cannot_change_a_decided_class(sets, n_wanted, more):
    before = decide(*sets, n_wanted=n_wanted)
    n_missing = max(n_wanted, 2) - len(sets)
    after = decide(*sets, *more[: max(n_missing, 0)], n_wanted=n_wanted)
    if before.status == Status.UNREADABLE or after.status == Status.UNREADABLE:
        return
    for code in (AF, RBBB, LVH, NORMAL):
        if before.state(code) in {State.PRESENT, State.ABSENT}:
            assert after.state(code) == before.state(code)


@given(readings, readings)
def test_adjudication_changes_no_class_that_was_decided(sets, adjudicators):
    before, after = decide(*sets), decide(*sets, adjudicators=adjudicators)
    for code in (AF, RBBB, LVH, NORMAL):
        if before.state(code) != State.UNDECIDED:
            assert after.state(code) == before.state(code)


@given(readings, n_expected, readings)
def test_normal_is_never_kept_with_a_finding(sets, n_wanted, adjudicators):
    decision = decide(*sets, n_wanted=n_wanted, adjudicators=adjudicators)
    assert NORMAL not in decision.labels or decision.labels.keys() | decision.disputed == {NORMAL}


@given(readings, n_expected, readings)
def test_an_undecided_exam_has_a_reason(sets, n_wanted, adjudicators):
    decision = decide(*sets, n_wanted=n_wanted, adjudicators=adjudicators)
    assert bool(decision.reason) == (decision.status in {Status.DISPUTED, Status.INCOMPLETE})
    assert (decision.status == Status.DISPUTED) == bool(decision.disputed) or (
        decision.reason == Reason.READABILITY_DISPUTED
    )


@given(readings)
def test_a_tie_of_two_readings_is_never_absent(sets):
    for code in (AF, RBBB, LVH, NORMAL):
        votes = [code in item for item in sets if item is not None]
        if votes and 2 * sum(votes) == len(votes):
            assert decide(*sets).state(code) != State.ABSENT
