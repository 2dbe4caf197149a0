"""Contingency tables of two readers' answers: validation and sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.values import arrays

# Shape (..., n_categories, n_categories): exams by the category of the first reader (rows) and of
# the second (columns). For a finding, category 0 is absent and 1 is present.
Tables = NDArray[np.float64]


class BadTable(ValueError):
    """The table is not square, or contains invalid numbers of exams."""


def checked(tables: ArrayLike, n_categories: int | None = None) -> Tables:
    """Validate ``tables`` and return them as float64.

    Raises:
        BadTable: not square, without a category, not of ``n_categories``; or an entry is not a
            number, negative, not finite or too large to be exact.
    """
    counts = arrays.counts(tables, BadTable, "numbers of exams")
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2] or not counts.shape[-1]:
        raise BadTable(f"the table of two readers must be square, got shape {counts.shape}")
    if n_categories is not None and counts.shape[-1] != n_categories:
        raise BadTable(f"the table has {counts.shape[-1]} categories, not {n_categories}")
    return counts


def n_exams(counts: Tables) -> NDArray[np.float64]:
    return np.asarray(counts.sum(axis=(-2, -1)))


def margins(counts: Tables) -> tuple[NDArray[np.float64], Tables, Tables]:
    """Return the number of exams, in total and by category of the first and the second reader."""
    return n_exams(counts), counts.sum(axis=-1), counts.sum(axis=-2)


def same(counts: Tables) -> NDArray[np.float64]:
    """Return the number of exams on which both agree, shape (...)."""
    return np.asarray(np.trace(counts, axis1=-2, axis2=-1))


def chance(rows: Tables, columns: Tables) -> NDArray[np.float64]:
    """Return the number of agreements expected by chance, shape (...)."""
    return np.asarray(np.einsum("...c,...c->...", rows, columns))


def shares(counts: Tables) -> tuple[NDArray[np.float64], Tables, Tables, Tables]:
    """Return the number of exams, and the shares of each pair of categories, row and column."""
    n = n_exams(counts)
    joint = counts / np.maximum(n, 1)[..., None, None]
    return n, joint, joint.sum(axis=-1), joint.sum(axis=-2)


def cells(counts: Tables) -> Cells:
    """Return the tables as cells, which ignore which reader chose which category."""
    n_categories = counts.shape[-1]
    identity = np.eye(n_categories)
    divisions = (identity[:, None] + identity).reshape(n_categories**2, n_categories)
    return Cells(divisions, counts.reshape(*counts.shape[:-2], n_categories**2))
