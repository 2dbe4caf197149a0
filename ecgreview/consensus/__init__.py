"""Consensus labels of exams from several readings, by named and versioned rules."""

from __future__ import annotations

from .decision import (
    MIN_READINGS,
    Ballot,
    Basis,
    Cell,
    Decision,
    Kind,
    Purpose,
    Reason,
    Ruling,
    Stage,
    State,
    Status,
)
from .exam import Exam
from .relations import Relations
from .rules import (
    DEFAULT_K,
    DEFAULT_RULE,
    DEFAULT_THRESHOLD,
    RULES,
    Adjudication,
    BadParameter,
    Choice,
    ContradictoryReading,
    Parameter,
    Rule,
    UnknownRule,
    decide,
)

__all__ = [
    "DEFAULT_K",
    "DEFAULT_RULE",
    "DEFAULT_THRESHOLD",
    "MIN_READINGS",
    "RULES",
    "Adjudication",
    "BadParameter",
    "Ballot",
    "Basis",
    "Cell",
    "Choice",
    "ContradictoryReading",
    "Decision",
    "Exam",
    "Kind",
    "Parameter",
    "Purpose",
    "Reason",
    "Relations",
    "Rule",
    "Ruling",
    "Stage",
    "State",
    "Status",
    "UnknownRule",
    "decide",
]
