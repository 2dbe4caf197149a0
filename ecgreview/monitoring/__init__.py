"""How the reading goes: pace, forecast and signs of haste, from times and numbers of answers only.

No function here is told what anybody answered: who watches progress must not learn a label.
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
