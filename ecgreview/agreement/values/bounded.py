"""A number with its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.values.reasons import Reason

from .intervals import BOOTSTRAP, MeasureJson

_ROUNDING = 1e-12


class BadConfidence(ValueError):
    """The confidence level of an interval is not between 0 and 1."""


class BadReplicates(ValueError):
    """The number of resamples is not a non-negative integer."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number with its interval.

    Attributes:
        estimate: None when undefined, never NaN.
        low: lower end of the interval; None when there is none.
        high: upper end of the interval; None when there is none.
        n: number of exams, readings or cells counted; functions that return a measure document
            which.
        reason: why there is no number, or why a number has no interval. Usually empty.
        method: how the interval was computed; empty when there is none.
    """

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""
    method: str = ""

    @classmethod
    def undefined(cls, n: int, reason: str) -> Self:
        return cls(None, None, None, n, reason)

    @classmethod
    def alone(cls, estimate: float, n: int, reason: str) -> Self:
        """Return a number without an interval; ``reason`` says why."""
        return cls(float(estimate), None, None, n, reason)

    @classmethod
    def between(cls, estimate: float, low: float, high: float, n: int, method: str) -> Self:
        return cls(float(estimate), float(low), float(high), n, "", method)

    @classmethod
    def of_replicates(
        cls, estimate: float, replicates: NDArray[np.float64], *, n: int, confidence: float
    ) -> Self:
        """Return a number with a percentile interval from resamples.

        The interval is widened to include the estimate. There is no interval when all resamples are
        equal, because new data may still differ.

        Args:
            estimate: the number computed from the original data.
            replicates: shape (n_replicates,); NaN where a resample has no value.
            n: as in ``Measure``.
            confidence: confidence level of the interval, between 0 and 1.

        Raises:
            BadConfidence: ``confidence`` is not between 0 and 1.
        """
        tail = tail_of(confidence)
        defined = replicates[~np.isnan(replicates)]
        if defined.size < 2 or np.ptp(defined) <= _ROUNDING:
            return cls.alone(estimate, n, Reason.NO_SPREAD)
        low, high = np.quantile(defined, [tail, 1 - tail])
        return cls.between(estimate, min(low, estimate), max(high, estimate), n, BOOTSTRAP)

    def to_json(self) -> MeasureJson:
        return {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "reason": self.reason,
            "method": self.method,
        }


def tail_of(confidence: float) -> float:
    """Return the probability left out at each end of an interval.

    Raises:
        BadConfidence: ``confidence`` is not between 0 and 1.
    """
    if not _is_real(confidence) or not 0 < confidence < 1:
        raise BadConfidence(f"a confidence of {confidence!r} is not between 0 and 1")
    return (1 - confidence) / 2


def refuse_bad_replicates(n_replicates: int) -> None:
    """Raise BadReplicates unless ``n_replicates`` is a non-negative integer."""
    if not _is_whole(n_replicates) or n_replicates < 0:
        raise BadReplicates(f"{n_replicates!r} is not a valid number of resamples")


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
