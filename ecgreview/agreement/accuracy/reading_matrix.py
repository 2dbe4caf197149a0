"""Readings as rows of class states, and the references that readers are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ecgreview import json_values
from ecgreview.agreement.counts.patterns import ABSENT, MISSING, PRESENT

PERSON = "person"
REFERENCE = "reference"
"""Values of ``ReaderKind``; the third is "model"."""

States = NDArray[np.int8]
"""Shape (n, n_classes): 0 missing, 1 absent, 2 present."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadingMatrix:
    """One row per reading, without readings of exams that the reader found unreadable.

    Attributes:
        codes: classes in force, in the order of the columns of ``states``.
        readings: ids, shape (n,), int64.
        exams: ids, shape (n,), int64.
        readers: ids, shape (n,), int64.
        assignments: ids, shape (n,), int64.
        is_shown: whether suggestions were on screen, shape (n,).
        active_ms: active reading time, shape (n,), int64; 0 if unknown.
        states: shape (n, n_classes), int8; 0 missing, 1 absent, 2 present.
    """

    codes: tuple[str, ...]
    readings: NDArray[np.int64]
    exams: NDArray[np.int64]
    readers: NDArray[np.int64]
    assignments: NDArray[np.int64]
    is_shown: NDArray[np.bool_]
    active_ms: NDArray[np.int64]
    states: States

    def __getitem__(self, rows: NDArray[np.bool_]) -> ReadingMatrix:
        """Return the rows selected by a mask of shape (n,)."""
        parts = (getattr(self, field.name) for field in fields(self)[1:])
        return ReadingMatrix(self.codes, *(part[rows] for part in parts))

    def __len__(self) -> int:
        """Return the number of readings."""
        return len(self.readings)

    def digest(self, *more: object) -> str:
        """Return the SHA-256 of all columns and of ``more``."""
        columns = (getattr(self, field.name) for field in fields(self))
        return json_values.digest(*columns, *more)


def is_by_person(matrix: ReadingMatrix, kinds: Mapping[int, str]) -> NDArray[np.bool_]:
    """Return which rows are readings by people, shape (n,). Only people vote."""
    people = [reader for reader, kind in kinds.items() if kind == PERSON]
    return np.isin(matrix.readers, people)


def reference_reader(matrix: ReadingMatrix, kinds: Mapping[int, str]) -> int | None:
    """Return the reference reader with the most exams, the first of ``kinds`` if tied, or None."""
    references = [reader for reader, kind in kinds.items() if kind == REFERENCE]
    return max(references, key=lambda reader: int((matrix.readers == reader).sum()), default=None)


def reference_states(matrix: ReadingMatrix, reader_id: int | None) -> States:
    """Return, for each row, what ``reader_id`` answered for the same exam.

    Missing where they did not read the exam, and in their own rows, because nobody is compared with
    themselves.
    """
    result = np.full(matrix.states.shape, MISSING, dtype=np.int8)
    if reader_id is None:
        return result
    is_theirs = matrix.readers == reader_id
    exams, states = matrix.exams[is_theirs], matrix.states[is_theirs]
    order = np.argsort(exams)
    exams, states = exams[order], states[order]
    place = np.minimum(np.searchsorted(exams, matrix.exams), len(exams) - 1)
    is_known = (exams[place] == matrix.exams) & ~is_theirs
    result[is_known] = states[place[is_known]]
    return result


def majority_of_others(
    matrix: ReadingMatrix, voters: NDArray[np.bool_] | None = None, *, min_others: int = 1
) -> States:
    """Return, for each row, what most other readers answered for the same exam.

    Args:
        matrix: the readings.
        voters: rows that have a vote, shape (n,); default: all.
        min_others: minimum number of other voters who answered present or absent.

    Returns:
        Shape (n, n_classes), int8; missing where fewer answered, or if there is a tie.
    """
    counted = np.ones(len(matrix), dtype=np.bool_) if voters is None else voters
    _, exam_of_row = np.unique(matrix.exams, return_inverse=True)
    exam_of_row = exam_of_row.reshape(-1)
    lean = (matrix.states == PRESENT).astype(np.int64) - (matrix.states == ABSENT)
    lean = np.where(counted[:, None], lean, 0)
    balance, n_others = (
        _sums(exam_of_row, values)[exam_of_row] - values for values in (lean, np.abs(lean))
    )
    balance = np.where(n_others >= min_others, balance, 0)
    return np.where(balance > 0, PRESENT, np.where(balance < 0, ABSENT, MISSING)).astype(np.int8)


def _sums(exam_of_row: NDArray[np.intp], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum the rows of each exam, shape (n_exams, n_classes)."""
    total = np.zeros((int(exam_of_row.max(initial=-1)) + 1, values.shape[1]), dtype=np.int64)
    np.add.at(total, exam_of_row, values)
    return total
