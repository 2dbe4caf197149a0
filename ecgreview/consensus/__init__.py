"""What follows from several readings of one exam: named, versioned rules."""

from __future__ import annotations

from .decision import LEAST_READINGS, Decision, Status
from .rules import RULES, ContradictoryReading, Rule, UnknownRule, decide

__all__ = [
    "LEAST_READINGS",
    "RULES",
    "ContradictoryReading",
    "Decision",
    "Rule",
    "Status",
    "UnknownRule",
    "decide",
]
