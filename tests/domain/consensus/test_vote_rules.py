"""The rules that count votes: unanimity, k of n, and those that ask an adjudicator."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ecgreview.consensus import Ballot, Basis, Choice, Decision, Purpose, State, Status
from tests.domain.consensus.deciding import decide_exam

AF, LVH, AVB = "atrial_fibrillation", "left_ventricular_hypertrophy", "first_degree_av_block"
UNREADABLE = None


def decide(rule, *readings, adjudicators=(), n_wanted=2, **parameters) -> Decision:
    votes = [
        Ballot(None if codes is None else frozenset(codes), purpose=purpose)
        for purpose, sets in ((Purpose.DATA, readings), (Purpose.ADJUDICATION, adjudicators))
        for codes in sets
    ]
    return decide_exam(Choice(rule, **parameters), votes, n_wanted=n_wanted)


class TestUnanimous:
    """Only classes on which all readers agree are decided."""

    def test_two_of_three_votes_leave_a_class_undecided(self):
        decision = decide("unanimous", {AF, LVH}, {AF, LVH}, {AF})
        assert (decision.labels, decision.disputed) == ({AF: 3}, {LVH})
        assert decision.cell(LVH).basis == Basis.DISAGREEMENT

    def test_adjudication_changes_nothing(self):
        decision = decide("unanimous", {AF}, set(), adjudicators=[{AF}])
        assert (decision.disputed, decision.n_votes) == ({AF}, {AF: 2})

    def test_missing_readings_leave_agreed_classes_incomplete(self):
        decision = decide("unanimous", {AF, LVH}, {AF}, n_wanted=3)
        assert (decision.state(AF), decision.state(LVH)) == (State.INCOMPLETE, State.UNDECIDED)
        assert decision.status == Status.INCOMPLETE


class TestUnionThenAdjudicate:
    """A class that anyone marked is absent only if an adjudicator says so."""

    def test_one_of_three_votes_goes_to_adjudication(self):
        assert decide("union_then_adjudicate", {AF}, set(), set()).disputed == {AF}

    @pytest.mark.parametrize(("classes", "state"), [({AF}, "present"), (set(), "absent")])
    def test_the_adjudicator_decides_against_any_number_of_readers(self, classes, state):
        readings = [{AF}, set(), set()]
        decision = decide("union_then_adjudicate", *readings, adjudicators=[classes])
        assert (decision.state(AF), decision.cell(AF).basis) == (state, Basis.ADJUDICATION)
        assert decision.adjudicated == {AF}

    def test_tied_adjudicators_leave_the_class_undecided(self):
        decision = decide("union_then_adjudicate", {AF}, set(), adjudicators=[{AF}, set()])
        assert decision.disputed == {AF}

    def test_three_adjudicators_decide_by_majority(self):
        adjudicators = [{AF}, set(), {AF}]
        assert decide("union_then_adjudicate", {AF}, set(), adjudicators=adjudicators).labels

    def test_an_adjudicator_decides_every_class_if_readability_is_disputed(self):
        decision = decide("union_then_adjudicate", UNREADABLE, {AF, LVH}, adjudicators=[{AF}])
        assert (decision.labels, decision.state(LVH)) == ({AF: 2}, State.ABSENT)
        assert decision.rest.basis == Basis.ADJUDICATION

    def test_a_class_that_the_adjudicator_could_not_assess_is_not_absent(self):
        votes = [
            Ballot(UNREADABLE), Ballot(frozenset({LVH})),
            Ballot(frozenset(), frozenset({AF}), purpose=Purpose.ADJUDICATION),
        ]  # fmt: skip
        decision = decide_exam(Choice("union_then_adjudicate"), votes)
        assert (decision.state(AF), decision.state(AVB)) == (State.NOT_ASSESSED, State.ABSENT)


class TestTwoPlusAdjudicator:
    """As in CODE-test, a third person decides where the first two readers differ."""

    def test_a_third_reader_has_no_vote(self):
        decision = decide("two_plus_adjudicator", {AF}, set(), {AF})
        assert (decision.disputed, decision.n_votes) == ({AF}, {AF: 2})

    def test_the_adjudicator_decides_where_they_differ(self):
        decision = decide("two_plus_adjudicator", {AF, LVH}, {LVH}, adjudicators=[set()])
        assert (decision.labels, decision.state(AF)) == ({LVH: 2}, State.ABSENT)

    def test_two_readings_are_enough_if_the_study_asks_for_more(self):
        assert decide("two_plus_adjudicator", {AF}, {AF}, n_wanted=3).status == Status.AGREEMENT


class TestKOfN:
    """A class is present with at least k votes, and otherwise absent."""

    @pytest.mark.parametrize(
        ("k", "n_marked", "state"),
        [
            (1, 1, "present"), (1, 0, "absent"), (2, 1, "absent"), (2, 2, "present"),
            (3, 2, "absent"), (3, 3, "present"), (4, 3, "absent"),
        ],
    )  # fmt: skip
    def test_k_votes_are_needed(self, k, n_marked, state):
        readings = [{AF}] * n_marked + [set()] * (3 - n_marked)
        assert decide("k_of_n", *readings, n_wanted=3, k=k).state(AF) == state

    def test_missing_readings_that_could_reach_k_leave_it_incomplete(self):
        decision = decide("k_of_n", {AF, LVH}, {AF}, n_wanted=3, k=2)
        states = [decision.state(code) for code in (AF, LVH, AVB)]
        assert states == ["present", "incomplete", "absent"]

    def test_unanimous_readers_below_k_are_not_an_agreement(self):
        decision = decide("k_of_n", {AF}, {AF}, k=3)
        assert (decision.status, decision.state(AF)) == (Status.MAJORITY, State.ABSENT)
        assert decision.cell(AF).basis == Basis.TOO_FEW_VOTES


@pytest.fixture(scope="module")
def cardiologists(shared_data: Path) -> list[list[set[str]]]:
    """The first 100 exams of CODE-test as two cardiologists read them."""
    files = [f"code_test_cardiologist{number}_first100.csv" for number in (1, 2)]
    return [_label_sets(shared_data / "readers" / name) for name in files]


def _label_sets(path: Path) -> list[set[str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        return [{name for name, cell in row.items() if cell == "1"} for row in rows]


@pytest.mark.parametrize("rule", ["union_then_adjudicate", "two_plus_adjudicator", "unanimous"])
def test_the_disputes_of_code_test_are_the_exams_on_which_its_cardiologists_differ(
    cardiologists, rule
):
    first, second = cardiologists
    disputed = [
        place
        for place, pair in enumerate(zip(first, second, strict=True))
        if decide(rule, *pair).status == Status.DISPUTED
    ]
    differing = [place for place, (a, b) in enumerate(zip(first, second, strict=True)) if a != b]
    assert disputed == differing
    assert len(disputed) == 5
