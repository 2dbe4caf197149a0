"""Ratings and cells made from the ways in which papers print them."""

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
    """Return ratings, shape (n_readers, n_exams), of rows that are exams; None is missing."""
    number = {category: float(code) for code, category in enumerate(categories)} | {None: np.nan}
    return np.array([[number[said] for said in unit] for unit in units]).T


def codes(categories: Sequence[Any]) -> range:
    """Return the codes that ``coded`` gives to ``categories``."""
    return range(len(categories))


def counted(rows: Sequence[Sequence[float]]) -> Cells:
    """Return the cells of a printed table: exams by how many readers chose each category."""
    table = np.array(rows, dtype=np.float64)
    return Cells(table, np.ones(len(table)))


def two_readers(table: Sequence[Sequence[float]]) -> Cells:
    """Return the cells of a square table of two readers, one cell for each of its fields."""
    counts = np.array(table, dtype=np.float64)
    one = np.eye(len(counts))
    fields = [one[row] + one[column] for row in range(len(one)) for column in range(len(one))]
    return Cells(np.array(fields), counts.reshape(-1))


def only(estimates: Estimates) -> Coefficient:
    (coefficient,) = estimates.coefficients()
    return coefficient


def value(estimates: Estimates) -> float | None:
    return only(estimates).value
