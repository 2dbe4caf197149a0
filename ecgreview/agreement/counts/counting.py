"""Counting answer patterns, fast enough for millions of exams."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Missing, absent, present: an answer pattern is a number in base 3.
N_STATES = 3

# With at most this many readers, every possible pattern is counted in an array (3**5 = 243).
DENSE_READERS = 5

_READERS_AT_ONCE = 20  # 3**20 patterns times 2**31 earlier ones fit in 64 bits
_CELLS_AT_ONCE = 1 << 15
_EXAMS_A_ROW = 64
_ROWS_AT_ONCE = 255  # the largest count of ones that fits in a byte


def dense(states: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Count the patterns of a few readers.

    Args:
        states: shape (n_readers, n_exams, n_classes), each 0, 1 or 2; at most DENSE_READERS.

    Returns:
        The patterns that occur, shape (n_patterns, n_readers), and the number of exams of each
        class with each pattern, shape (n_classes, n_patterns).
    """
    n_readers = len(states)
    counts = _of_two(states) if n_readers == 2 else _of_few(states)
    place = N_STATES ** np.arange(n_readers)[::-1]
    patterns = (np.arange(N_STATES**n_readers)[:, None] // place % N_STATES).astype(np.int8)
    occurs = counts.any(axis=0)
    return patterns[occurs], counts[:, occurs]


def sparse(states: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Count the patterns of any number of readers; see ``dense``."""
    n_readers, n_exams, n_classes = states.shape
    index, patterns = distinct_columns(states.reshape(n_readers, n_exams * n_classes))
    classes = np.tile(np.arange(n_classes), n_exams)
    size = n_classes * len(patterns)
    counts = np.bincount(index + len(patterns) * classes, minlength=size)
    return patterns, counts.reshape(n_classes, len(patterns))


def _of_few(states: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the number of exams of each class and pattern, indexed by base-3 number."""
    n_readers, n_exams, n_classes = states.shape
    n_patterns = N_STATES**n_readers
    counts = np.zeros(n_classes * n_patterns, dtype=np.int64)
    offsets = n_patterns * np.arange(n_classes)
    n_rows = max(1, _CELLS_AT_ONCE // max(n_classes, 1))
    for start in range(0, n_exams, n_rows):
        code = np.zeros((min(n_rows, n_exams - start), n_classes), dtype=np.uint8)
        for reader in states[:, start : start + n_rows]:
            code *= N_STATES
            code += reader.view(np.uint8)
        counts += np.bincount((code + offsets).ravel(), minlength=counts.size)
    return counts.reshape(n_classes, n_patterns)


def _of_two(states: NDArray[np.int8]) -> NDArray[np.int64]:
    """Do the same as ``_of_few`` for two readers, with eight states per machine word.

    State 1 is the low bit and state 2 the high bit, so a bitwise "and" of two readers' bytes gives
    the state they share. The counts of the five patterns with a missing state are computed by
    subtraction.
    """
    n_exams, n_classes = states.shape[1:]
    n_even = n_exams - n_exams % _EXAMS_A_ROW
    if n_even < _EXAMS_A_ROW * _ROWS_AT_ONCE or not states.flags.c_contiguous:
        return _of_few(states)
    width = _EXAMS_A_ROW * n_classes
    first, second = states[:, :n_even].reshape(2, n_even // _EXAMS_A_ROW, width).view(np.uint8)
    sums = np.zeros((8, width), dtype=np.int64)
    for start in range(0, len(first), _ROWS_AT_ONCE):
        part = slice(start, start + _ROWS_AT_ONCE)
        for row, indicators in enumerate(_indicators(first[part], second[part])):
            sums[row] += np.add.reduce(indicators, axis=0, dtype=np.uint8)
    totals = sums.reshape(8, _EXAMS_A_ROW, n_classes).sum(axis=1)
    return _nine(totals, n_even) + _of_few(states[:, n_even:])


def _indicators(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Yield arrays of 0 and 1: absent and present for each reader, then the four combinations."""
    one = np.uint8(1)
    first_present, second_present = first >> one, second >> one
    first_absent, second_absent = first & one, second & one
    yield first_absent
    yield first_present
    yield second_absent
    yield second_present
    yield first_absent & second_absent
    yield first_absent & second_present
    yield first_present & second_absent
    yield first_present & second_present


def _nine(totals: NDArray[np.int64], n_exams: int) -> NDArray[np.int64]:
    """Return counts of all nine patterns, by base-3 number, from the sums of ``_indicators``."""
    a_, p_, _a, _p, aa, ap, pa, pp = totals
    am, pm, ma, mp = a_ - aa - ap, p_ - pa - pp, _a - aa - pa, _p - ap - pp
    mm = n_exams - (am + pm + ma + mp + aa + ap + pa + pp)
    return np.stack([mm, ma, mp, am, aa, ap, pm, pa, pp], axis=1)


def distinct_columns(states: NDArray[np.int8]) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Return the index of each column among the distinct columns, and the distinct columns.

    Columns are encoded as numbers in base 3, a few readers at a time. After each step the codes are
    renumbered, so they stay small for any number of readers.
    """
    n_readers, n_columns = states.shape
    index = np.zeros(n_columns, dtype=np.int64)
    where = np.zeros(min(n_columns, 1), dtype=np.int64)
    for start in range(0, n_readers, _READERS_AT_ONCE):
        for reader in states[start : start + _READERS_AT_ONCE]:
            index = index * N_STATES + reader
        _, where, index = np.unique(index, return_index=True, return_inverse=True)
    return index, np.ascontiguousarray(states[:, where].T)
