"""Progress monitoring: pace, forecast and signs of haste, from times and counts only.

No function here receives an answer, because people who watch progress must not learn a label.
"""

from __future__ import annotations

from .haste import PLAUSIBLE_MS, Haste, haste
from .pace import WINDOW_DAYS, Pace, finish_on, pace
from .runs import Run, strangest_run

__all__ = [
    "PLAUSIBLE_MS",
    "WINDOW_DAYS",
    "Haste",
    "Pace",
    "Run",
    "finish_on",
    "haste",
    "pace",
    "strangest_run",
]
