"""What all consensus rules have in common: who votes, parameters, relations, and provenance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import consensus, taxonomy
from ecgreview.consensus import (
    RULES,
    BadParameter,
    Ballot,
    Basis,
    Cell,
    Choice,
    Exam,
    Kind,
    Purpose,
    Relations,
    Stage,
    State,
    Status,
    UnknownRule,
    rules,
)
from tests.domain.consensus.deciding import decide_exam

NORMAL, AF, FLUTTER, LBBB, BLOCK = "normal", "af", "flutter", "lbbb", "block"
CODES = (NORMAL, AF, FLUTTER, LBBB, BLOCK)
RELATIONS = Relations(
    exclusive=frozenset({NORMAL}), excludes=((AF, FLUTTER),), implies=((LBBB, BLOCK),)
)
EVERY_RULE = [
    *(Choice(name) for name in RULES), Choice("k_of_n", k=1), Choice("k_of_n", k=3),
    Choice("dawid_skene", threshold=0.9),
]  # fmt: skip

every_rule = pytest.mark.parametrize("choice", EVERY_RULE, ids=lambda choice: choice.name)


def ballot(classes, reader="a", **more) -> Ballot:
    return Ballot(None if classes is None else frozenset(classes), reader=reader, **more)


def ballots(*readings, adjudicators=()) -> list[Ballot]:
    return [
        *(ballot(classes, f"r{place}") for place, classes in enumerate(readings)),
        *(
            ballot(classes, f"z{place}", purpose=Purpose.ADJUDICATION)
            for place, classes in enumerate(adjudicators)
        ),
    ]


def test_an_unknown_rule_is_refused():
    with pytest.raises(UnknownRule, match=r"no rule 'coin'\. Available: agreement_then_majority, "):
        Choice("coin")


@pytest.mark.parametrize("parameters", [{"k": 0}, {"threshold": 0.49}, {"threshold": 1.0}])
def test_a_parameter_out_of_range_is_refused(parameters):
    with pytest.raises(BadParameter):
        Choice("k_of_n", **parameters)


def test_the_stored_name_has_the_parameters_that_the_rule_uses():
    names = [Choice("unanimous", k=3), Choice("k_of_n", k=3), Choice("dawid_skene", threshold=0.9)]
    assert [choice.name for choice in names] == [
        "unanimous 1", "k_of_n(k=3) 1", "dawid_skene(threshold=0.9) 1",
    ]  # fmt: skip


def test_the_default_exclusive_class_is_that_of_the_taxonomy():
    exclusive = {row.code for row in taxonomy.load().classes if row.is_exclusive}
    assert exclusive == rules.NORMAL.exclusive


@every_rule
@pytest.mark.parametrize(
    "other",
    [{"kind": Kind.MODEL}, {"kind": Kind.REFERENCE}, {"stage": Stage.REVISED}],
    ids=["model", "reference", "revised"],
)
def test_models_references_and_revised_readings_do_not_vote(choice, other):
    people = ballots({AF}, {AF}, {LBBB, BLOCK})
    others = [ballot({FLUTTER}, f"m{place}", **other) for place in range(5)]
    with_others = decide_exam(choice, [*others, *people], relations=RELATIONS)
    assert with_others == decide_exam(choice, people, relations=RELATIONS)


@every_rule
def test_a_class_that_all_readers_marked_is_present_and_one_that_nobody_marked_absent(choice):
    decision = decide_exam(choice, ballots({AF}, {AF}, {AF}), relations=RELATIONS)
    assert ([*decision.labels], decision.state(LBBB)) == ([AF], State.ABSENT)
    assert decision.rest.basis == Basis.UNANIMOUS


reading = st.one_of(
    st.none(), st.just(frozenset({NORMAL})), st.frozensets(st.sampled_from(CODES[1:]), max_size=4)
)
readings = st.lists(reading, max_size=5)


def conflicts(decision) -> list[tuple[str, str]]:
    present = {code for code in CODES if decision.state(code) == State.PRESENT}
    absent = {code for code in CODES if decision.state(code) == State.ABSENT}
    return [
        *((NORMAL, code) for code in present - {NORMAL} if NORMAL in present),
        *((a, b) for a, b in RELATIONS.excludes if {a, b} <= present),
        *((a, b) for a, b in RELATIONS.implies if a in present and b in absent),
    ]


@every_rule
@given(readings, readings, st.integers(1, 4))
def test_relations_hold_in_every_result(choice, sets, adjudicators, n_wanted):
    votes = ballots(*sets, adjudicators=adjudicators)
    decision = decide_exam(choice, votes, relations=RELATIONS, n_wanted=n_wanted)
    assert conflicts(decision) == []


@every_rule
@given(readings, readings, st.integers(1, 4))
def test_every_class_has_a_basis_that_fits_its_state(choice, sets, adjudicators, n_wanted):
    votes = ballots(*sets, adjudicators=adjudicators)
    decision = decide_exam(choice, votes, relations=RELATIONS, n_wanted=n_wanted)
    for cell in (*decision.cells.values(), decision.rest):
        assert cell.basis in BASES[cell.state]
    assert decision.votes.keys() <= decision.cells.keys()
    assert bool(decision.reason) == (decision.status in {Status.DISPUTED, Status.INCOMPLETE})


DECIDING = {Basis.UNANIMOUS, Basis.MAJORITY, Basis.SKILL, Basis.POSTERIOR, Basis.ADJUDICATION}
BASES = {
    State.PRESENT: DECIDING | {Basis.ENOUGH_VOTES},
    State.ABSENT: DECIDING | {Basis.TOO_FEW_VOTES},
    State.UNDECIDED: {
        Basis.TIE, Basis.DISAGREEMENT, Basis.SINGLE_VOTE, Basis.UNCERTAIN, Basis.NOT_IDENTIFIED,
        Basis.EXCLUDED, Basis.IMPLIED, Basis.NO_CLASS_SHARED, Basis.READABILITY,
    },
    State.INCOMPLETE: {Basis.READINGS_MISSING},
    State.NOT_ASSESSED: {Basis.NO_SECOND_VOTE, Basis.UNREADABLE},
}  # fmt: skip


@every_rule
@given(readings, readings)
def test_adjudication_changes_no_class_that_the_readers_decided(choice, sets, adjudicators):
    if choice.rule == "agreement_then_majority":
        return  # its adjudications vote on every class
    before = decide_exam(choice, ballots(*sets), relations=RELATIONS)
    votes = ballots(*sets, adjudicators=adjudicators)
    after = decide_exam(choice, votes, relations=RELATIONS)
    for code in CODES:
        if before.state(code) != State.UNDECIDED:
            assert after.state(code) in {before.state(code), State.UNDECIDED}


class TestRelations:
    """Classes that contradict each other are undecided, whatever their votes."""

    def test_two_present_classes_that_exclude_each_other_are_undecided(self):
        decision = decide_exam(
            Choice("k_of_n"), ballots({AF}, {AF}, {FLUTTER}, {FLUTTER}), relations=RELATIONS
        )
        assert (decision.disputed, decision.cell(AF).basis) == ({AF, FLUTTER}, Basis.EXCLUDED)
        assert decision.reason == "exclusive_classes"

    @every_rule
    def test_a_vote_for_a_class_is_also_a_vote_for_the_class_that_it_implies(self, choice):
        readers = ballots({LBBB}, {LBBB}, {LBBB})
        decision = decide_exam(choice, readers, relations=RELATIONS)
        assert decision.labels.keys() == {LBBB, BLOCK}
        assert decision.votes[BLOCK] == decision.votes[LBBB]

    def test_a_vote_counts_for_an_implied_class_that_was_not_assessable(self):
        votes = [ballot({LBBB}, unassessed=frozenset({BLOCK})), ballot({LBBB}, "b")]
        decision = decide_exam(Choice(), votes, relations=RELATIONS)
        assert decision.labels == {BLOCK: 2, LBBB: 2}

    def test_a_present_class_whose_implied_class_is_absent_is_undecided(self):
        cells = {LBBB: Cell(State.PRESENT, Basis.POSTERIOR, 0.6)}
        settled = RELATIONS.settled(cells, Cell(State.ABSENT, Basis.UNANIMOUS))
        assert {code: (cell.state, cell.basis) for code, cell in settled.items()} == {
            LBBB: (State.UNDECIDED, Basis.IMPLIED), BLOCK: (State.UNDECIDED, Basis.IMPLIED),
        }  # fmt: skip

    @pytest.mark.parametrize("rule", ["majority_per_class", "union_then_adjudicate", "k_of_n"])
    def test_one_adjudicator_settles_classes_that_exclude_each_other(self, rule):
        votes = ballots({AF, FLUTTER}, {AF, FLUTTER}, adjudicators=[{AF}])
        decision = decide_exam(Choice(rule), votes, relations=RELATIONS)
        assert [*decision.labels] == [AF]
        assert decision.adjudicated == {AF, FLUTTER}
        assert decision.cell(FLUTTER).basis == Basis.ADJUDICATION

    def test_a_class_waits_while_missing_readings_could_make_one_present_that_it_excludes(self):
        votes = ballots({AF, FLUTTER}, {AF})
        decision = decide_exam(Choice(), votes, relations=RELATIONS, n_wanted=3)
        assert decision.state(AF) == State.INCOMPLETE

    def test_relations_of_a_taxonomy_leave_out_unusual_combinations(self):
        relations = Relations.of(
            [NORMAL],
            [
                taxonomy.Relation(FLUTTER, AF, "excludes"),
                taxonomy.Relation(LBBB, BLOCK, "implies"),
                taxonomy.Relation(AF, LBBB, "soft_conflict"),
            ],
        )
        assert relations == RELATIONS


def test_each_exam_gets_its_own_decision():
    exams = {7: Exam(tuple(ballots({AF}, {AF}))), 3: Exam(tuple(ballots(set(), {AF})))}
    decisions = consensus.decide(Choice(), exams, RELATIONS)
    assert [(key, decision.status) for key, decision in decisions.items()] == [
        (7, Status.AGREEMENT), (3, Status.DISPUTED),
    ]  # fmt: skip
