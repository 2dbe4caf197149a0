"""The analysis of variance of exams by readers, from which intraclass correlations come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

TINY = 1e-14
"""What rounding may leave of a share of variance that is 0."""

Limited = tuple[float, float, float]
"""A value with its lower and upper limit; NaN for what cannot be had."""


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """The analysis of variance of exams (rows) by readers (columns).

    Attributes:
        n: exams.
        k: readers.
        rows: mean square between exams.
        columns: mean square between readers.
        error: residual mean square.
        within: mean square within exams.
    """

    n: int
    k: int
    rows: float
    columns: float
    error: float
    within: float

    @classmethod
    def of(cls, complete: NDArray[np.float64]) -> MeanSquares:
        """Return the mean squares of measurements, shape (n_readers, n_exams), without NaN."""
        k, n = complete.shape
        scaled = complete / np.abs(complete).max()
        centred = scaled - scaled.mean()
        exams, readers = centred.mean(axis=0), centred.mean(axis=1)
        found = (
            k * (exams**2).sum() / (n - 1),
            n * (readers**2).sum() / (k - 1),
            ((centred - exams - readers[:, None]) ** 2).sum() / ((n - 1) * (k - 1)),
            ((centred - exams) ** 2).sum() / (n * (k - 1)),
        )
        # What rounding leaves of a mean square that is 0 must not pass for variance.
        residue = k * (16 * np.finfo(float).eps) ** 2
        return cls(n, k, *(float(square) if square > residue else 0.0 for square in found))

    def one_way(self, tail: float) -> Limited:
        """Return ICC(1) and its limits."""
        others = (self.k - 1) * self.within
        return self._shares(self.within, others, self.n * (self.k - 1), tail)

    def consistency(self, tail: float) -> Limited:
        """Return ICC(C,1) and its limits."""
        others = (self.k - 1) * self.error
        return self._shares(self.error, others, (self.n - 1) * (self.k - 1), tail)

    def agreement(self, tail: float) -> Limited:
        """Return ICC(A,1) and its limits, whose degrees of freedom are Satterthwaite's."""
        n, k = self.n, self.k
        others = k * self.columns / n + (k - 1 - k / n) * self.error
        value = _share(self.rows, self.error, others)
        shift = k * value * self.columns
        noise = (n * (1 - value) + k * value * (n - 1)) * self.error
        spread = shift**2 / (k - 1) + noise**2 / ((n - 1) * (k - 1))
        degrees = (shift + noise) ** 2 / spread if spread else 1.0
        if degrees < 1:
            return value, math.nan, math.nan  # the approximation has broken down
        return self._shares(self.error, others, degrees, tail)

    def of_mean(self, single: Limited) -> Limited:
        """Return the reliability of the mean of all readers, by Spearman and Brown."""
        value, low, high = (
            self.k * one / (1 + (self.k - 1) * one) if 1 + (self.k - 1) * one > TINY else math.nan
            for one in single
        )
        return value, low, high

    def _shares(self, noise: float, others: float, degrees: float, tail: float) -> Limited:
        """Return the share of the variance that exams have, with the limits of an F test."""
        above = self.rows / float(stats.f.ppf(1 - tail, self.n - 1, degrees))
        below = self.rows * float(stats.f.ppf(1 - tail, degrees, self.n - 1))
        value, low, high = (_share(rows, noise, others) for rows in (self.rows, above, below))
        return value, low, high


def _share(rows: float, noise: float, others: float) -> float:
    return (rows - noise) / (rows + others) if rows + others > 0 else math.nan
