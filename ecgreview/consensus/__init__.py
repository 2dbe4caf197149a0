"""What follows from several readings of one exam: named, versioned rules."""

from __future__ import annotations

from .decision import Decision, Status
from .rules import RULES, ContradictoryReading, Rule, UnknownRule, decide

__all__ = [
    "RULES",
    "ContradictoryReading",
    "Decision",
    "Rule",
    "Status",
    "UnknownRule",
    "decide",
]
