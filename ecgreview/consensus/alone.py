"""The classes on which one reader voted against all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .decision import Ballot
from .exam import with_implied
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
    marked = own.classes.union(*(other.classes or () for other in readable))
    own, *readable = (with_implied(ballot, relations) for ballot in (own, *readable))
    lone = {}
    for code in sorted(marked):
        vote = _vote(code, own)
        cast = [other for ballot in readable if (other := _vote(code, ballot)) is not None]
        if vote is not None and cast and vote not in cast:
            lone[code] = LoneVote(vote, len(cast))
    return lone


def readability_vote(own: Ballot, others: Sequence[Ballot]) -> LoneVote | None:
    """Return the reader's vote on readability if all others contradict it, else None.

    ``is_for`` is True if the reader called the exam readable.
    """
    is_readable = own.classes is not None
    if not others or any((other.classes is not None) == is_readable for other in others):
        return None
    return LoneVote(is_readable, len(others))


def _vote(code: str, ballot: Ballot) -> bool | None:
    """Return whether ``ballot`` votes for the class; None if it has no vote on it."""
    if code in (ballot.classes or ()):
        return True
    return None if code in ballot.unassessed else False
