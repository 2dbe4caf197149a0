"""The counts of response patterns, from which every coefficient of binary findings follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .cells import Cells

MISSING, ABSENT, PRESENT = 0, 1, 2
"""What a reader says of a class in an exam."""

_N_STATES = 3
_READERS_AT_ONCE = 20  # 3**20 patterns times 2**31 earlier ones fit in 64 bits


class BadRatings(ValueError):
    """The ratings have a wrong shape or a state that is neither missing, absent nor present."""


@dataclass(frozen=True, slots=True, eq=False)
class PatternCount:
    """For each class, how many exams were answered in which way by the readers together.

    Attributes:
        patterns: shape (n_patterns, n_readers), int8; the state each reader gave. Only patterns
            that occur are listed, so many readers with few readings each cost little.
        counts: shape (n_classes, n_patterns), int64; exams with that pattern.
    """

    patterns: NDArray[np.int8]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, ratings: NDArray[np.int8]) -> PatternCount:
        """Count the patterns of ``ratings``.

        Args:
            ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.

        Raises:
            BadRatings: wrong shape or an unknown state.
        """
        if ratings.ndim != 3:
            raise BadRatings(f"ratings have {ratings.ndim} axes, not readers, exams and classes")
        if ratings.size and (ratings.min() < MISSING or ratings.max() > PRESENT):
            raise BadRatings("a state is neither 0 (missing), 1 (absent) nor 2 (present)")
        n_readers, n_exams, n_classes = ratings.shape
        cells = ratings.reshape(n_readers, n_exams * n_classes)
        index, patterns = _distinct_columns(cells)
        classes = np.tile(np.arange(n_classes), n_exams)
        size = n_classes * len(patterns)
        counts = np.bincount(index + len(patterns) * classes, minlength=size)
        return cls(patterns, counts.reshape(n_classes, len(patterns)))

    def cells(self) -> Cells:
        """Return the cells (readings absent, readings present) of each class."""
        table = np.stack(
            [(self.patterns == ABSENT).sum(axis=1), (self.patterns == PRESENT).sum(axis=1)], axis=1
        )
        distinct, index = np.unique(table, axis=0, return_inverse=True)
        merged = np.zeros((len(self.patterns), len(distinct)))
        merged[np.arange(len(self.patterns)), index.reshape(-1)] = 1.0
        return Cells(distinct.astype(np.float64), self.counts @ merged)

    def pair_tables(self, first: int) -> NDArray[np.float64]:
        """Return the 2 x 2 tables of reader ``first`` against every reader.

        Returns:
            Shape (n_classes, n_readers, 2, 2): exams by what ``first`` said (absent, present)
            and the other reader.
        """
        counts = self.counts.astype(np.float64)
        tables = np.empty((len(counts), self.patterns.shape[1], 2, 2))
        for row, mine in enumerate((ABSENT, PRESENT)):
            for column, theirs in enumerate((ABSENT, PRESENT)):
                both = (self.patterns == theirs) & (self.patterns[:, [first]] == mine)
                tables[:, :, row, column] = counts @ both.astype(np.float64)
        return tables


def _distinct_columns(states: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return for each column of ``states`` its index among the distinct columns, and those.

    The columns are read as numbers in base 3, some readers at a time; after each time they are
    numbered anew, so that the numbers stay small with any number of readers.
    """
    n_readers, n_columns = states.shape
    index = np.zeros(n_columns, dtype=np.int64)
    where = np.zeros(min(n_columns, 1), dtype=np.int64)
    for start in range(0, n_readers, _READERS_AT_ONCE):
        for reader in states[start : start + _READERS_AT_ONCE]:
            index = index * _N_STATES + reader
        _, where, index = np.unique(index, return_index=True, return_inverse=True)
    return index, np.ascontiguousarray(states[:, where].T)
