"""Progress monitoring: pace, forecast, and signs of hasty or careless reading.

People who watch progress must not learn a label. Therefore these functions get only times,
counts, and answers in the form of opaque values to compare for equality.
"""

from __future__ import annotations

from .haste import PLAUSIBLE_MS, Haste, haste
from .pace import WINDOW_DAYS, Pace, finish_on, pace
from .runs import Run, least_likely_run

__all__ = [
    "PLAUSIBLE_MS",
    "WINDOW_DAYS",
    "Haste",
    "Pace",
    "Run",
    "finish_on",
    "haste",
    "least_likely_run",
    "pace",
]
