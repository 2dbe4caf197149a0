"""Analysis of variance of exams by readers, the basis of intraclass correlations."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# Shares of variance below this are rounding errors.
TINY = 1e-14

# A value with its lower and upper limits; NaN if undefined.
Limited = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """The analysis of variance of exams (rows) by readers (columns).

    Attributes:
        n: number of exams.
        k: number of readers.
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
        """Return the mean squares of measurements, first scaled to a maximum absolute value of 1.

        Args:
            complete: shape (n_readers, n_exams), without NaN.
        """
        k, n = complete.shape
        scaled = complete / np.abs(complete).max()
        centered = scaled - scaled.mean()
        exams, readers = centered.mean(axis=0), centered.mean(axis=1)
        squares = (
            k * (exams**2).sum() / (n - 1),
            n * (readers**2).sum() / (k - 1),
            ((centered - exams - readers[:, None]) ** 2).sum() / ((n - 1) * (k - 1)),
            ((centered - exams) ** 2).sum() / (n * (k - 1)),
        )
        # Do not mistake rounding errors in a mean square of 0 for variance.
        residue = k * (16 * np.finfo(float).eps) ** 2
        return cls(n, k, *(float(square) if square > residue else 0.0 for square in squares))

    def one_way(self, tail: float) -> Limited:
        """Return ICC(1) and its limits."""
        others = (self.k - 1) * self.within
        return self._shares(self.within, others, self.n * (self.k - 1), tail)

    def consistency(self, tail: float) -> Limited:
        """Return ICC(C,1) and its limits."""
        others = (self.k - 1) * self.error
        return self._shares(self.error, others, (self.n - 1) * (self.k - 1), tail)

    def agreement(self, tail: float) -> Limited:
        """Return ICC(A,1) and its limits, with Satterthwaite's degrees of freedom."""
        n, k = self.n, self.k
        others = k * self.columns / n + (k - 1 - k / n) * self.error
        value = _share(self.rows, self.error, others)
        shift = k * value * self.columns
        noise = (n * (1 - value) + k * value * (n - 1)) * self.error
        spread = shift**2 / (k - 1) + noise**2 / ((n - 1) * (k - 1))
        degrees = (shift + noise) ** 2 / spread if spread else 1.0
        if degrees < 1:
            return value, math.nan, math.nan  # the approximation is invalid
        return self._shares(self.error, others, degrees, tail)

    def of_mean(self, single: Limited) -> Limited:
        """Return the reliability of the mean of all readers, by the Spearman-Brown formula."""
        value, low, high = (
            self.k * value / (1 + (self.k - 1) * value)
            if 1 + (self.k - 1) * value > TINY
            else math.nan
            for value in single
        )
        return value, low, high

    def _shares(self, noise: float, others: float, degrees: float, tail: float) -> Limited:
        """Return the share of variance between exams, with limits from the F distribution."""
        above = self.rows / float(stats.f.ppf(1 - tail, self.n - 1, degrees))
        below = self.rows * float(stats.f.ppf(1 - tail, degrees, self.n - 1))
        value, low, high = (_share(rows, noise, others) for rows in (self.rows, above, below))
        return value, low, high


def _share(rows: float, noise: float, others: float) -> float:
    return (rows - noise) / (rows + others) if rows + others > 0 else math.nan
