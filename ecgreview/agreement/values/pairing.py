"""Mean difference between two conditions over the same exams."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ecgreview.agreement.values.reasons import Reason

from .bounded import Measure, tail_of

T_METHOD = "t"
_ROUNDING = 1e-14


class BadPairs(ValueError):
    """A difference is not a finite number."""


@dataclass(frozen=True, slots=True)
class Paired:
    """A mean difference over exams read under both conditions.

    Attributes:
        difference: the mean difference; its ``n`` is the number of exams.
        standard_error: None with fewer than two exams.
    """

    difference: Measure
    standard_error: float | None


def paired_by_exam(differences: NDArray[np.float64], *, confidence: float = 0.95) -> Paired:
    """Return the mean of ``differences`` with its t interval over exams.

    Args:
        differences: shape (n_exams,); first condition minus second.
        confidence: confidence level of the interval.

    Raises:
        BadPairs: a difference is not finite.
        BadConfidence: ``confidence`` is not between 0 and 1.
    """
    if not np.isfinite(differences).all():
        raise BadPairs("a difference is not a finite number")
    tail, n = tail_of(confidence), differences.size
    if n < 2:
        alone = (
            Measure.alone(differences[0], n, Reason.FEW_PAIRED_EXAMS)
            if n
            else Measure.undefined(0, Reason.FEW_PAIRED_EXAMS)
        )
        return Paired(alone, None)
    mean = float(differences.sum()) / n
    variance = (float((differences**2).sum()) - n * mean**2) / (n - 1)
    if variance <= _ROUNDING:
        return Paired(Measure.alone(mean, n, Reason.EQUAL_DIFFERENCES), 0.0)
    error = math.sqrt(variance / n)
    width = float(stats.t.ppf(1 - tail, n - 1)) * error
    return Paired(Measure.between(mean, mean - width, mean + width, n, T_METHOD), error)
