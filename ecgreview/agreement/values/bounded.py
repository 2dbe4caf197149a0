"""A number with the interval in which the truth lies, or the reason why there is none."""

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
    """The confidence of an interval is not above 0 and below 1."""


class BadReplicates(ValueError):
    """A number of resamples is no whole number of 0 or more."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number with its interval.

    Attributes:
        estimate: None when undefined, never NaN.
        low: lower end of the interval; None when there is none.
        high: upper end of the interval; None when there is none.
        n: of what was counted: exams, readings or cells, as the function says that returns it.
        reason: why there is no number; beside a number, why it has no interval, mostly empty.
        method: how the interval was made; empty when there is none.
    """

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""
    method: str = ""

    @classmethod
    def undefined(cls, n: int, reason: str) -> Self:
        """Return a number that does not exist, because of ``reason``."""
        return cls(None, None, None, n, reason)

    @classmethod
    def alone(cls, estimate: float, n: int, reason: str) -> Self:
        """Return a number without an interval, because of ``reason``."""
        return cls(float(estimate), None, None, n, reason)

    @classmethod
    def between(cls, estimate: float, low: float, high: float, n: int, method: str) -> Self:
        """Return a number with its interval."""
        return cls(float(estimate), float(low), float(high), n, "", method)

    @classmethod
    def of_replicates(
        cls, estimate: float, replicates: NDArray[np.float64], *, n: int, confidence: float
    ) -> Self:
        """Return a number with the percentiles of what resamples made of it.

        The interval is widened to hold its estimate. There is none when the resamples do not
        differ: that they agree is no proof that the next data would.

        Args:
            estimate: of the data themselves.
            replicates: shape (n_replicates,); NaN where a resample has no value.
            n: of what was counted.
            confidence: of the interval, above 0 and below 1.

        Raises:
            BadConfidence: ``confidence`` is not above 0 and below 1.
        """
        tail = tail_of(confidence)
        defined = replicates[~np.isnan(replicates)]
        if defined.size < 2 or np.ptp(defined) <= _ROUNDING:
            return cls.alone(estimate, n, Reason.NO_SPREAD)
        low, high = np.quantile(defined, [tail, 1 - tail])
        return cls.between(estimate, min(low, estimate), max(high, estimate), n, BOOTSTRAP)

    def to_json(self) -> MeasureJson:
        """Return the number as plain values."""
        return {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "n": self.n,
            "reason": self.reason,
            "method": self.method,
        }


def tail_of(confidence: float) -> float:
    """Return the share left out at each end of an interval.

    Raises:
        BadConfidence: ``confidence`` is not above 0 and below 1.
    """
    if not _is_real(confidence) or not 0 < confidence < 1:
        raise BadConfidence(f"a confidence of {confidence!r} is not above 0 and below 1")
    return (1 - confidence) / 2


def refuse_bad_replicates(n_replicates: int) -> None:
    """Refuse what is no number of resamples.

    Raises:
        BadReplicates: it is not whole, or below 0.
    """
    if not _is_whole(n_replicates) or n_replicates < 0:
        raise BadReplicates(f"{n_replicates!r} is not a number of resamples")


def _is_real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
