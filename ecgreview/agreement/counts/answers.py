"""Readers' answers for all classes together; exams with the same answers share a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from .cells import Cells
from .counting import distinct_columns
from .patterns import ABSENT, MISSING, PRESENT, BadCounts, BadRatings, PatternCount


class Profile(NamedTuple):
    """Exams that have the same readers and the same answers for all classes.

    Attributes:
        readers: indexes of the readers, ascending.
        states: for each class that at least one reader did not answer with absent, its index and
            one digit per reader: 0 missing, 1 absent, 2 present.
        n_exams: number of such exams.
    """

    readers: tuple[int, ...]
    states: tuple[tuple[int, str], ...]
    n_exams: int = 1


class Cluster(NamedTuple):
    """Patients with several exams, who have the same numbers of exams with the same profiles.

    Attributes:
        exams: for each profile of one such patient, its index and the number of exams.
        n_patients: number of such patients.
    """

    exams: tuple[tuple[int, int], ...]
    n_patients: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers for exams, from which all counts are computed.

    A row represents exams with the same answers. Nearly all answers are "absent", so a class of a
    row is stored only if at least one reader answered otherwise. These are the entries.

    Attributes:
        patterns: shape (n_patterns, n_readers), int8; the answer patterns that occur.
        n_exams: shape (n_rows,); number of exams of a row within its unit.
        unit: shape (n_rows,); rows of one unit, such as a patient's exams, are resampled
            together.
        times: shape (n_units,); number of patients (or exams) represented by a unit.
        base: shape (n_rows,); the pattern in which all readers of the row answer absent.
        row, column, pattern: shape (n_entries,); row, class and pattern of each entry.
    """

    patterns: NDArray[np.int8]
    n_classes: int
    n_exams: NDArray[np.float64]
    unit: NDArray[np.intp]
    times: NDArray[np.int64]
    base: NDArray[np.intp]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    pattern: NDArray[np.intp]

    @classmethod
    def of(cls, ratings: NDArray[np.int8], patients: ArrayLike | None = None) -> Answers:
        """Return the answers in ``ratings``, one row per exam.

        Args:
            ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
            patients: shape (n_exams,); the patient of each exam. None: one exam per patient.

        Raises:
            BadRatings: wrong shape or an unknown state, or ``patients`` has another length.
        """
        if not isinstance(ratings, np.ndarray) or ratings.ndim != 3 or ratings.dtype != np.int8:
            raise BadRatings("ratings must be int8 with axes readers, exams, classes")
        if ratings.size and ratings.view(np.uint8).max() > PRESENT:
            raise BadRatings("a state is neither 0 (missing), 1 (absent) nor 2 (present)")
        n_readers, n_exams, n_classes = ratings.shape
        has_read = (ratings != MISSING).any(axis=2)
        bases = np.where(has_read, ABSENT, MISSING).astype(np.int8)
        columns = np.concatenate([bases, ratings.reshape(n_readers, n_exams * n_classes)], axis=1)
        index, patterns = distinct_columns(columns)
        base, patterns_given = index[:n_exams], index[n_exams:].reshape(n_exams, n_classes)
        row, column = np.nonzero(patterns_given != base[:, None])
        unit = np.arange(n_exams)
        if patients is not None:
            unit = _units(patients, n_exams)
        return cls(
            patterns=patterns,
            n_classes=n_classes,
            n_exams=np.ones(n_exams),
            unit=unit,
            times=np.ones(int(unit.max(initial=-1)) + 1, dtype=np.int64),
            base=base,
            row=row,
            column=column,
            pattern=patterns_given[row, column],
        )

    @classmethod
    def from_profiles(
        cls,
        profiles: Sequence[Profile],
        clusters: Sequence[Cluster] = (),
        *,
        n_readers: int,
        n_classes: int,
    ) -> Answers:
        """Build the answers from ``profiles``.

        Args:
            profiles: all exams, including those of ``clusters``.
            clusters: patients with several exams; all other exams are resampled independently.
            n_readers: number of readers, including readers without readings.
            n_classes: number of classes.

        Raises:
            BadCounts: a negative number; an unknown reader, class or state; a number of states
                that differs from the number of readers; or clusters with more exams than their
                profiles.
        """
        places = _Places(n_readers)
        base: list[int] = []
        entries: list[tuple[int, int, int]] = []
        for index, profile in enumerate(profiles):
            if profile.n_exams < 0:
                raise BadCounts(f"{profile.n_exams} is not a number of exams")
            base.append(places.of(profile.readers, str(ABSENT) * len(profile.readers)))
            for column, digits in profile.states:
                if not 0 <= column < n_classes:
                    raise BadCounts(
                        f"class index {column} is out of range: there are {n_classes} classes"
                    )
                entries.append((index, column, places.of(profile.readers, digits)))
        profile_of, n_exams, unit, times = _rows(profiles, clusters)
        row, entry = _spread(
            np.array([index for index, _, _ in entries], dtype=np.intp), profile_of
        )
        _, columns, patterns = np.array(entries, dtype=np.intp).reshape(-1, 3).T
        return cls(
            patterns=places.patterns(),
            n_classes=n_classes,
            n_exams=n_exams,
            unit=unit,
            times=times,
            base=np.array(base, dtype=np.intp)[profile_of],
            row=row,
            column=columns[entry],
            pattern=patterns[entry],
        )

    @property
    def n_readers(self) -> int:
        return int(self.patterns.shape[1])

    @property
    def weights(self) -> NDArray[np.float64]:
        """Shape (n_rows,): the number of exams that each row represents."""
        return np.asarray(self.n_exams * self.times[self.unit])

    @property
    def is_clustered(self) -> bool:
        """Whether any unit has several exams."""
        return bool((np.bincount(self.unit, self.n_exams) > 1).any()) if self.unit.size else False

    @property
    def has_read(self) -> NDArray[np.bool_]:
        """Shape (n_rows, n_readers): whether each reader has read the exams of a row."""
        return np.asarray(self.patterns[self.base] != MISSING)

    def ratings(self) -> NDArray[np.int8]:
        """Return the states of each row, shape (n_readers, n_rows, n_classes)."""
        states = np.repeat(self.patterns[self.base].T[:, :, None], self.n_classes, axis=2)
        states[:, self.row, self.column] = self.patterns[self.pattern].T
        return states

    def count(self) -> PatternCount:
        """Return, for each class, the number of exams with each answer pattern."""
        return PatternCount(self.patterns, self.counts(self.weights[None])[0])

    def of_first(self, n_readers: int) -> Answers:
        """Keep the first ``n_readers`` readers, and the exams that at least one of them read."""
        if n_readers >= self.n_readers:
            return self
        index, patterns = distinct_columns(np.ascontiguousarray(self.patterns[:, :n_readers].T))
        base = index[self.base]
        is_read = (patterns[base] != MISSING).any(axis=1)
        row_of = np.cumsum(is_read) - 1
        units, unit = np.unique(self.unit[is_read], return_inverse=True)
        is_kept = is_read[self.row]
        used_patterns = np.concatenate([base[is_read], index[self.pattern[is_kept]]])
        used, place = np.unique(used_patterns, return_inverse=True)
        n_rows = int(is_read.sum())
        return Answers(
            patterns=patterns[used],
            n_classes=self.n_classes,
            n_exams=self.n_exams[is_read],
            unit=unit.reshape(-1),
            times=self.times[units],
            base=place.reshape(-1)[:n_rows],
            row=row_of[self.row[is_kept]],
            column=self.column[is_kept],
            pattern=place.reshape(-1)[n_rows:],
        )

    def anonymous(self) -> tuple[Answers, Cells]:
        """Return the answers without the identity of readers, and the table of their cells.

        The "patterns" of these answers are indexes of rows of that table: (number of readers who
        answered absent, number who answered present).
        """
        n_absent = (self.patterns == ABSENT).sum(axis=1)
        n_present = (self.patterns == PRESENT).sum(axis=1)
        width = self.n_readers + 1
        codes, index = np.unique(n_absent * width + n_present, return_inverse=True)
        table = np.stack(np.divmod(codes, width), axis=1)
        merged = Answers(
            table.astype(np.int8), self.n_classes, self.n_exams, self.unit, self.times,
            index[self.base], self.row, self.column, index[self.pattern],
        )  # fmt: skip
        return merged, Cells(table.astype(np.float64), merged.counts(merged.weights[None])[0])

    def counts(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted number of exams of each class and pattern.

        Args:
            weights: shape (n_replicates, n_rows).

        Returns:
            Shape (n_replicates, n_classes, n_patterns).
        """
        return self.counter()(weights)

    def counter(self) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """Return ``counts`` as a function that precomputes everything independent of the
        weights.
        """
        n_patterns, n_rows = len(self.patterns), len(self.base)
        of_base = csr_array(
            (np.ones(n_rows), (self.base, np.arange(n_rows))), shape=(n_patterns, n_rows)
        )
        at = self.column * n_patterns
        places = np.concatenate([at + self.pattern, at + self.base[self.row]])
        signs = np.repeat([1.0, -1.0], self.row.size)
        shape = (self.n_classes * n_patterns, n_rows)
        moved = csr_array((signs, (places, np.tile(self.row, 2))), shape=shape)

        def count(weights: NDArray[np.float64]) -> NDArray[np.float64]:
            columns = np.ascontiguousarray(weights.T)
            totals = (moved @ columns).reshape(self.n_classes, n_patterns, len(weights))
            return np.ascontiguousarray(np.moveaxis(totals + of_base @ columns, -1, 0))

        return count


def _units(patients: ArrayLike, n_exams: int) -> NDArray[np.intp]:
    """Return the index of each exam's patient.

    Raises:
        BadRatings: ``patients`` is not a list of one patient per exam.
    """
    try:
        patient_of = np.asarray(patients)
    except ValueError as error:
        raise BadRatings("patients must be a list") from error
    if patient_of.shape != (n_exams,):
        raise BadRatings(f"patients of shape {patient_of.shape} for {n_exams} exams")
    return np.unique(patient_of, return_inverse=True)[1].reshape(-1)


class _Places:
    """The index of each pattern added so far, by readers and their states."""

    def __init__(self, n_readers: int) -> None:
        self._n_readers = n_readers
        self._known: dict[tuple[tuple[int, ...], str], int] = {}
        self._index: dict[bytes, int] = {}

    def of(self, readers: tuple[int, ...], digits: str) -> int:
        """Return the index of a pattern, adding it if it is new."""
        index = self._known.get((readers, digits))
        if index is None:
            index = self._index.setdefault(self._pattern(list(readers), digits), len(self._index))
            self._known[readers, digits] = index
        return index

    def patterns(self) -> NDArray[np.int8]:
        """Return the patterns in the order of their indexes."""
        flat = np.frombuffer(b"".join(self._index), dtype=np.int8)
        return flat.reshape(len(self._index), self._n_readers)

    def _pattern(self, readers: list[int], digits: str) -> bytes:
        if len(digits) != len(readers) or len(set(readers)) != len(readers):
            raise BadCounts(f"{len(digits)} states of {len(set(readers))} readers")
        if any(not 0 <= reader < self._n_readers for reader in readers):
            raise BadCounts(
                f"reader indices {readers} are out of range: there are {self._n_readers} readers"
            )
        if not set(digits) <= set("012"):
            raise BadCounts(f"a state of {digits!r} is neither 0, 1 nor 2")
        pattern = np.zeros(self._n_readers, dtype=np.int8)
        pattern[readers] = [int(digit) for digit in digits]
        return pattern.tobytes()


def _rows(
    profiles: Sequence[Profile], clusters: Sequence[Cluster]
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp], NDArray[np.int64]]:
    """Return each row's profile, number of exams within its unit, and unit; then the number of
    times each unit occurs.

    Exams that belong to no cluster are units of one exam each.
    """
    alone = [profile.n_exams for profile in profiles]
    profile_of, n_exams, unit = (
        list(range(len(profiles))),
        [1] * len(profiles),
        list(range(len(profiles))),
    )
    times = alone
    for number, cluster in enumerate(clusters, start=len(profiles)):
        times.append(cluster.n_patients)
        for index, n in cluster.exams:
            alone[index] -= n * cluster.n_patients
            profile_of.append(index)
            n_exams.append(n)
            unit.append(number)
    if any(n < 0 for n in times):
        raise BadCounts("clusters have more exams than their profiles, or a negative number")
    return (
        np.array(profile_of, dtype=np.intp),
        np.array(n_exams, dtype=np.float64),
        np.array(unit, dtype=np.intp),
        np.array(times, dtype=np.int64),
    )


def _spread(
    profile: NDArray[np.intp], profile_of: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the row and the entry for each combination of a row with an entry of its profile.

    Args:
        profile: shape (n_entries,), ascending; profile of each entry.
        profile_of: shape (n_rows,); profile of each row.
    """
    first = np.searchsorted(profile, profile_of, side="left")
    n_entries = np.searchsorted(profile, profile_of, side="right") - first
    row = np.repeat(np.arange(len(profile_of)), n_entries)
    start = np.repeat(np.cumsum(n_entries) - n_entries, n_entries)
    return row, np.repeat(first, n_entries) + np.arange(len(row)) - start
