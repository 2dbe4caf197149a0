"""Labels by the posterior of Dawid and Skene's model, alone and pooled."""

from __future__ import annotations

import numpy as np
import pytest

from ecgreview import consensus
from ecgreview.agreement import PatternCount
from ecgreview.consensus import Ballot, Basis, Choice, Exam, Purpose, Relations, State, Status
from ecgreview.consensus.exam import pattern_count
from ecgreview.consensus.latent_rules import Skills
from tests.domain.consensus.simulated import CODES, n_undecided, simulate

POOLED = "dawid_skene_pooled"
N_EXAMS = 4000


@pytest.fixture(scope="module", params=[3, 5, 7])
def study(request):
    return simulate(request.param, seed=request.param, n_exams=N_EXAMS)


@pytest.fixture(scope="module", params=["dawid_skene", POOLED])
def decisions(study, request):
    return consensus.decide(Choice(request.param), study.exams, Relations())


def test_labels_have_fewer_errors_than_the_majority(study, decisions):
    of_majority = consensus.decide(Choice(), study.exams, Relations())
    assert study.errors(decisions) < 0.9 * study.errors(of_majority)


def test_posteriors_are_calibrated(study, decisions):
    """In each tenth, the mean posterior is the share of present classes, within 0.03."""
    posteriors, is_present = study.posteriors(decisions)
    tenth = np.minimum((10 * posteriors).astype(int), 9)
    for place in range(10):
        members = tenth == place
        expected, observed = posteriors[members].mean(), is_present[members].mean()
        simulation_error = (expected * (1 - expected) / members.sum()) ** 0.5
        assert abs(expected - observed) < 0.03 + 3 * simulation_error


def test_a_higher_threshold_leaves_more_undecided():
    exams = exams_of(*COMMON)
    counts = [
        n_undecided(consensus.decide(Choice("dawid_skene", threshold=t), exams))
        for t in (0.5, 0.8, 0.9999)
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_the_pooled_fit_replaces_a_degenerate_one():
    """The rarest classes have too few true positives for a fit of their own."""
    study = simulate(3, seed=1, n_exams=N_EXAMS)
    alone, pooled = (Skills.of([*study.exams.values()], is_pooled=p) for p in (False, True))
    rare, common = (alone.codes[code] for code in (CODES[20], CODES[-1]))
    assert alone.prior[rare] == pooled.prior[rare]
    assert alone.prior[common] != pooled.prior[common]


def exams_of(*patterns: tuple[str, int]) -> dict[int, Exam]:
    """Return exams in which readers a, b, c answer one class: 1 marked, 0 not, - no reading."""
    exams: dict[int, Exam] = {}
    for pattern, n in patterns:
        ballots = tuple(
            Ballot(frozenset({"af"} if answer == "1" else ()), reader=reader)
            for reader, answer in zip("abc", pattern, strict=False)
            if answer != "-"
        )
        exams |= {len(exams) + place: Exam(ballots) for place in range(n)}
    return exams


class TestNotIdentified:
    """Where the readings do not identify the model, votes decide and there is no posterior."""

    @pytest.mark.parametrize("rule", ["dawid_skene", POOLED])
    def test_two_readers_have_no_posterior(self, rule):
        decisions = consensus.decide(Choice(rule), exams_of(("11", 5), ("10", 1), ("00", 50)))
        cells = [decisions[place].cell("af") for place in (0, 5, 6)]
        assert [(cell.state, cell.basis, cell.posterior) for cell in cells] == [
            (State.PRESENT, Basis.UNANIMOUS, None),
            (State.UNDECIDED, Basis.NOT_IDENTIFIED, None),
            (State.ABSENT, Basis.UNANIMOUS, None),
        ]

    def test_a_single_marked_exam_is_decided_by_the_majority(self):
        decisions = consensus.decide(Choice("dawid_skene"), exams_of(("110", 1), ("000", 2000)))
        cell = decisions[0].cell("af")
        assert (cell.state, cell.basis) == (State.PRESENT, Basis.MAJORITY)


def test_pairs_of_readers_have_no_posterior():
    """However many readers there are: two votes per exam never identify the model."""
    exams: dict[int, Exam] = {}
    for pair in ("ab", "bc", "ac"):
        for votes, n in (("11", 40), ("10", 10), ("01", 10), ("00", 300)):
            ballots = tuple(
                Ballot(frozenset({"af"} if vote == "1" else ()), reader=reader)
                for reader, vote in zip(pair, votes, strict=True)
            )
            exams |= {len(exams) + place: Exam(ballots) for place in range(n)}
    for rule in ("dawid_skene", POOLED):
        decisions = consensus.decide(Choice(rule), exams).values()
        assert {cell.posterior for d in decisions for cell in d.cells.values()} == {None}


COMMON = (
    ("111", 60), ("110", 20), ("101", 20), ("011", 20), ("100", 6), ("010", 6), ("001", 6),
    ("000", 900), ("1--", 1), ("10-", 1),
)  # fmt: skip


def test_two_votes_decide_although_a_reading_is_missing():
    exams = exams_of(*COMMON)
    decision = consensus.decide(Choice("dawid_skene"), exams)[len(exams) - 1]
    assert decision.cell("af").basis == Basis.POSTERIOR
    assert decision.status != Status.INCOMPLETE


def test_a_single_reading_is_not_enough():
    exams = exams_of(*COMMON)
    cell = consensus.decide(Choice("dawid_skene"), exams)[len(exams) - 2].cell("af")
    assert (cell.state, cell.basis) == (State.INCOMPLETE, Basis.READINGS_MISSING)


def test_an_adjudicator_settles_what_the_posterior_leaves_undecided():
    exams = exams_of(*COMMON)
    choice, place = Choice("dawid_skene", threshold=0.999), 125  # the votes are 100
    before = consensus.decide(choice, exams)
    ballot = Ballot(frozenset({"af"}), reader="z", purpose=Purpose.ADJUDICATION)
    exams[place] = Exam((*exams[place].ballots, ballot))
    after = consensus.decide(choice, exams)
    assert (before[place].disputed, after[place].labels) == ({"af"}, {"af": 2})
    assert before[0] == after[0]  # adjudications do not change the fit


def test_a_class_that_a_reader_did_not_assess_has_fewer_votes():
    exams = exams_of(*COMMON)
    unsure = Ballot(frozenset(), frozenset({"af"}), reader="c")
    exams[0] = Exam((*exams[0].ballots[:2], unsure))
    decisions = consensus.decide(Choice("dawid_skene"), exams)
    posteriors = [
        decisions[place].cell("af").posterior or 0.0
        for place in (0, 1, 60)  # marked by a and b; by all; by a and b but not c
    ]
    assert posteriors[1] > posteriors[0] > posteriors[2]


def test_patterns_are_counted_like_a_full_matrix_of_answers():
    exams = exams_of(*COMMON)
    states = {None: 0, False: 1, True: 2}
    matrix = np.array(
        [
            [
                [states[next((bool(b.classes) for b in e.ballots if b.reader == r), None)]]
                for e in exams.values()
            ]
            for r in "abc"
        ],
        dtype=np.int8,
    )
    ours, full = pattern_count(exams.values(), "abc", ["af"]), PatternCount.of(matrix)

    def by_pattern(count):
        return {
            tuple(pattern): n
            for pattern, n in zip(count.patterns.tolist(), count.counts[0], strict=True)
            if n
        }

    assert by_pattern(ours) == by_pattern(full)
