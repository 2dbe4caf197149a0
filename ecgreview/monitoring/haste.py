"""Detect readings that were too short to look at all twelve leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Minimum plausible time to look at twelve leads. This is a judgment, not a measurement: experts
# take 58 s on average (CODE-II, arXiv 2511.15632v1), and even a normal exam takes several glances.
PLAUSIBLE_MS = 6_000

# With fewer timed readings, the share is too uncertain to flag a reader.
MIN_READINGS = 20

# Some fast readings are expected: readers reopen exams that they have seen before.
MAX_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Haste:
    """How often a reader was too fast.

    Attributes:
        n_timed: readings with a known active time.
        share: proportion of these that took less than ``PLAUSIBLE_MS``; None if there are none.
        is_flagged: whether a coordinator should look into it.
    """

    n_timed: int
    share: float | None
    is_flagged: bool


def haste(active_ms: Sequence[int]) -> Haste:
    """Return how often a reader was too fast.

    Args:
        active_ms: active time of each reading; 0 where it is not known.
    """
    timed = [ms for ms in active_ms if ms > 0]
    if not timed:
        return Haste(0, None, is_flagged=False)
    share = sum(ms < PLAUSIBLE_MS for ms in timed) / len(timed)
    return Haste(len(timed), share, is_flagged=len(timed) >= MIN_READINGS and share > MAX_SHARE)
