"""What each consensus rule decides from the same readings, at each of its settings."""

from __future__ import annotations

from .compare import compare
from .methods import THRESHOLDS, Unsupported
from .results import (
    STATES,
    Accuracy,
    Comparison,
    Contradiction,
    LeftOut,
    Outcome,
    RuleOutcomes,
)

__all__ = [
    "STATES",
    "THRESHOLDS",
    "Accuracy",
    "Comparison",
    "Contradiction",
    "LeftOut",
    "Outcome",
    "RuleOutcomes",
    "Unsupported",
    "compare",
]
