"""The classes on which one reader voted against all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .decision import Ballot
from .relations import Relations


@dataclass(frozen=True, slots=True)
class LoneVote:
    """A vote against those of all other readers of an exam.

    Attributes:
        is_for: whether the reader voted for the class.
        n_others: number of votes against it, at least 1.
    """

    is_for: bool
    n_others: int


def lone_votes(
    own: Ballot, others: Sequence[Ballot], relations: Relations
) -> Mapping[str, LoneVote]:
    """Return the lone votes of a reader by class code, in alphabetical order.

    A vote for a class is also a vote for the classes that it implies, but a class that nobody
    marked is left out. There are none if the reader called the exam unreadable: see
    ``readability_vote``.

    Args:
        own: the reader's ballot.
        others: ballots of the other readers, without adjudicators.
        relations: the relations of the study's taxonomy.
    """
    if own.classes is None:
        return {}
    readable = [other for other in others if other.classes is not None]
    marked = frozenset[str]().union(own.classes, *(other.classes or () for other in readable))
    mine, theirs = _with_implied(own, relations), [_with_implied(o, relations) for o in readable]
    lone = {}
    for code in sorted(marked):
        vote = _vote(code, own, mine)
        cast = [_vote(code, *other) for other in zip(readable, theirs, strict=True)]
        n_others = sum(other is not None for other in cast)
        if vote is not None and n_others and vote not in cast:
            lone[code] = LoneVote(vote, n_others)
    return lone


def readability_vote(own: Ballot, others: Sequence[Ballot]) -> LoneVote | None:
    """Return the reader's vote on readability if all others contradict it, else None.

    ``is_for`` is True if the reader called the exam readable.
    """
    is_readable = own.classes is not None
    if not others or any((other.classes is not None) == is_readable for other in others):
        return None
    return LoneVote(is_readable, len(others))


def _with_implied(ballot: Ballot, relations: Relations) -> frozenset[str]:
    return relations.implied_by(ballot.classes or frozenset())


def _vote(code: str, ballot: Ballot, marked: frozenset[str]) -> bool | None:
    """Return whether ``ballot`` votes for the class; None if it has no vote on it."""
    if code in marked:
        return True
    return None if code in ballot.unassessed else False
