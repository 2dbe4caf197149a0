"""Comparing rules: the same numbers as deciding with each rule at each setting."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgreview import consensus
from ecgreview.consensus import RULES, Ballot, Choice, Exam, Kind, Purpose, Relations, Status
from ecgreview.consensus.comparison import STATES, Comparison, Outcome, Unsupported, compare
from tests.domain.consensus import simulated

CODES = ["a", "b", "c", "normal_ecg"]
STUDY = Relations(frozenset({"normal_ecg"}), excludes=(("a", "b"),), implies=(("c", "a"),))

BALLOTS = st.builds(
    lambda classes, unassessed, is_readable: Ballot(
        frozenset(classes) if is_readable else None,
        frozenset(unassessed) - frozenset(classes) - {"a"},
    ),
    st.one_of(st.sets(st.sampled_from(CODES[:3])), st.just({"normal_ecg"})),
    st.sets(st.sampled_from(CODES[:3]), max_size=1),
    st.sampled_from([True] * 9 + [False]),
)


@st.composite
def studies(draw):
    """Exams of up to five readers, some of them adjudicated."""
    exams = {}
    for key in range(draw(st.integers(1, 12))):
        readers = draw(st.lists(st.sampled_from("pqrst"), unique=True, max_size=5))
        ballots = [replace(draw(BALLOTS), reader=reader) for reader in readers]
        if draw(st.booleans()):
            ballots.append(replace(draw(BALLOTS), reader="z", purpose=Purpose.ADJUDICATION))
        exams[key] = Exam(tuple(ballots), draw(st.integers(2, 4)))
    return exams


@pytest.fixture(scope="module")
def four_readers():
    return simulated.simulate(4, seed=14, n_exams=300)


def outcomes(comparison: Comparison, rule: str) -> dict[Any, Outcome]:
    (found,) = (of for of in comparison.rules if of.rule == rule)
    return {outcome.setting: outcome for outcome in found.outcomes}


def check(outcome: Outcome, choice: Choice, exams, relations: Relations, classes) -> None:
    """Compare an outcome with the decisions of ``choice``, counted one by one."""
    decisions = consensus.decide(choice, exams, relations)
    present = Counter(code for decision in decisions.values() for code in decision.labels)
    disputed = Counter(code for decision in decisions.values() for code in decision.disputed)
    statuses = Counter(decision.status for decision in decisions.values())
    assert dict(zip(classes, outcome.present, strict=True)) == {c: present[c] for c in classes}
    assert dict(zip(classes, outcome.disputed, strict=True)) == {c: disputed[c] for c in classes}
    assert outcome.n_exams_disputed == statuses[Status.DISPUTED]
    assert outcome.n_exams_incomplete == statuses[Status.INCOMPLETE]


@settings(max_examples=12, deadline=None)
@given(exams=studies(), k=st.integers(1, 9))
def test_every_k_gives_what_the_rule_decides(exams, k):
    comparison = compare(Choice("k_of_n", k=k), exams, STUDY)
    for setting, outcome in outcomes(comparison, "k_of_n").items():
        check(outcome, Choice("k_of_n", k=int(setting)), exams, STUDY, comparison.classes)
    assert k in outcomes(comparison, "k_of_n")


@pytest.mark.parametrize("rule", ["dawid_skene", "dawid_skene_pooled"])
def test_every_threshold_gives_what_the_rule_decides(four_readers, rule):
    choice = Choice(rule, threshold=0.925)
    comparison = compare(choice, four_readers.exams, Relations())
    found = outcomes(comparison, rule)
    assert len(found) == 51
    assert len({sum(outcome.disputed) for outcome in found.values()}) > 10
    # Deciding at all 51 thresholds would fit the model 51 times.
    for threshold, outcome in [*found.items()][::5]:
        check(outcome, replace(choice, threshold=threshold), four_readers.exams, Relations(),
              comparison.classes)  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(exams=studies(), rule=st.sampled_from(sorted(RULES)))
def test_a_rule_differs_from_itself_nowhere(exams, rule):
    choice = Choice(rule)
    comparison = compare(choice, exams, STUDY)
    (found,) = (of for of in comparison.rules if of.rule == rule)
    if not found.reason:
        chosen = found.outcomes[found.chosen]
        assert chosen.n_different == 0
        assert sum(map(sum, chosen.changes)) == comparison.n_marked


def test_leaving_out_a_reader_who_never_voted_changes_nothing(four_readers):
    exams = {
        key: Exam((*exam.ballots, Ballot(None, reader="silent")), exam.n_wanted)
        for key, exam in four_readers.exams.items()
    }
    comparison = compare(Choice(), exams, Relations())
    silent = comparison.readers.index("silent")
    for rule in comparison.rules:
        for outcome in rule.outcomes:
            left_out = outcome.left_out[silent]
            assert left_out is not None
            assert left_out.n_changed == 0 < left_out.n_decided


@settings(max_examples=12, deadline=None)
@given(exams=studies(), k=st.integers(1, 4))
def test_leaving_out_a_reader_counts_the_decided_cells_that_change(exams, k):
    choice = Choice("k_of_n", k=k)
    comparison = compare(choice, exams, STUDY)
    voting = {key: exam.voting(STUDY) for key, exam in exams.items()}
    before = consensus.decide(choice, exams, STUDY)
    for place, reader in enumerate(comparison.readers):
        rest = {
            key: Exam(
                tuple(b for b in exam.ballots if b.reader != reader),
                exam.n_wanted - any(b.reader == reader for b in exam.ballots),
            )
            for key, exam in exams.items()
            if all(b.reader != reader for b in exam.ballots)
            or sum(not b.is_adjudication for b in exam.ballots) > 2
        }
        is_compared = any(b.reader == reader for key in rest for b in exams[key].ballots)
        after = consensus.decide(choice, rest, STUDY)
        changes = [
            before[key].state(code) != decision.state(code)
            for key, decision in after.items()
            for code in {c for b in voting[key].ballots for c in b.classes or ()}
            if before[key].state(code) in {"present", "absent"}
        ]
        left_out = outcomes(comparison, "k_of_n")[k].left_out[place]
        if not is_compared:
            assert left_out is None
        else:
            assert left_out is not None
            assert (left_out.n_decided, left_out.n_changed) == (len(changes), sum(changes))


def test_two_readers_support_no_posterior_and_no_weights(shared_data: Path):
    tables = []
    for number in (1, 2):
        path = shared_data / "readers" / f"code_test_cardiologist{number}_first100.csv"
        with path.open(newline="", encoding="utf-8") as lines:
            tables.append(list(csv.DictReader(lines)))
    exams = {
        place: Exam(
            tuple(
                Ballot(frozenset(c for c in row if c and row[c] == "1"), reader=name)
                for name, row in zip(("one", "two"), rows, strict=True)
            )
        )
        for place, rows in enumerate(zip(*tables, strict=True))
    }
    comparison = compare(Choice(), exams, Relations())
    few = Unsupported.FEW_READERS.value
    assert {of.rule: of.reason for of in comparison.rules if of.reason} == {
        "skill_weighted": few, "dawid_skene": few, "dawid_skene_pooled": few,
    }  # fmt: skip
    (majority,) = outcomes(comparison, "majority_per_class").values()
    assert majority.n_exams_disputed == majority.n_exams_to_adjudicate == 5
    assert majority.left_out == (None, None)
    # The union keeps what only one of the two marked; their intersection drops it.
    union, both = outcomes(comparison, "k_of_n").values()
    assert sum(union.present) - sum(both.present) == sum(majority.disputed)


def test_accuracy_is_that_of_the_labels(four_readers):
    answers = {
        row: Ballot(frozenset(c for c, is_present in zip(simulated.CODES, cells, strict=True)
                              if is_present))
        for row, cells in enumerate(four_readers.truth)
    }  # fmt: skip
    comparison = compare(Choice(), four_readers.exams, Relations(), references={"truth": answers})
    majority = Choice("majority_per_class")
    decisions = consensus.decide(majority, four_readers.exams, Relations())
    (outcome,) = outcomes(comparison, "majority_per_class").values()
    (accuracy,) = outcome.accuracy
    assert accuracy.n_hits + accuracy.n_extra == sum(outcome.present)
    assert accuracy.n_hits + accuracy.n_missed + accuracy.n_open_present == four_readers.truth.sum()
    # An undecided class counts as absent in this number.
    n_wrong = accuracy.n_errors + accuracy.n_open_present
    assert n_wrong == four_readers.errors(decisions)
    assert accuracy.macro_f1 == pytest.approx(macro_f1(four_readers, decisions))


def macro_f1(of: simulated.Simulated, decisions: dict[int, consensus.Decision]) -> float:
    """Return the mean F1 of the classes that are present somewhere."""
    labels = np.zeros_like(of.truth)
    for row, decision in decisions.items():
        for code in decision.labels:
            labels[row, simulated.CODES.index(code)] = True
    hits = (labels & of.truth).sum(axis=0)
    of_class = 2 * hits / np.maximum(labels.sum(axis=0) + of.truth.sum(axis=0), 1)
    return float(of_class[of.truth.any(axis=0)].mean())


def test_a_reference_that_contradicts_readers_who_agree_is_listed():
    exams = {
        "one": Exam((Ballot(frozenset("a"), reader="p"), Ballot(frozenset("a"), reader="q"))),
        "two": Exam((Ballot(frozenset("a"), reader="p"), Ballot(frozenset(), reader="q"))),
        "three": Exam((Ballot(frozenset(), reader="p"), Ballot(frozenset(), reader="q"))),
    }
    gold = {key: Ballot(frozenset(codes), frozenset("c"))
            for key, codes in (("one", ""), ("two", ""), ("three", "b"))}  # fmt: skip
    comparison = compare(Choice(), exams, Relations(), references={"gold": gold})
    assert [(c.exam, c.code, c.is_marked, c.n_votes) for c in comparison.contradictions] == [
        ("one", "a", False, 2), ("three", "b", True, 2),
    ]  # fmt: skip
    (outcome,) = outcomes(comparison, "majority_per_class").values()
    (accuracy,) = outcome.accuracy
    assert (accuracy.n_extra, accuracy.n_missed, accuracy.n_open_absent) == (1, 1, 1)


def test_models_and_references_are_not_readers():
    ballots = [Ballot(frozenset("a"), reader=name) for name in "pq"]
    model = Ballot(frozenset("b"), reader="m", kind=Kind.MODEL)
    comparison = compare(Choice(), {"one": Exam((*ballots, model))}, Relations())
    assert (comparison.readers, comparison.classes) == (("p", "q"), ("a",))


def test_exams_to_be_reread_are_incomplete_under_every_rule():
    exam = Exam((Ballot(frozenset("a"), reader="p"), Ballot(frozenset("a"), reader="q")))
    comparison = compare(Choice(), {"one": exam}, Relations(), pending={"one"})
    incomplete = STATES.index("incomplete")
    for rule in comparison.rules:
        for outcome in rule.outcomes:
            assert (outcome.n_exams_incomplete, outcome.n_incomplete) == (1, 1)
            assert outcome.changes[incomplete][incomplete] == 1
