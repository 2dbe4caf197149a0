"""How fast a reader works, and when they will be done."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

# A fortnight evens out weekends and shifts, and forgets older habits.
WINDOW_DAYS = 14

# A finish more than ten years away is not a forecast.
FURTHEST_DAYS = 3650

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a reader.

    Attributes:
        per_day: readings per day, over the last fortnight or since they could begin.
        median_s: median active time of a reading in seconds; None when no time is known.
        last_at: their last reading; None before the first.
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
        since: when they could begin.
        now: the current time.
    """
    start = max(since, now - timedelta(days=WINDOW_DAYS))
    # Do not extrapolate a first hour to a daily rate, or a clock that was set back to a
    # negative one.
    days = max((now - start).total_seconds() / _DAY_S, 1.0)
    timed = [ms for ms in active_ms if ms > 0]
    return Pace(
        per_day=sum(time >= start for time in times) / days,
        median_s=float(np.median(timed)) / 1000 if timed else None,
        last_at=max(times, default=None),
    )


def finish_on(n_left: int, per_day: float, *, today: date) -> date | None:
    """Return the day on which ``n_left`` readings will be done at this pace; None means never."""
    if n_left <= 0:
        return today
    if per_day <= 0 or (n_days := math.ceil(n_left / per_day)) > FURTHEST_DAYS:
        return None
    return today + timedelta(days=n_days)
