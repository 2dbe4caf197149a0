"""Converts tables of ratings, in the forms that papers print, to ratings and cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement import Cells, Coefficient, Estimates

KRIPPENDORFF_2011: list[list[int | None]] = [
    [1, 1, None, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [None, 5, 5, 5],
    [None, None, 1, 1],
    [None, 3, None, None],
]
"""Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C."""


def coded(units: Sequence[Sequence[Any]], categories: Sequence[Any]) -> NDArray[np.float64]:
    """Convert one row of answers per exam to shape (n_readers, n_exams); None is missing."""
    number = {category: float(code) for code, category in enumerate(categories)} | {None: np.nan}
    return np.array([[number[answer] for answer in unit] for unit in units]).T


def codes(categories: Sequence[Any]) -> range:
    return range(len(categories))


def counted(rows: Sequence[Sequence[float]]) -> Cells:
    """Convert a table with the number of readers per exam (row) and category (column) to cells."""
    table = np.array(rows, dtype=np.float64)
    return Cells(table, np.ones(len(table)))


def two_readers(table: Sequence[Sequence[float]]) -> Cells:
    """Convert a square table of two readers' answers to cells."""
    counts = np.array(table, dtype=np.float64)
    unit_vectors = np.eye(len(counts))
    fields = [
        unit_vectors[row] + unit_vectors[column]
        for row in range(len(unit_vectors))
        for column in range(len(unit_vectors))
    ]
    return Cells(np.array(fields), counts.reshape(-1))


def only(estimates: Estimates) -> Coefficient:
    (coefficient,) = estimates.coefficients()
    return coefficient


def value(estimates: Estimates) -> float | None:
    return only(estimates).value
