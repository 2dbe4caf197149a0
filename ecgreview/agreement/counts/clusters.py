"""Measure how strongly answers cluster within patients who have several exams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from .answers import Answers
from .patterns import MISSING, PRESENT, PatternCount

Array = NDArray[np.float64]
_Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """The exams of patients with several exams, stored as sparsely as in ``Answers``.

    For most classes and exams, all readers answer absent. Therefore the readers of each exam are
    stored once for all classes. In addition, there is a group for each patient and class with at
    least one other answer.

    Attributes:
        readings: number of exams of each patient by base pattern.
        n_patients: shape (n_units,); number of identical patients.
        answered: number of exams of each group by pattern, groups ordered by class.
        normal: the same exams by the pattern they would have if all their readers answered absent.
        times: shape (n_groups,); number of identical patients.
        starts: shape (n_classes + 1,); index of the first group of each class, then the number of
            groups.
        count: number of exams of these patients, by class and pattern.
    """

    readings: _Table
    n_patients: Array
    answered: _Table
    normal: _Table
    times: Array
    starts: _Places
    count: PatternCount

    @classmethod
    def of(cls, answers: Answers) -> Self:
        n_units, n_patterns = len(answers.times), len(answers.patterns)
        n_own = np.bincount(answers.unit, answers.n_exams, minlength=n_units)
        is_several = (n_own > 1) & (answers.times > 0)
        rows = np.flatnonzero(is_several[answers.unit])
        entries = np.flatnonzero(is_several[answers.unit[answers.row]])
        readings = _summed(
            answers.n_exams[rows], answers.unit[rows], answers.base[rows], (n_units, n_patterns)
        )
        code = answers.column[entries] * n_units + answers.unit[answers.row[entries]]
        groups, group = np.unique(code, return_inverse=True)
        column, unit = np.divmod(groups, max(n_units, 1))
        n_exams, shape = answers.n_exams[answers.row[entries]], (len(groups), n_patterns)
        normal = csr_array(readings[unit])
        moved = _summed(n_exams, group, answers.pattern[entries], shape) - _summed(
            n_exams, group, answers.base[answers.row[entries]], shape
        )
        weights = np.where(is_several[answers.unit], answers.weights, 0.0)
        return cls(
            readings=_Table.of(readings),
            n_patients=np.where(is_several, answers.times, 0).astype(np.float64),
            answered=_Table.of(csr_array(normal + moved)),
            normal=_Table.of(normal),
            times=answers.times[unit].astype(np.float64),
            starts=np.searchsorted(column, np.arange(answers.n_classes + 1)),
            count=PatternCount(answers.patterns, answers.counts(weights[None])[0]),
        )

    def excess(self, features: Array) -> Array:
        r"""Return the sum of products between different exams of the same patient.

        .. math:: \sum_u (c_u c_u^T - \sum_{i \in u} f_i f_i^T), \quad c_u = \sum_{i \in u}
        f_i

        where :math:`f_i` are the features of exam i, and u runs over the patients. It is 0
        if no patient has several exams.

        Args:
            features: shape (n_patterns, n_features); features of an exam with each pattern.

        Returns:
            Shape (n_classes, n_features, n_features).
        """
        own = np.stack([self.count.counts * column @ features for column in features.T], axis=1)
        together = self._together(np.flatnonzero(features.any(axis=1)), features)
        return np.asarray(together - own)

    def excess_of_pair(self, pair: tuple[int, int], tables: Array) -> Array:
        """Return ``excess`` for the cells of the 2 x 2 table of two readers.

        Args:
            pair: indexes of the readers.
            tables: shape (n_classes, 2, 2); computed from ``count``.

        Returns:
            Shape (n_classes, 4, 4); cells of the table in C order.
        """
        first, second = (self.count.patterns[:, reader] for reader in pair)
        compared = np.flatnonzero((first != MISSING) & (second != MISSING))
        field = 2 * (first == PRESENT) + (second == PRESENT)
        features = np.zeros((len(first), 4))
        features[compared, field[compared]] = 1.0
        return self._together(compared, features) - tables.reshape(-1, 4)[:, :, None] * np.eye(4)

    def _together(self, compared: _Places, features: Array) -> Array:
        """Return the sums over patients of products of exams, including each exam with itself."""
        rows, sums = self.readings.sums(compared, features)
        everybody = (sums * self.n_patients[rows, None]).T @ sums
        total = np.tile(everybody, (len(self.starts) - 1, 1, 1))
        for sign, table in ((1.0, self.answered), (-1.0, self.normal)):
            groups, sums = table.sums(compared, features)
            weighted = sign * self.times[groups, None] * sums
            bounds = np.searchsorted(groups, self.starts)
            for column in np.flatnonzero(np.diff(bounds)):
                part = slice(bounds[column], bounds[column + 1])
                total[column] += weighted[part].T @ sums[part]
        return total


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A sparse table with fast row sums over all columns or a few of them."""

    by_row: csr_array
    by_column: csc_array

    @classmethod
    def of(cls, table: csr_array) -> Self:
        return cls(table, csc_array(table))

    def sums(self, columns: _Places, features: Array) -> tuple[_Places, Array]:
        """Return the rows with an entry in ``columns``, ascending, and their sums of features.

        Args:
            columns: ascending; includes every column whose features are not all 0.
            features: shape (n_columns, n_features).
        """
        n_rows, n_columns = self.by_row.shape
        if len(columns) * _WORTH_CHOOSING > n_columns:
            return np.arange(n_rows), np.asarray(self.by_row @ features)
        some = self.by_column[:, columns]
        rows, row = np.unique(some.indices, return_inverse=True)
        column = np.repeat(columns, np.diff(some.indptr))
        products = some.data[:, None] * features[column]
        sums = np.empty((len(rows), features.shape[1]))
        for place, product in enumerate(products.T):
            sums[:, place] = np.bincount(row, product, minlength=len(rows))
        return rows.astype(np.intp), sums


_WORTH_CHOOSING = 8  # selecting a column costs about this many times more than summing it


def _summed(values: Array, row: _Places, column: _Places, shape: tuple[int, int]) -> csr_array:
    return csr_array((values, (row, column)), shape=shape)
