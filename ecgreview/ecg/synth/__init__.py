"""Synthetic 12-lead exams with exact ground truth, for the demo and for tests.

They look like their condition to a reader and to a measuring program, but they are drawn, not
recorded: results on them say nothing about performance on patients.
"""

from __future__ import annotations

from .conditions import RECIPES
from .exam import SyntheticExam, Truth, UnknownCondition, synthesize

# Names of the conditions that ``synthesize`` knows.
CONDITIONS: tuple[str, ...] = tuple(RECIPES)

# The taxonomy codes that are true for each condition.
FINDINGS: dict[str, tuple[str, ...]] = {name: recipe.findings for name, recipe in RECIPES.items()}

__all__ = [
    "CONDITIONS",
    "FINDINGS",
    "SyntheticExam",
    "Truth",
    "UnknownCondition",
    "synthesize",
]
