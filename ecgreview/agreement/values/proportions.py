"""Proportions with Wilson intervals, which are accurate for small counts."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .bounded import Measure

WILSON = "wilson"

Counts: TypeAlias = NDArray[np.int64] | NDArray[np.float64]


def wilson(
    n_positive: Counts, n: Counts, tail: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the limits of Wilson intervals of proportions; 0 and 1 where ``n`` is 0.

    Args:
        n_positive: any shape; effective numbers need not be whole.
        n: the same shape.
        tail: probability left out at each end, such as 0.025.

    Source:
        Wilson 1927, J Am Stat Assoc 22:209-212; Newcombe 1998, Stat Med 17:857-872.
    """
    z = stats.norm.ppf(1 - tail)
    total = n + z**2
    center = (n_positive + z**2 / 2) / total
    share = n_positive / np.maximum(n, 1)
    width = z / total * np.sqrt(n * share * (1 - share) + z**2 / 4)
    low = np.where(n_positive == 0, 0.0, center - width)
    high = np.where(n_positive == n, 1.0, center + width)
    return low, high


def measures(
    n_positive: NDArray[np.int64], n: NDArray[np.int64], reason: str, tail: float
) -> list[Measure]:
    """Return proportions with Wilson intervals.

    Args:
        n_positive: shape (n_proportions,).
        n: the same shape.
        reason: why there is no proportion where ``n`` is 0.
        tail: probability left out at each end, such as 0.025.
    """
    low, high = wilson(n_positive, n, tail)
    return [
        Measure.between(part / total, lower, upper, total, WILSON)
        if total
        else Measure.undefined(0, reason)
        for part, total, lower, upper in zip(
            n_positive.tolist(), n.tolist(), low.tolist(), high.tolist(), strict=True
        )
    ]


def f1_of_overlap(overlap: Measure) -> Measure:
    """Return F1 = 2 J / (1 + J) of the Jaccard index J, with its limits."""
    if overlap.estimate is None or overlap.low is None or overlap.high is None:
        return overlap
    value, low, high = (
        2 * jaccard / (1 + jaccard) for jaccard in (overlap.estimate, overlap.low, overlap.high)
    )
    return Measure.between(value, low, high, overlap.n, overlap.method)
