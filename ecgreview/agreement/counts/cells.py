"""Exams grouped by the number of readers who chose each category."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The numbers of readers who chose each category, and the number of exams with each
    combination.

    All coefficients that ignore the identity of readers are functions of these cells. A class of
    binary findings has one cell for each (readings, positive readings); general ratings have one
    cell per exam.

    Attributes:
        table: shape (n_cells, n_categories), float64; number of readers who chose each category.
        n_exams: shape (..., n_cells), float64; number of exams in each cell; leading axes are
            classes, pairs or replicates.
    """

    table: NDArray[np.float64]
    n_exams: NDArray[np.float64]

    @property
    def n_categories(self) -> int:
        """Number of categories, including unused ones."""
        return int(self.table.shape[1])

    @property
    def n_readings(self) -> NDArray[np.float64]:
        """Shape (n_cells,): readings per exam of each cell."""
        return np.asarray(self.table.sum(axis=1))

    @property
    def is_compared(self) -> NDArray[np.bool_]:
        """Shape (n_cells,): whether the exams of a cell have at least two readings."""
        return self.n_readings >= 2

    @property
    def n_compared(self) -> NDArray[np.float64]:
        """Shape (...): number of exams read by at least two readers."""
        return self.n_exams @ self.is_compared.astype(np.float64)

    @property
    def compared_readings(self) -> NDArray[np.float64]:
        """Shape (..., n_categories): readings per category in exams with at least two readers."""
        return np.asarray(self.n_exams @ np.where(self.is_compared[:, None], self.table, 0.0))

    @property
    def disagreement(self) -> NDArray[np.float64]:
        """Shape (n_cells,): proportion of pairs of readers who chose different categories."""
        pairs = self.n_readings * (self.n_readings - 1)
        same = (self.table * (self.table - 1)).sum(axis=1)
        agreement = np.divide(same, pairs, out=np.ones_like(pairs), where=self.is_compared)
        return np.asarray(1 - agreement)

    @property
    def mean_shares(self) -> NDArray[np.float64]:
        """Shape (..., n_categories): the mean over exams of each category's share of readings.

        Exams with a single reading are included, because they show how common a category is.
        """
        readings = self.n_readings[:, None]
        is_read = readings > 0
        shares = np.divide(self.table, readings, out=np.zeros_like(self.table), where=is_read)
        n_read = self.n_exams @ is_read[:, 0].astype(np.float64)
        return np.asarray((self.n_exams @ shares) / np.maximum(n_read, 1)[..., None])
