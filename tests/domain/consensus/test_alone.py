"""Votes of one reader against those of all others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ecgreview.consensus import Ballot, LoneVote, Relations, lone_votes, readability_vote

AF, AVB, LVH = "af", "avb", "lvh"
CODES = [AF, AVB, LVH]
NONE = Relations()

ballots = st.builds(
    Ballot,
    st.none() | st.frozensets(st.sampled_from(CODES)),
    st.frozensets(st.sampled_from(CODES), max_size=1),
).filter(lambda ballot: not (ballot.classes or frozenset()) & ballot.unassessed)


def test_a_class_is_listed_if_all_others_voted_the_other_way():
    own, others = Ballot(frozenset({AF})), [Ballot(frozenset({AVB})), Ballot(frozenset({AVB}))]
    assert lone_votes(own, others, NONE) == {AF: LoneVote(True, 2), AVB: LoneVote(False, 2)}


def test_one_supporter_is_enough_not_to_stand_alone():
    own, others = Ballot(frozenset({AF})), [Ballot(frozenset({AF})), Ballot(frozenset())]
    assert lone_votes(own, others, NONE) == {}


def test_readers_without_a_vote_on_the_class_do_not_count():
    own = Ballot(frozenset({AF}))
    others = [Ballot(frozenset(), frozenset({AF})), Ballot(None), Ballot(frozenset())]
    assert lone_votes(own, others, NONE) == {AF: LoneVote(True, 1)}
    assert lone_votes(own, others[:2], NONE) == {}


def test_a_vote_for_a_class_is_one_for_what_it_implies():
    relations = Relations(implies=((AVB, AF),))
    own, others = Ballot(frozenset({AVB})), [Ballot(frozenset({AF}))]
    assert lone_votes(own, others, relations) == {AVB: LoneVote(True, 1)}


def test_readability_is_a_vote_of_its_own():
    readable, unreadable = Ballot(frozenset({AF})), Ballot(None)
    assert readability_vote(unreadable, [readable, readable]) == LoneVote(False, 2)
    assert readability_vote(readable, [unreadable]) == LoneVote(True, 1)
    assert readability_vote(readable, [readable, unreadable]) is None
    assert readability_vote(readable, []) is None
    assert lone_votes(unreadable, [readable], NONE) == {}


@given(st.lists(ballots, min_size=2, max_size=4))
def test_two_readers_stand_alone_together_and_more_never_on_the_same_side(cast):
    """A class is lone for at most one reader of each side, for both only if there are two votes."""
    found = [
        lone_votes(own, [*cast[:place], *cast[place + 1 :]], NONE) for place, own in enumerate(cast)
    ]
    for code in CODES:
        lone = [votes[code] for votes in found if code in votes]
        assert len(lone) in (0, 1, 2)
        if len(lone) == 2:
            assert {vote.is_for for vote in lone} == {True, False}
            assert [vote.n_others for vote in lone] == [1, 1]
