"""Readings that took less time than it takes to look at twelve leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Nobody can look at twelve leads in less. A judgment, not a finding: experts take 58 s on
# average (CODE-II, arXiv 2511.15632v1), and a normal exam still takes several glances.
PLAUSIBLE_MS = 6_000

# With fewer readings a share is not meaningful.
MIN_READINGS = 20

# Some fast readings are expected: readers reopen exams that they have seen before.
MAX_SHARE = 0.10


@dataclass(frozen=True, slots=True)
class Haste:
    """How often a reader was too fast.

    Attributes:
        n_timed: readings with a known active time.
        share: proportion of these that took less than ``PLAUSIBLE_MS``; None when there are none.
        is_flagged: whether somebody should look into it.
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
