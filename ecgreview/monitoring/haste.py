"""Readings that took less time than looking at twelve leads takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

PLAUSIBLE_MS = 6_000
"""Below this nobody has looked at twelve leads. A judgement, not a finding: experts take 58 s in
the mean (CODE-II, arXiv 2511.15632v1), and a normal exam still takes several glances."""

MIN_READINGS = 20
"""A share of fewer readings says nothing."""

MAX_SHARE = 0.10
"""Now and then an exam is taken up again that was looked at before."""


@dataclass(frozen=True, slots=True)
class Haste:
    """How often somebody was too fast.

    Attributes:
        n_timed: readings of which the active time is known.
        share: how many of these took less than ``PLAUSIBLE_MS``; None when there are none.
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
    timed = [one for one in active_ms if one > 0]
    if not timed:
        return Haste(0, None, is_flagged=False)
    share = sum(one < PLAUSIBLE_MS for one in timed) / len(timed)
    return Haste(len(timed), share, is_flagged=len(timed) >= MIN_READINGS and share > MAX_SHARE)
