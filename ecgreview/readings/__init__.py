"""Readings that were made elsewhere and published as tables, as checked arrays."""

from __future__ import annotations

from .codetest import CLASSES, MOST_EXAMS, BadReadings, Readings, parse, read
from .lists import CODE_TEST, code_test

__all__ = [
    "CLASSES",
    "CODE_TEST",
    "MOST_EXAMS",
    "BadReadings",
    "Readings",
    "code_test",
    "parse",
    "read",
]
