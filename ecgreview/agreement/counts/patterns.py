"""Counts of answer patterns, from which every coefficient of binary findings is computed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import counting
from .cells import Cells

# A reader's answer for one class of one exam.
MISSING, ABSENT, PRESENT = 0, 1, 2


class BadRatings(ValueError):
    """The ratings have a wrong shape or a state that is neither missing, absent nor present."""


class BadCounts(ValueError):
    """A count of exams is invalid, or refers to unknown readers, classes or states."""


class Row(NamedTuple):
    """The number of exams with one answer pattern for one class.

    Attributes:
        class_index: index of the class.
        readers: indexes of the readers who read these exams, ascending.
        states: the answer of each of these readers: MISSING, ABSENT or PRESENT.
        n_exams: number of such exams.
    """

    class_index: int
    readers: Sequence[int]
    states: Sequence[int]
    n_exams: int


@dataclass(frozen=True, slots=True, eq=False)
class PatternCount:
    """For each class, the number of exams with each answer pattern of the readers.

    Attributes:
        patterns: shape (n_patterns, n_readers), int8; each reader's answer. Only patterns that
            occur are listed, so many readers with few readings each need little memory.
        counts: shape (..., n_classes, n_patterns); number of exams with that pattern; leading axes
            are replicates.
    """

    patterns: NDArray[np.int8]
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, ratings: NDArray[np.int8]) -> PatternCount:
        """Count the patterns of ``ratings``.

        Args:
            ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.

        Raises:
            BadRatings: wrong shape or an unknown state.
        """
        if not isinstance(ratings, np.ndarray):
            raise BadRatings(f"ratings must be an array, not {type(ratings).__name__}")
        if ratings.ndim != 3:
            raise BadRatings(f"ratings have {ratings.ndim} axes; expected readers, exams, classes")
        if ratings.dtype != np.int8:
            raise BadRatings(f"ratings are {ratings.dtype}, not int8")
        if ratings.size and ratings.view(np.uint8).max() > PRESENT:
            raise BadRatings("a state is neither 0 (missing), 1 (absent) nor 2 (present)")
        is_few = 0 < len(ratings) <= counting.DENSE_READERS
        patterns, counts = (counting.dense if is_few else counting.sparse)(ratings)
        return cls(patterns, counts.astype(np.float64))

    @classmethod
    def from_rows(cls, rows: Iterable[Row], *, n_readers: int, n_classes: int) -> PatternCount:
        """Build counts from stored rows, such as those of a database.

        Args:
            rows: in any order; the counts of rows with the same pattern are added.
            n_readers: number of readers, including readers without readings.
            n_classes: number of classes.

        Raises:
            BadCounts: a negative count; an unknown reader, class or state; or a number of states
                that differs from the number of readers.
        """
        entries: list[tuple[int, bytes, int]] = []
        for row in rows:
            _refuse_absurd(row, n_readers, n_classes)
            pattern = np.zeros(n_readers, dtype=np.int8)
            pattern[list(row.readers)] = row.states
            entries.append((row.class_index, pattern.tobytes(), row.n_exams))
        patterns = sorted({pattern for _, pattern, _ in entries})
        places = {pattern: place for place, pattern in enumerate(patterns)}
        counts = np.zeros((n_classes, len(places)))
        for class_index, of_row, n_exams in entries:
            counts[class_index, places[of_row]] += n_exams
        flat = np.frombuffer(b"".join(patterns), dtype=np.int8)
        return cls(flat.reshape(len(patterns), n_readers), counts)

    @classmethod
    def from_sets(
        cls,
        sets: Iterable[tuple[Sequence[int], int]],
        rows: Iterable[Row],
        *,
        n_readers: int,
        n_classes: int,
    ) -> PatternCount:
        """Build counts from stored rows without the patterns in which all readers answer absent.

        Args:
            sets: (readers, exams), one item per set of readers: the number of exams read by exactly
                these readers.
            rows: as in ``from_rows``, for the patterns in which at least one reader did not answer
                absent.
            n_readers: number of readers, including readers without readings.
            n_classes: number of classes.

        Raises:
            BadCounts: as in ``from_rows``, or the rows have more exams than their readers have
                read.
        """
        n_absent: dict[tuple[int, ...], NDArray[np.float64]] = {}
        for readers, n in sets:
            _refuse_absurd(Row(0, readers, [ABSENT] * len(readers), n), n_readers, 1)
            n_absent[tuple(readers)] = np.full(n_classes, float(n))
        stored = list(rows)
        stored_count = cls.from_rows(stored, n_readers=n_readers, n_classes=n_classes)
        for row in stored:
            if tuple(row.readers) not in n_absent:
                raise BadCounts(f"no exam was read by exactly the readers {list(row.readers)}")
            n_absent[tuple(row.readers)][row.class_index] -= row.n_exams
        normal = np.zeros((len(n_absent), n_readers), dtype=np.int8)
        for place, (readers, counts) in enumerate(n_absent.items()):
            if (counts < 0).any():
                raise BadCounts(f"a class has more exams than readers {list(readers)} have read")
            normal[place, list(readers)] = ABSENT
        all_patterns = np.concatenate([stored_count.patterns, normal])
        absent_counts = np.array([*n_absent.values()]).reshape(len(n_absent), n_classes)
        patterns, place_of = np.unique(all_patterns, axis=0, return_inverse=True)
        merged = np.zeros((len(patterns), n_classes))
        np.add.at(
            merged, place_of.reshape(-1), np.concatenate([stored_count.counts.T, absent_counts])
        )
        return cls(patterns, merged.T).occurring()

    @property
    def n_readers(self) -> int:
        return int(self.patterns.shape[1])

    def occurring(self) -> PatternCount:
        """Return these counts without the patterns that occur in no exam."""
        occurs = self.counts.any(axis=tuple(range(self.counts.ndim - 1)))
        return PatternCount(self.patterns[occurs], self.counts[..., occurs])

    def cells(self) -> Cells:
        """Return the cells of each class, one per combination of absent and present readings."""
        n_absent = (self.patterns == ABSENT).sum(axis=1)
        n_present = (self.patterns == PRESENT).sum(axis=1)
        width = self.n_readers + 1
        codes, index = np.unique(n_absent * width + n_present, return_inverse=True)
        merged = np.zeros((len(self.patterns), len(codes)))
        merged[np.arange(len(self.patterns)), index] = 1.0
        table = np.stack(np.divmod(codes, width), axis=1).astype(np.float64)
        return Cells(table, self.counts @ merged)

    def pairs(self, reader_pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """Return the 2 x 2 tables of all ``reader_pairs``.

        Returns:
            Shape (..., n_classes, n_pairs, 2, 2): number of exams by the answer of the first reader
            (absent, present) and of the second.
        """
        tables = self.counts @ self.fields(reader_pairs)
        return np.asarray(tables.reshape(*self.counts.shape[:-1], len(reader_pairs), 2, 2))

    def fields(self, reader_pairs: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
        """Return, for each pattern, the cell of each pair's table that its exams are counted in.

        Returns:
            Shape (n_patterns, 4 n_pairs): 1 in that cell; all 0 for a pair in which a reader has
            not answered.
        """
        is_answer = np.stack([self.patterns == ABSENT, self.patterns == PRESENT], axis=2)
        first, second = np.array(reader_pairs, dtype=np.intp).reshape(-1, 2).T
        both = is_answer[:, first, :, None] & is_answer[:, second, None, :]
        shape = (len(self.patterns), 4 * len(reader_pairs))
        return np.asarray(both.reshape(shape), dtype=np.float64)

    def common_pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of readers who answered the same class of an exam, sorted."""
        has_answered = (self.patterns != MISSING).astype(np.float64)
        n_common = np.triu(has_answered.T @ has_answered, k=1)
        return [(int(first), int(second)) for first, second in np.argwhere(n_common > 0)]

    def without(self, reader: int) -> PatternCount:
        others = self.patterns.copy()
        others[:, reader] = MISSING
        return PatternCount(others, self.counts)


def _refuse_absurd(row: Row, n_readers: int, n_classes: int) -> None:
    if not row.n_exams >= 0 or row.n_exams != int(row.n_exams):
        raise BadCounts(f"{row.n_exams} is not a number of exams")
    if not 0 <= row.class_index < n_classes:
        raise BadCounts(
            f"class index {row.class_index} is out of range: there are {n_classes} classes"
        )
    if any(not 0 <= reader < n_readers for reader in row.readers):
        raise BadCounts(
            f"reader indices {list(row.readers)} are out of range: there are {n_readers} readers"
        )
    if len(row.states) != len(row.readers) or len(set(row.readers)) != len(row.readers):
        raise BadCounts(f"{len(row.states)} states of {len(set(row.readers))} readers")
    if any(state not in (MISSING, ABSENT, PRESENT) for state in row.states):
        raise BadCounts(f"a state of {list(row.states)} is neither 0, 1 nor 2")
