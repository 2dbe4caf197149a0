"""Detect straight-lining: runs of identical answers that are unlikely by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

# Shorter runs are ignored: similar exams often follow each other by chance.
SHORTEST = 5

# With fifty readers, about one study in twenty has a false flag.
LARGEST_CHANCE = 0.001


@dataclass(frozen=True, slots=True)
class Run:
    """A run of identical answers.

    Attributes:
        length: number of answers.
        chance: upper bound on the probability of a run this long anywhere among the reader's
            answers, estimated from the other answers; 1 if no run has at least ``SHORTEST``
            answers.
        is_flagged: whether a coordinator should look into it.
    """

    length: int
    chance: float
    is_flagged: bool


def least_likely_run(answers: Sequence[Hashable]) -> Run:
    r"""Return the run of identical answers that is least likely by chance.

    Let p be the share of that answer outside the run, with add-one smoothing so that a run of all
    answers does not explain itself. A run of at least L among n answers begins with the first
    answer or right after a different answer, so its probability is at most

    .. math:: p^L \, (1 + (n - L)(1 - p))

    Exams come in random order, so answers that depend only on the exam are independent.

    Args:
        answers: for each reading, in the order of submission, a value that is equal where the
            answers were equal.

    Source:
        The union bound on success runs, Feller 1968, An Introduction to Probability Theory I,
        XIII.7.
    """
    totals, n_answers = Counter(answers), len(answers)
    runs = [
        (_chance(length, totals[answer], n_answers), -length)
        for answer, length in _stretches(answers)
        if length >= SHORTEST
    ]
    chance, negative = min(runs, default=(1.0, 0))
    return Run(-negative, chance, is_flagged=chance < LARGEST_CHANCE)


def _stretches(answers: Sequence[Hashable]) -> Iterator[tuple[Hashable, int]]:
    for answer, group in groupby(answers):
        yield answer, sum(1 for _ in group)


def _chance(length: int, n_same: int, n_answers: int) -> float:
    share = (n_same - length + 1) / (n_answers - length + 2)
    return min(1.0, share**length * (1 + (n_answers - length) * (1 - share)))
