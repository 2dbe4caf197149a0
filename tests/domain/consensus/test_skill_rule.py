"""Votes weighted by the reader's agreement with the majority of the others."""

from __future__ import annotations

from math import log

import pytest

from ecgreview import consensus
from ecgreview.consensus import Ballot, Basis, Choice, Exam, State
from ecgreview.consensus.skill_rule import MIN_WEIGHT, weights
from tests.domain.consensus.simulated import simulate

RULE = Choice("skill_weighted")


def exam(*readings, readers="abcd", unassessed=frozenset()) -> Exam:
    return Exam(
        tuple(
            Ballot(frozenset(codes), frozenset(unassessed), reader)
            for reader, codes in zip(readers, readings, strict=False)
        )
    )


def test_the_weight_is_the_log_odds_of_positive_agreement_with_the_other_readers():
    """Reader c shares 1 of the 3 marks by c or by both others: Dice's coefficient is 2/4."""
    exams = [exam({"af"}, {"af"}, {"af"}), exam({"af"}, {"af"}, set()), exam(set(), set(), {"af"})]
    share = (2 + 1) / (4 + 2)
    assert share == 0.5
    assert weights(exams)["c"] == MIN_WEIGHT  # log-odds of 0, raised to the minimum
    both = (2 * 1 + 1) / (2 + 2)  # a: in the second exam, the others are tied
    assert weights(exams)["a"] == pytest.approx(log(both / (1 - both)))


def test_readers_without_two_others_all_have_the_same_weight():
    assert len(set(weights([exam({"af"}, set()), exam({"af"}, {"af"})]).values())) == 1


def test_a_reader_who_cannot_be_compared_has_the_median_weight():
    exams = [exam({"af"}, {"af"}, {"af"}) for _ in range(5)] + [exam({"af"}, readers="d")]
    assert weights(exams)["d"] == weights(exams)["a"]


def test_the_better_of_two_readers_decides_a_tie():
    training = [exam({"af"}, {"af"}, {"af"}) for _ in range(5)]
    training += [exam({"af"}, set(), {"af"}) for _ in range(5)]  # reader b misses half
    exams = dict(enumerate([*training, exam({"lvh"}, set()), exam(set(), {"lvh"})]))
    cells = [consensus.decide(RULE, exams)[place].cell("lvh") for place in (10, 11)]
    assert [cell.state for cell in cells] == [State.PRESENT, State.ABSENT]
    assert {cell.basis for cell in cells} == {Basis.SKILL}


def test_readers_of_equal_weight_can_tie():
    cell = consensus.decide(RULE, {0: exam({"af"}, set())})[0].cell("af")
    assert (cell.state, cell.basis) == (State.UNDECIDED, Basis.TIE)


def test_a_missing_reading_that_could_change_a_class_leaves_it_incomplete():
    wanted = Exam(exam({"af"}, set()).ballots, n_wanted=3)
    decision = consensus.decide(RULE, {0: wanted})[0]
    assert (decision.state("af"), decision.status) == (State.INCOMPLETE, "incomplete")


def test_weights_reduce_the_errors_of_an_even_number_of_readers():
    study = simulate(4, seed=2, n_exams=2000, missing=0)
    of_majority, weighted = (consensus.decide(c, study.exams) for c in (Choice(), RULE))
    assert study.errors(weighted) < study.errors(of_majority)
