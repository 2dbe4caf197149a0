"""Agreement on sets of classes, directly from the definition: pair by pair and exam by exam."""

from __future__ import annotations

from itertools import combinations

import numpy as np


def exact_agreement(ratings: np.ndarray) -> float | None:
    """Return the share of exams with equal sets, of the exams that two or more readers read."""
    compared = [exam for exam in ratings.transpose(1, 0, 2) if exam.any(axis=1).sum() >= 2]
    is_same = [not ((exam == 2).any(axis=0) & (exam == 1).any(axis=0)).any() for exam in compared]
    return float(np.mean(is_same)) if is_same else None


def mean_jaccard(ratings: np.ndarray) -> float | None:
    """Return the mean Jaccard index of pairs of sets, averaged over pairs, then over exams."""
    exams = []
    for exam in ratings.transpose(1, 0, 2):
        pairs = [_overlap(*pair) for pair in combinations(exam[exam.any(axis=1)], 2)]
        exams += [np.mean(pairs)] if pairs else []
    return float(np.mean(exams)) if exams else None


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    is_assessed = (first != 0) & (second != 0)
    both = ((first == 2) & (second == 2)).sum()
    either = (is_assessed & ((first == 2) | (second == 2))).sum()
    return float(both / either) if either else 1.0
