"""Statistics and limits shared by the benchmarks."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p90(values: Sequence[float]) -> float:
    return float(np.percentile(values, 90))


def p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95))


@dataclass(slots=True)
class Limits:
    """Limits that must hold on any machine: counts and ratios, never milliseconds."""

    broken: list[str] = field(default_factory=list)

    def at_most(self, name: str, value: float, limit: float) -> None:
        """Check and print an upper limit."""
        self._note(value <= limit, f"{name}: {value:,.1f}, at most {limit:,.1f}")

    def at_least(self, name: str, value: float, limit: float) -> None:
        """Check and print a lower limit."""
        self._note(value >= limit, f"{name}: {value:,.1f}, at least {limit:,.1f}")

    def _note(self, holds: bool, line: str) -> None:
        print(f"  {'holds ' if holds else 'BROKEN'} {line}")
        if not holds:
            self.broken.append(line)
