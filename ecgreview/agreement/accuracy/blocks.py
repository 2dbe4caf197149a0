"""Blocks of time, or of positions in a session, for detecting drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.values import arrays

# A longer pause, in seconds, starts a new session.
PAUSE_S = 30 * 60

# Number of consecutive exams that form a stretch of a session.
PER_STRETCH = 20

# The last stretch includes the rest of the session.
N_STRETCHES = 5

MAX_PERIODS = 10
# Lengths of a calendar period, unless all are too short for ``MAX_PERIODS``.
PERIODS_DAYS = (1, 7, 14, 28, 91, 182, 364)


class BadTimes(ValueError):
    """The times are not a list of finite numbers."""


def positions(times_s: NDArray[np.float64], *, pause_s: float = PAUSE_S) -> NDArray[np.int64]:
    """Return, for each reading, the number of earlier readings in the same session.

    Args:
        times_s: shape (n,); times in seconds at which the readings of one reader were submitted,
            in any order.
        pause_s: a longer pause starts a new session.

    Returns:
        Shape (n,), from 0.

    Raises:
        BadTimes: a time is not finite, or the array is not one-dimensional.
    """
    times_s = _checked(times_s)
    order = np.argsort(times_s, kind="stable")
    starts = np.diff(times_s[order], prepend=-np.inf) > pause_s
    place = np.arange(len(order))
    first = np.maximum.accumulate(np.where(starts, place, 0))
    positions_in_session = np.empty(len(order), dtype=np.int64)
    positions_in_session[order] = place - first
    return positions_in_session


def stretches(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stretch of its session that each reading falls into, from 0.

    Args:
        places: shape (n,); number of earlier readings in the session, as from ``positions``.

    Raises:
        BadTimes: a place is not finite, or the array is not one-dimensional.
    """
    places = _checked(places).astype(np.int64)
    return np.minimum(places // PER_STRETCH, N_STRETCHES - 1)


def periods(days: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
    """Return the calendar period of each reading, and the length of a period in days.

    The first period begins on the first day. Periods have the shortest of ``PERIODS_DAYS`` that
    results in at most ten periods, or a longer length if all of these result in more.

    Args:
        days: shape (n,); ordinal day of each reading, in any order.

    Returns:
        Shape (n,), from 0, and the length of a period in days.

    Raises:
        BadTimes: a day is not finite, or the array is not one-dimensional.
    """
    days = _checked(days).astype(np.int64)
    if not days.size:
        return np.empty(0, dtype=np.int64), PERIODS_DAYS[0]
    since = days - days.min()
    fitting = [length for length in PERIODS_DAYS if since.max() // length < MAX_PERIODS]
    length = fitting[0] if fitting else int(since.max() // MAX_PERIODS + 1)
    return since // length, length


def _checked(times: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float64]:
    values = arrays.numbers(times, BadTimes, "times")
    if values.ndim != 1 or not (np.abs(values) <= arrays.MAX_EXACT).all():
        raise BadTimes("times must be a list of finite numbers")
    return values
