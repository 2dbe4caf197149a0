"""Confidence intervals of coefficients from replicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.values.reasons import Reason

from .coefficient import Estimates

# Methods by which an interval is computed: see ``resampling`` and ``linearized``.
BOOTSTRAP, POSTERIOR, LINEARIZED, NONE = "bootstrap", "dirichlet", "linearised", ""


class MeasureJson(TypedDict):
    """A measure as stored in a report."""

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    reason: str
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """A coefficient of many classes (or pairs), each with its interval.

    Attributes:
        estimates: any shape.
        low: the same shape; NaN where there is no interval.
        high: the same shape; NaN where there is no interval.
        error: the same shape; the standard error, NaN where there is none.
        n: the same shape; number of exams read by at least two readers.
        methods: the same shape; how the interval was computed.
    """

    estimates: Estimates
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    error: NDArray[np.float64]
    n: NDArray[np.float64]
    methods: NDArray[np.str_]

    def without_interval(self, where: NDArray[np.bool_], why: str) -> Measures:
        """Return the measures without intervals where ``where`` holds, for the reason ``why``."""
        low, high, error = (
            np.where(where, np.nan, bound) for bound in (self.low, self.high, self.error)
        )
        remarked = self.estimates.with_remark(where, why)
        return Measures(remarked, low, high, error, self.n, self.methods)

    def to_json(self) -> list[MeasureJson]:
        """Return the measures as a list, in C order."""
        methods = np.where(np.isnan(self.low), NONE, self.methods)
        columns = (self.low, self.high, self.n, methods)
        flat = zip(*(np.ravel(column).tolist() for column in columns), strict=True)
        return [
            {
                "estimate": coefficient.value,
                "low": _or_none(low),
                "high": _or_none(high),
                "n": round(n),
                "reason": coefficient.reason,
                "method": method,
            }
            for coefficient, (low, high, n, method) in zip(
                self.estimates.coefficients(), flat, strict=True
            )
        ]


def measures(
    estimates: Estimates,
    replicates: NDArray[np.float64],
    *,
    n: NDArray[np.float64],
    is_rare: NDArray[np.bool_],
    confidence: float,
) -> Measures:
    """Return ``estimates`` with the percentile intervals of their ``replicates``.

    An interval is widened to include its estimate, because a posterior from few exams may exclude
    it. Where all replicates are equal there is no interval, because an interval of width 0 would
    claim certainty.

    Args:
        estimates: shape (...).
        replicates: shape (n_replicates, ...); NaN where a replicate has no value.
        n: shape (...).
        is_rare: shape (...); whether the replicates of a class come from a posterior.
        confidence: confidence level of the interval, between 0 and 1.
    """
    tail = (1 - confidence) / 2
    low, high, error = _spread(np.moveaxis(replicates, 0, -1), (tail, 1 - tail))
    has_no_spread = np.asarray(error < _ROUNDING)
    has_none = ~estimates.is_defined | np.isnan(error) | has_no_spread
    low = np.where(has_none, np.nan, np.fmin(low, estimates.values))
    high = np.where(has_none, np.nan, np.fmax(high, estimates.values))
    error = np.where(has_none, np.nan, error)
    methods = np.where(is_rare, POSTERIOR, BOOTSTRAP)
    estimates = estimates.with_remark(has_no_spread, Reason.NO_SPREAD)
    return Measures(estimates, low, high, error, np.asarray(n), methods)


_ROUNDING = 1e-12


def _spread(
    replicates: NDArray[np.float64], shares: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return two quantiles and the standard deviation along the last axis, ignoring NaN."""
    ordered = np.sort(replicates, axis=-1)  # NaNs are sorted to the end
    is_defined = ~np.isnan(ordered)
    n_defined = is_defined.sum(axis=-1)
    low, high = (_quantile(ordered, n_defined, share) for share in shares)
    if ordered.shape[-1] > 1 and is_defined.all():
        return low, high, np.asarray(ordered.std(axis=-1, ddof=1))
    values = np.where(is_defined, ordered, 0.0)
    total = np.maximum(n_defined, 1)
    mean = values.sum(axis=-1) / total
    square = np.where(is_defined, (values - mean[..., None]) ** 2, 0.0).sum(axis=-1)
    error = np.where(n_defined > 1, np.sqrt(square / np.maximum(n_defined - 1, 1)), np.nan)
    return low, high, np.asarray(error)


def _quantile(
    ordered: NDArray[np.float64], n_defined: NDArray[np.int64], share: float
) -> NDArray[np.float64]:
    """Return the quantile by linear interpolation, like NumPy's default."""
    place = share * np.maximum(n_defined - 1, 0)
    below = np.floor(place).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(n_defined - 1, 0))
    first = np.take_along_axis(ordered, below[..., None], axis=-1)[..., 0]
    second = np.take_along_axis(ordered, above[..., None], axis=-1)[..., 0]
    return np.asarray(first + (place - below) * (second - first))


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else value
