"""The same exams under two conditions: the mean difference, and McNemar's test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .bounded import Measure, tail_of

FEW_PAIRS = "Fewer than two exams were read under both conditions."
NO_SPREAD = "All exams have the same difference, so there is no interval."

REASONS = (FEW_PAIRS, NO_SPREAD)
"""Every sentence a measure of this module may carry, for whoever translates them."""

T_METHOD = "t"
_ROUNDING = 1e-14


class BadPairs(ValueError):
    """A count is negative, or a difference is not a finite number."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A mean difference of exams that were read under both conditions.

    Attributes:
        difference: n is the exams.
        standard_error: None where there are fewer than two exams.
    """

    difference: Measure
    standard_error: float | None


@dataclass(frozen=True, slots=True)
class McNemar:
    """Whether discordant exams lean to one side.

    Attributes:
        statistic: chi-squared with one degree of freedom, without continuity correction; None
            when no exam is discordant.
        p: its probability when neither side is favoured, likewise.
    """

    statistic: float | None
    p: float | None


def paired_by_exam(differences: NDArray[np.float64], *, confidence: float = 0.95) -> Paired:
    """Return the mean of ``differences``, with its interval over exams.

    Args:
        differences: shape (n_exams,); first condition minus second.
        confidence: of the interval.

    Raises:
        BadPairs: a difference is not finite.
        BadConfidence: ``confidence`` is not above 0 and below 1.
    """
    if not np.isfinite(differences).all():
        raise BadPairs("a difference is not a finite number")
    return _paired(differences.size, differences.sum(), (differences**2).sum(), confidence)


def paired_counts(
    *, both: int, first_only: int, second_only: int, neither: int, confidence: float = 0.95
) -> tuple[Paired, McNemar]:
    """Return the difference of two shares of the same exams, and McNemar's test.

    Args:
        both: exams that agree under both conditions.
        first_only: under the first alone.
        second_only: under the second alone.
        neither: under neither.
        confidence: of the interval.

    Raises:
        BadPairs: a count is negative.
        BadConfidence: ``confidence`` is not above 0 and below 1.

    Source:
        McNemar 1947, Psychometrika 12(2):153-157.
    """
    if min(both, first_only, second_only, neither) < 0:
        raise BadPairs("a count of exams is negative")
    discordant, lean = first_only + second_only, first_only - second_only
    paired = _paired(both + discordant + neither, lean, discordant, confidence)
    if not discordant:
        return paired, McNemar(None, None)
    statistic = lean**2 / discordant
    return paired, McNemar(statistic, float(stats.chi2.sf(statistic, 1)))


def _paired(n: int, total: float, squares: float, confidence: float) -> Paired:
    """Return the mean difference of ``n`` exams from the sums of differences and squares."""
    tail = tail_of(confidence)
    if n < 2:
        alone = Measure.alone(float(total), n, FEW_PAIRS) if n else Measure.undefined(0, FEW_PAIRS)
        return Paired(alone, None)
    mean = float(total) / n
    variance = (float(squares) - n * mean**2) / (n - 1)
    if variance <= _ROUNDING:
        return Paired(Measure.alone(mean, n, NO_SPREAD), 0.0)
    error = math.sqrt(variance / n)
    width = float(stats.t.ppf(1 - tail, n - 1)) * error
    return Paired(Measure.between(mean, mean - width, mean + width, n, T_METHOD), error)
