"""Agreement about the whole set of classes given to an exam."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .coefficient import NOT_COMPARED, Coefficient
from .patterns import ABSENT, MISSING, PRESENT


def exact_agreement(ratings: NDArray[np.int8]) -> Coefficient:
    """Return the share of exams to which all their readers gave the same set of classes.

    Args:
        ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
    """
    n_read = (ratings != MISSING).any(axis=2).sum(axis=0)
    is_disputed = (ratings == PRESENT).any(axis=0) & (ratings == ABSENT).any(axis=0)
    is_same = ~is_disputed.any(axis=1)
    return _mean(is_same[n_read >= 2].astype(np.float64))


def mean_jaccard(ratings: NDArray[np.int8]) -> Coefficient:
    """Return the mean overlap of the sets two readers gave to one exam.

    The overlap is the number of classes both gave, divided by the number that either gave, and 1
    when neither gave any: both say that no class applies. It is averaged over the pairs of
    readers of an exam, then over exams.

    Args:
        ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
    """
    n_exams = ratings.shape[1]
    has_read = (ratings != MISSING).any(axis=2)
    total, n_pairs = np.zeros(n_exams), np.zeros(n_exams)
    for first, second in combinations(range(len(ratings)), 2):
        common = np.flatnonzero(has_read[first] & has_read[second])
        total[common] += _overlap(ratings[first, common], ratings[second, common])
        n_pairs[common] += 1
    compared = n_pairs > 0
    return _mean(total[compared] / n_pairs[compared])


def _overlap(first: NDArray[np.int8], second: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the Jaccard index of each row, over the classes that both readers assessed."""
    is_assessed = (first != MISSING) & (second != MISSING)
    both = ((first == PRESENT) & (second == PRESENT)).sum(axis=1).astype(np.float64)
    either = (is_assessed & ((first == PRESENT) | (second == PRESENT))).sum(axis=1)
    return np.asarray(np.divide(both, either, out=np.ones_like(both), where=either > 0))


def _mean(values: NDArray[np.float64]) -> Coefficient:
    if values.size == 0:
        return Coefficient(None, NOT_COMPARED)
    return Coefficient(float(values.mean()))
