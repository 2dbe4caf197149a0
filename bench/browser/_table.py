"""What several benchmarks need to say numbers: medians, percentiles, limits."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def p90(values: Sequence[float]) -> float:
    """Return the 90th percentile."""
    return float(np.percentile(values, 90))


def p95(values: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return float(np.percentile(values, 95))


@dataclass(slots=True)
class Limits:
    """What must hold on any machine: counts and ratios, never milliseconds."""

    broken: list[str] = field(default_factory=list)

    def at_most(self, name: str, value: float, limit: float) -> None:
        """Note ``name`` when its value is above the limit."""
        self._note(value <= limit, f"{name}: {value:,.1f}, at most {limit:,.1f}")

    def at_least(self, name: str, value: float, limit: float) -> None:
        """Note ``name`` when its value is below the limit."""
        self._note(value >= limit, f"{name}: {value:,.1f}, at least {limit:,.1f}")

    def _note(self, holds: bool, line: str) -> None:
        print(f"  {'holds ' if holds else 'BROKEN'} {line}")
        if not holds:
            self.broken.append(line)
