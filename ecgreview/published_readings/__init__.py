"""Readings that were made elsewhere and published as tables, as validated arrays."""

from __future__ import annotations

from .codetest import CLASSES, MAX_EXAMS, BadReadings, Readings, parse, read
from .kinds import Kind, TwoKinds, UnknownReader, kinds_of
from .lists import CODE_TEST, code_test
from .patients import PatientTable

__all__ = [
    "CLASSES",
    "CODE_TEST",
    "MAX_EXAMS",
    "BadReadings",
    "Kind",
    "PatientTable",
    "Readings",
    "TwoKinds",
    "UnknownReader",
    "code_test",
    "kinds_of",
    "parse",
    "read",
]
