"""Straight-lining: the same answer so often in a row that chance does not explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

SHORTEST = 5
"""Shorter runs are never looked at: exams of one kind do follow each other."""

LARGEST_CHANCE = 0.001
"""Among fifty readers, about one study in twenty has a false flag."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of identical answers.

    Attributes:
        length: how many.
        chance: bound on the probability that a reader who answers as this one does elsewhere has
            a stretch as long somewhere; 1 when there is no run worth looking at.
        is_flagged: whether somebody should look into it.
    """

    length: int
    chance: float
    is_flagged: bool


def strangest_run(answers: Sequence[Hashable]) -> Run:
    r"""Return the stretch of identical answers that chance explains least.

    With p the share of that answer outside the stretch (plus one of two, so that a stretch that is
    all there is does not explain itself), a stretch of at least L among n answers begins at the
    first place or after another answer, so its probability is at most

    .. math:: p^L \, (1 + (n - L)(1 - p))

    Exams come in a random order, so answers that depend on the exam alone are independent.

    Args:
        answers: for each reading something that is the same where the answers were, in the order
            of submission.

    Source:
        The union bound on success runs, Feller 1968, An Introduction to Probability Theory I,
        XIII.7.
    """
    totals, n_answers = Counter(answers), len(answers)
    found = [
        (_chance(length, totals[answer], n_answers), -length)
        for answer, length in _stretches(answers)
        if length >= SHORTEST
    ]
    chance, negative = min(found, default=(1.0, 0))
    return Run(-negative, chance, is_flagged=chance < LARGEST_CHANCE)


def _stretches(answers: Sequence[Hashable]) -> Iterator[tuple[Hashable, int]]:
    for answer, group in groupby(answers):
        yield answer, sum(1 for _ in group)


def _chance(length: int, n_same: int, n_answers: int) -> float:
    share = (n_same - length + 1) / (n_answers - length + 2)
    return min(1.0, share**length * (1 + (n_answers - length) * (1 - share)))
