"""Synthetic 12-lead exams with exact truth, for the demo and for tests.

They look like the condition they are named for, to a reader's eye and to a measuring program,
but they are drawn, not recorded: nothing measured on them says how well anything does on patients.
"""

from __future__ import annotations

from .conditions import RECIPES
from .exam import SyntheticExam, Truth, UnknownCondition, synthesise

CONDITIONS: tuple[str, ...] = tuple(RECIPES)
"""The names ``synthesise`` knows."""

FINDINGS: dict[str, tuple[str, ...]] = {name: recipe.findings for name, recipe in RECIPES.items()}
"""For each condition the codes of the taxonomy that hold."""

__all__ = [
    "CONDITIONS",
    "FINDINGS",
    "SyntheticExam",
    "Truth",
    "UnknownCondition",
    "synthesise",
]
