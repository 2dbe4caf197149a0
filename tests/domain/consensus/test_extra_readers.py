"""The vote of one more reader on the classes in dispute alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.consensus import RULES, Ballot, Choice, State, Status
from tests.domain.consensus.deciding import decide_exam

AF, AVB, LVH, RBBB = "af", "avb", "lvh", "rbbb"
CODES = frozenset({AF, AVB, LVH, RBBB})

READINGS = (Ballot(frozenset({AF}), reader="a"), Ballot(frozenset({AVB}), reader="b"))
# Under k of n, a class is only in dispute if its only vote is for it.
UNSURE = (READINGS[0], Ballot(frozenset(), frozenset({AF}), reader="b"))


def extra(asked, present=(), undecidable=(), reader="z") -> Ballot:
    voted = frozenset(asked) - frozenset(undecidable)
    return Ballot(frozenset(present), CODES - voted, reader=reader)


@pytest.mark.parametrize("name", sorted(n for n, rule in RULES.items() if rule.takes_extra_readers))
def test_it_settles_a_class_in_dispute(name):
    readings = UNSURE if name == "k_of_n" else READINGS
    before = decide_exam(Choice(name), readings)
    assert AF in before.disputed
    asked = before.disputed
    after = decide_exam(Choice(name), [*readings, extra(asked, {AF})])
    assert (after.state(AF), after.votes[AF]) == (State.PRESENT, 2)
    assert (after.disputed, after.adjudicated) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    "name", sorted(n for n, rule in RULES.items() if not rule.takes_extra_readers)
)
def test_it_settles_nothing_under_the_other_rules(name):
    after = decide_exam(Choice(name), [*READINGS, extra({AF, AVB}, {AF})])
    assert after.disputed == {AF, AVB}


def test_not_decidable_is_no_vote():
    after = decide_exam(Choice(), [*READINGS, extra({AF, AVB}, undecidable={AF})])
    assert (after.disputed, after.state(AVB), after.n_votes[AF]) == ({AF}, State.ABSENT, 2)


def test_unreadable_is_a_vote_on_the_whole_exam():
    readings = [READINGS[0], Ballot(None, reader="b")]
    assert decide_exam(Choice(), readings).status == Status.DISPUTED
    unreadable = decide_exam(Choice(), [*readings, Ballot(None, reader="z")])
    assert unreadable.status == Status.UNREADABLE


classes = st.frozensets(st.sampled_from(sorted(CODES)))


@given(st.lists(classes, min_size=2, max_size=6), st.lists(classes, min_size=1, max_size=3))
def test_classes_that_are_not_in_dispute_keep_their_state(readings, extras):
    ballots = [Ballot(codes, reader=f"r{place}") for place, codes in enumerate(readings)]
    before = decide_exam(Choice(), ballots)
    asked = before.disputed
    more = [extra(asked, codes & asked, reader=f"z{n}") for n, codes in enumerate(extras)]
    after = decide_exam(Choice(), [*ballots, *more])
    for code in CODES - asked:
        assert after.state(code) == before.state(code)
    if len(extras) % 2 == 1:
        assert not after.disputed
