"""Consensus labels of an exam from several readings, by named and versioned rules."""

from __future__ import annotations

from .decision import MIN_READINGS, Ballot, Decision, Reason, State, Status
from .rules import DEFAULT_RULE, RULES, ContradictoryReading, Rule, UnknownRule, decide

__all__ = [
    "DEFAULT_RULE",
    "MIN_READINGS",
    "RULES",
    "Ballot",
    "ContradictoryReading",
    "Decision",
    "Reason",
    "Rule",
    "State",
    "Status",
    "UnknownRule",
    "decide",
]
