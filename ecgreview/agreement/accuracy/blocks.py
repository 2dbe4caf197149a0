"""Into which stretch of time, or of a sitting, a reading falls: where drift is looked for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.values import arrays

PAUSE_S = 30 * 60
"""Seconds without a reading after which another sitting begins."""

PER_STRETCH = 20
"""Exams in a stretch of a sitting."""

N_STRETCHES = 5
"""The last stretch goes on to the end of the sitting."""

MAX_PERIODS = 10
PERIODS_DAYS = (1, 7, 14, 28, 91, 182, 364)
"""Lengths of a period of the calendar."""


class BadTimes(ValueError):
    """The times are no list of finite numbers."""


def positions(times_s: NDArray[np.float64], *, pause_s: float = PAUSE_S) -> NDArray[np.int64]:
    """Return how many readings came before each one in the same sitting.

    Args:
        times_s: shape (n,); seconds at which the readings of one reader were submitted, in any
            order.
        pause_s: a longer pause begins another sitting.

    Returns:
        Shape (n,), from 0.

    Raises:
        BadTimes: a time is not finite, or there are several axes.
    """
    times_s = _checked(times_s)
    order = np.argsort(times_s, kind="stable")
    starts = np.diff(times_s[order], prepend=-np.inf) > pause_s
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(starts, place, 0))
    found = np.empty(len(order), dtype=np.int64)
    found[order] = place - first
    return found


def stretches(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stretch of its sitting that each reading falls into, from 0.

    Raises:
        BadTimes: a place is not finite, or there are several axes.
    """
    places = _checked(places).astype(np.int64)
    return np.minimum(places // PER_STRETCH, N_STRETCHES - 1)


def periods(days: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return the period that each reading falls into, and how many days a period has.

    Periods begin with the first day and are as short as leaves no more than ten of them.

    Args:
        days: shape (n,); numbers of days, in any order.

    Returns:
        Shape (n,), from 0, and the days of a period.

    Raises:
        BadTimes: a day is not finite, or there are several axes.
    """
    days = _checked(days).astype(np.int64)
    if not days.size:
        return np.empty(0, dtype=np.int64), PERIODS_DAYS[0]
    since = days - days.min()
    fitting = [length for length in PERIODS_DAYS if since.max() // length < MAX_PERIODS]
    length = fitting[0] if fitting else int(since.max() // MAX_PERIODS + 1)
    return since // length, length


def _checked(times: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    found = arrays.numbers(times, BadTimes, "times")
    if found.ndim != 1 or not (np.abs(found) <= arrays.MAX_EXACT).all():
        raise BadTimes("the times are no list of finite numbers")
    return found
