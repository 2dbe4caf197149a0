"""Hypothesis strategies for ratings."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays


def binary_ratings(
    n_readers: tuple[int, int] = (0, 5),
    n_exams: tuple[int, int] = (0, 12),
    n_classes: tuple[int, int] = (0, 3),
) -> st.SearchStrategy[np.ndarray]:
    """Return ratings (readers, exams, classes) in which any reading may be missing."""
    shape = st.tuples(st.integers(*n_readers), st.integers(*n_exams), st.integers(*n_classes))
    return arrays.arrays(np.int8, shape, elements=st.integers(0, 2))


def study(
    seed: int,
    *,
    n_exams: int = 400,
    n_readers: int = 3,
    n_classes: int = 4,
    sensitivity: float = 0.8,
) -> np.ndarray:
    """Simulate ratings; with three or more readers, one random reader misses each exam."""
    rng = np.random.default_rng(seed)
    prevalences = np.geomspace(0.02, 0.4, n_classes)
    truth = rng.random((n_exams, n_classes)) < prevalences
    chance = np.where(truth, sensitivity, 0.1 * prevalences)
    states = (rng.random((n_readers, n_exams, n_classes)) < chance).astype(np.int8) + 1
    if n_readers > 2:
        states[rng.integers(0, n_readers, n_exams), np.arange(n_exams)] = 0
    return states.astype(np.int8)
