"""Simulated readings of exams with known truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement import MISSING, PatternCount

# A class read by three readers: each pattern of answers and its number of exams.
THREE = [("+++", 30), ("++-", 9), ("+-+", 7), ("-++", 5), ("+--", 12), ("--+", 3), ("---", 400)]


def readings(
    rng: np.random.Generator,
    prevalence: ArrayLike,
    sensitivity: ArrayLike,
    false_alarms: ArrayLike,
    *,
    n_exams: int,
    per_exam: int | None = None,
) -> PatternCount:
    """Simulate readings that are conditionally independent given the truth.

    Args:
        rng: random generator.
        prevalence: shape (n_classes,).
        sensitivity: shape (n_classes, n_readers).
        false_alarms: false-alarm rates, shape (n_classes, n_readers).
        n_exams: number of exams; every exam has all classes.
        per_exam: number of readers per exam, drawn at random; None means all readers.
    """
    if_present, if_absent = np.asarray(sensitivity), np.asarray(false_alarms)
    n_classes, n_readers = if_present.shape
    truth = rng.random((n_exams, n_classes)) < np.asarray(prevalence)
    rates = np.where(truth, if_present.T[:, None, :], if_absent.T[:, None, :])
    ratings = (1 + (rng.random((n_readers, n_exams, n_classes)) < rates)).astype(np.int8)
    if per_exam is not None:
        order = rng.random((n_readers, n_exams)).argsort(axis=0)
        ratings[order >= per_exam] = MISSING
    return PatternCount.of(ratings)


def counted(rows: Sequence[tuple[str, int]]) -> PatternCount:
    """Return the counts of one class. A pattern has +, - or . (missing) for each reader."""
    states = [[".-+".index(letter) for letter in pattern] for pattern, _ in rows]
    counts: NDArray[np.float64] = np.array([[count for _, count in rows]], dtype=np.float64)
    return PatternCount(np.array(states, dtype=np.int8), counts)
