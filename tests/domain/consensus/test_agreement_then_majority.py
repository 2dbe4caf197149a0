"""The CODE-II-test rule: full agreement, else classes marked by two readers, else undecided."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.consensus import (
    Ballot,
    Choice,
    ContradictoryReading,
    Decision,
    Reason,
    Relations,
    State,
    Status,
)
from tests.domain.consensus.deciding import decide_exam

RULE = Choice("agreement_then_majority")
NORMAL = "normal_ecg"
AF = "atrial_fibrillation"
RBBB = "right_bundle_branch_block"
LVH = "left_ventricular_hypertrophy"


def ballots(readings) -> list[Ballot]:
    return [Ballot(frozenset(codes)) for codes in readings]


def decide(*readings: set[str], n_wanted: int = 2) -> Decision:
    return decide_exam(RULE, ballots(readings), n_wanted=n_wanted)


def test_identical_readings_are_an_agreement():
    decision = decide({AF, RBBB}, {RBBB, AF})
    assert decision.status == "agreement"
    assert decision.labels == {AF: 2, RBBB: 2}


def test_two_empty_readings_agree_on_no_class():
    decision = decide(set(), set())
    assert decision.status == "agreement"
    assert decision.labels == {}
    assert decision.reason == Reason.NONE


def test_a_class_marked_by_two_readers_is_kept_when_readings_differ():
    decision = decide({AF, RBBB}, {AF})
    assert decision.status == "majority"
    assert decision.labels == {AF: 2}
    assert decision.votes == {AF: 2, RBBB: 1}


def test_two_readings_without_a_common_class_put_the_exam_in_dispute():
    decision = decide({AF}, {RBBB})
    assert (decision.status, decision.reason) == ("disputed", Reason.NO_CLASS_SHARED)
    assert decision.labels == {}
    assert decision.votes == {AF: 1, RBBB: 1}
    assert (decision.rest.state, decision.disputed) == (State.UNDECIDED, {AF, RBBB})


def test_two_of_three_readings_without_a_common_class_are_incomplete():
    decision = decide({AF}, {RBBB}, n_wanted=3)
    assert (decision.status, decision.reason) == ("incomplete", Reason.READINGS_MISSING)
    assert (decision.rest.state, decision.disputed) == (State.INCOMPLETE, frozenset())


def test_a_class_marked_by_one_reader_is_dropped_when_both_share_another():
    assert decide({AF, RBBB}, {AF}).state(RBBB) == State.ABSENT


def test_more_unreadable_than_readable_readings_make_the_exam_unreadable():
    decision = decide_exam(RULE, [Ballot(None), Ballot(None), Ballot(frozenset({AF}))])
    assert (decision.status, decision.rest.state) == ("unreadable", State.NOT_ASSESSED)


def test_one_readable_reading_of_two_is_a_dispute_about_readability():
    decision = decide_exam(RULE, [Ballot(None), Ballot(frozenset({AF}))])
    assert (decision.status, decision.reason) == ("disputed", Reason.READABILITY_DISPUTED)


def test_a_third_reading_decides_between_two():
    assert decide({NORMAL}, {AF}, {AF}).labels == {AF: 2}


def test_two_readers_are_enough_among_five():
    assert decide({AF}, {AF}, {RBBB}, {LVH}, set()).labels == {AF: 2}


def test_empty_readings_outvote_no_class():
    assert decide(set(), set(), {AF}).status == "disputed"


@pytest.mark.parametrize("n_wanted", [1, 2])
@pytest.mark.parametrize("readings", [(), ({AF},)])
def test_fewer_than_two_readings_are_incomplete(readings, n_wanted):
    decision = decide(*readings, n_wanted=n_wanted)
    assert (decision.status, decision.reason) == ("incomplete", Reason.READINGS_MISSING)
    assert decision.n_readings == len(readings)


def test_two_for_normal_against_two_for_a_finding_is_a_dispute():
    decision = decide({NORMAL}, {NORMAL}, {AF}, {AF})
    assert (decision.status, decision.reason) == ("disputed", Reason.EXCLUSIVE_CLASSES)


def test_a_study_may_have_another_exclusive_class():
    votes = ballots([{"fine"}, {"fine"}, {AF}, {AF}])
    assert decide_exam(RULE, votes).status == "majority"
    assert (
        decide_exam(RULE, votes, relations=Relations(exclusive=frozenset({"fine"}))).status
        == "disputed"
    )


def test_normal_with_a_finding_in_one_reading_is_refused():
    with pytest.raises(ContradictoryReading, match="atrial_fibrillation, normal_ecg"):
        decide({NORMAL, AF}, {NORMAL})


findings = st.frozensets(st.sampled_from([AF, RBBB, LVH]))
label_set = st.one_of(findings, st.just(frozenset({NORMAL})))
label_sets = st.lists(label_set, max_size=6)


@given(label_sets, st.randoms())
def test_the_order_of_readings_does_not_matter(sets, random):
    shuffled = sets[:]
    random.shuffle(shuffled)
    assert decide(*shuffled) == decide(*sets)


@given(label_sets)
def test_every_kept_class_has_two_votes(sets):
    labels = decide(*sets).labels
    counted = Counter(code for labels in sets for code in labels)
    assert all(votes >= 2 for votes in labels.values())
    assert all(counted[code] == votes for code, votes in labels.items())


@given(label_sets)
def test_normal_is_never_kept_with_a_finding(sets):
    labels = decide(*sets).labels
    assert NORMAL not in labels or len(labels) == 1


@given(st.lists(label_set, min_size=2, max_size=3))
def test_up_to_three_readers_cannot_cause_a_contradiction(sets):
    assert decide(*sets).reason != Reason.EXCLUSIVE_CLASSES


@given(label_set, st.integers(min_value=2, max_value=6))
def test_unanimous_classes_are_kept(labels, n_readers):
    decision = decide(*[labels] * n_readers)
    assert decision.status == "agreement"
    assert decision.labels == dict.fromkeys(labels, n_readers)


@given(label_sets)
def test_an_undecided_exam_has_a_reason(sets):
    decision = decide(*sets)
    is_open = decision.status in {"disputed", "incomplete"}
    assert bool(decision.reason) == is_open
    assert not (is_open and decision.labels)


def test_two_cardiologists_of_code_test_agree_on_95_of_100_exams(shared_data: Path):
    readings = [
        _label_sets(shared_data / "readers" / f"code_test_cardiologist{number}_first100.csv")
        for number in (1, 2)
    ]
    pairs = zip(*readings, strict=True)
    statuses = Counter(decide(*pair).status for pair in pairs)
    assert statuses[Status.AGREEMENT] == 95
    assert sum(statuses.values()) == 100


def _label_sets(path: Path) -> list[frozenset[str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        return [frozenset(name for name, cell in row.items() if cell == "1") for row in rows]


def decide_with_not_assessable(*readings: tuple[set[str], set[str]]) -> Decision:
    """Decide on readings, each a pair of the classes marked and the classes not assessable."""
    votes = [
        Ballot(frozenset(codes), frozenset(not_assessable)) for codes, not_assessable in readings
    ]
    return decide_exam(RULE, votes)


def test_not_assessable_does_not_dispute_a_class():
    decision = decide_with_not_assessable(({AF}, set()), ({AF}, set()), (set(), {AF}))
    assert (decision.status, decision.labels, decision.n_votes) == ("agreement", {AF: 2}, {AF: 2})


def test_not_assessable_does_not_confirm_a_class():
    assert decide_with_not_assessable(({AF}, set()), (set(), {AF})).status == "disputed"


def test_a_class_that_only_one_reader_could_assess_is_not_kept():
    decision = decide_with_not_assessable(({AF, RBBB}, set()), ({AF}, {RBBB}))
    assert (decision.status, decision.labels) == ("majority", {AF: 2})
    assert decision.state(RBBB) == State.NOT_ASSESSED


def test_an_unmarked_class_that_is_not_assessable_does_not_prevent_agreement():
    decision = decide_with_not_assessable(({AF}, {LVH}), ({AF}, set()))
    assert (decision.status, decision.state(LVH)) == ("agreement", State.NOT_ASSESSED)


def test_a_class_cannot_be_both_marked_and_not_assessable():
    with pytest.raises(ContradictoryReading):
        decide_with_not_assessable(({AF}, {AF}), ({AF}, set()))
