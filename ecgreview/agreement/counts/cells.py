"""How readers were divided over the categories, and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Divisions of readers over categories, with the number of exams of each.

    All coefficients that ignore which reader chose what are functions of these cells. A class
    of binary findings has one cell for each (readings, positive readings); general ratings have
    one cell per exam.

    Attributes:
        table: shape (n_cells, n_categories), float64; readers who chose each category.
        n_exams: shape (..., n_cells), float64; leading axes are classes, pairs or replicates.
    """

    table: NDArray[np.float64]
    n_exams: NDArray[np.float64]

    @property
    def n_categories(self) -> int:
        """Number of categories to choose from, used or not."""
        return int(self.table.shape[1])

    @property
    def n_readings(self) -> NDArray[np.float64]:
        """Shape (n_cells,): readers per exam of this cell."""
        return np.asarray(self.table.sum(axis=1))

    @property
    def is_compared(self) -> NDArray[np.bool_]:
        """Shape (n_cells,): whether at least two readers read an exam of this cell."""
        return self.n_readings >= 2

    @property
    def n_compared(self) -> NDArray[np.float64]:
        """Shape (...): exams read by at least two readers."""
        return self.n_exams @ self.is_compared.astype(np.float64)

    @property
    def compared_readings(self) -> NDArray[np.float64]:
        """Shape (..., n_categories): readings of each category in the exams compared."""
        return np.asarray(self.n_exams @ np.where(self.is_compared[:, None], self.table, 0.0))

    @property
    def disagreement(self) -> NDArray[np.float64]:
        """Shape (n_cells,): share of pairs of readers that chose different categories."""
        pairs = self.n_readings * (self.n_readings - 1)
        same = (self.table * (self.table - 1)).sum(axis=1)
        agreement = np.divide(same, pairs, out=np.ones_like(pairs), where=self.is_compared)
        return np.asarray(1 - agreement)

    @property
    def mean_shares(self) -> NDArray[np.float64]:
        """Shape (..., n_categories): each category's share of an exam's readings, averaged.

        Exams with a single reading count too, because they inform how common a category is.
        """
        readings = self.n_readings[:, None]
        is_read = readings > 0
        shares = np.divide(self.table, readings, out=np.zeros_like(self.table), where=is_read)
        n_read = self.n_exams @ is_read[:, 0].astype(np.float64)
        return np.asarray((self.n_exams @ shares) / np.maximum(n_read, 1)[..., None])
