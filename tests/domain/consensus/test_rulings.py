"""Adjudicators overrule an agreement of the readers, or call a class not decidable."""

from __future__ import annotations

import pytest

from ecgreview.consensus import Ballot, Basis, Choice, Purpose, Ruling, State, Status
from tests.domain.consensus.deciding import decide_exam

AF, LVH, NORMAL = "atrial_fibrillation", "left_ventricular_hypertrophy", "normal_ecg"
RULES = ["majority_per_class", "union_then_adjudicate", "two_plus_adjudicator", "k_of_n"]


def decide(rule, *readings, rulings=(), marked=frozenset(), **parameters):
    readers = [Ballot(frozenset(codes), reader=str(n)) for n, codes in enumerate(readings)]
    adjudicators = [
        Ballot(
            frozenset(marked), frozenset({AF, LVH, NORMAL}) - marked, f"adjudicator {n}",
            purpose=Purpose.ADJUDICATION, ruling=ruling,
        )
        for n, ruling in enumerate(rulings)
    ]  # fmt: skip
    return decide_exam(Choice(rule, **parameters), [*readers, *adjudicators], n_wanted=2)


@pytest.mark.parametrize("rule", RULES)
class TestOverruling:
    def test_it_makes_an_agreed_class_absent(self, rule):
        decision = decide(rule, {AF}, {AF}, rulings=[Ruling(removed=frozenset({AF}))])
        assert (decision.state(AF), decision.cell(AF).basis) == (State.ABSENT, Basis.OVERRULED)
        assert (decision.status, decision.adjudicated) == (Status.MAJORITY, {AF})

    def test_it_makes_a_class_present_that_no_reader_marked(self, rule):
        decision = decide(rule, {AF}, {AF}, rulings=[Ruling(added=frozenset({LVH}))])
        assert decision.labels == {AF: 2, LVH: 1}
        assert decision.n_votes[LVH] == 3

    def test_half_of_the_adjudicators_is_not_enough(self, rule):
        rulings = [Ruling(removed=frozenset({AF})), Ruling()]
        assert decide(rule, {AF}, {AF}, rulings=rulings).state(AF) == State.PRESENT

    def test_a_contradiction_leaves_both_classes_in_dispute(self, rule):
        decision = decide(rule, {NORMAL}, {NORMAL}, rulings=[Ruling(added=frozenset({AF}))])
        assert (decision.status, decision.disputed) == (Status.DISPUTED, {AF, NORMAL})


class TestNotDecidable:
    def test_it_ends_the_dispute_without_a_label(self):
        decision = decide(
            "majority_per_class", {AF}, set(), rulings=[Ruling(undecidable=frozenset({AF}))]
        )
        assert decision.cell(AF).basis == Basis.NOT_DECIDABLE
        assert (decision.state(AF), decision.status) == (State.NOT_ASSESSED, Status.MAJORITY)

    def test_it_does_not_touch_a_class_that_is_decided(self):
        decision = decide(
            "majority_per_class", {AF}, {AF}, rulings=[Ruling(undecidable=frozenset({AF}))]
        )
        assert decision.state(AF) == State.PRESENT


def test_rulings_change_nothing_under_a_rule_without_adjudication():
    decision = decide("unanimous", {AF}, {AF}, rulings=[Ruling(removed=frozenset({AF}))])
    assert decision.state(AF) == State.PRESENT
