"""Replicates of all classes together, for statistics over several classes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.answers import Answers

from .resampling import Resampling

_NUMBERS_AT_ONCE = 4_000_000


def weights(answers: Answers, how: Resampling) -> Iterator[NDArray[np.float64]]:
    """Yield the weight of each row of ``answers`` in replicates, a few replicates at a time.

    Units (exams, or patients with all their exams) are drawn with replacement. The number of
    replicates is ``n_replicates``.

    Yields:
        Shape (n, n_rows) for the next n replicates.

    Source:
        Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 8; for patients as units,
        Field & Welsh 2007, J R Stat Soc B 69(3):369-390.
    """
    rng, n_left = how.rng(), n_replicates(answers, how)
    is_own = np.array_equal(answers.unit, np.arange(len(answers.times)))
    is_plain = is_own and bool((answers.n_exams == 1).all())
    size = max(1, _NUMBERS_AT_ONCE // max(1, answers.row.size + answers.base.size))
    while n_left > 0:
        drawn = _draw_units(answers.times, min(size, n_left), rng)
        yield drawn if is_plain else drawn[:, answers.unit] * answers.n_exams
        n_left -= len(drawn)


def n_replicates(answers: Answers, how: Resampling) -> int:
    """Return ``how.n_replicates``, reduced for very many distinct answers, but not below 200."""
    affordable = _MAX_NUMBERS // max(1, answers.row.size + answers.base.size)
    return min(how.n_replicates, max(MIN_REPLICATES, affordable))


MIN_REPLICATES = 200
_MAX_NUMBERS = 200_000_000  # about three seconds


def _draw_units(
    times: NDArray[np.int64], n_replicates: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return how often each unit is drawn, shape (n_replicates, n_units)."""
    total, n_units = int(times.sum()), len(times)
    if total > _DRAWS_A_UNIT * n_units:
        return rng.multinomial(total, times / total, size=n_replicates).astype(np.float64)
    owner = np.repeat(np.arange(n_units), times)
    drawn = owner[rng.integers(0, total, (n_replicates, total))]
    drawn += n_units * np.arange(n_replicates)[:, None]
    counts = np.bincount(drawn.reshape(-1), minlength=n_replicates * n_units)
    return counts.reshape(n_replicates, n_units).astype(np.float64)


_DRAWS_A_UNIT = 10  # one binomial number costs as much as this many draws
