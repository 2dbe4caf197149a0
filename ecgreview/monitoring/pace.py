"""Measure how fast a reader works, and forecast when they will finish."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

# Long enough to average over weekends and shifts, short enough to follow changes of habit.
WINDOW_DAYS = 14

# No finish date is forecast beyond ten years.
FURTHEST_DAYS = 3650

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a reader.

    Attributes:
        per_day: readings per day over the last ``WINDOW_DAYS``, or since the reader could begin if
            that is more recent.
        median_s: median active time of a reading in seconds; None if no time is known.
        last_at: when the reader submitted the last reading; None before the first.
    """

    per_day: float
    median_s: float | None
    last_at: datetime | None


def pace(
    times: Sequence[datetime], active_ms: Sequence[int], *, since: datetime, now: datetime
) -> Pace:
    """Return the pace of one reader.

    Args:
        times: when each reading was submitted, in any order.
        active_ms: active time of each reading; 0 where it is not known.
        since: when the reader could begin.
        now: the current time.
    """
    start = max(since, now - timedelta(days=WINDOW_DAYS))
    # At least one day, so that a first hour is not extrapolated to a daily rate and a clock
    # that was set back does not give a negative rate.
    days = max((now - start).total_seconds() / _DAY_S, 1.0)
    timed = [ms for ms in active_ms if ms > 0]
    return Pace(
        per_day=sum(time >= start for time in times) / days,
        median_s=float(np.median(timed)) / 1000 if timed else None,
        last_at=max(times, default=None),
    )


def finish_on(n_left: int, per_day: float, *, today: date) -> date | None:
    """Return the day on which ``n_left`` readings will be done at this pace.

    None means never, or more than ten years away.
    """
    if n_left <= 0:
        return today
    if per_day <= 0 or (n_days := math.ceil(n_left / per_day)) > FURTHEST_DAYS:
        return None
    return today + timedelta(days=n_days)
