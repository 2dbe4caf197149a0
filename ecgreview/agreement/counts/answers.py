"""What readers said of exams, all classes together: exams that were answered alike are one."""

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
    """Exams that the same readers have answered in the same way, in all classes together.

    Attributes:
        readers: indexes of those who have read them, ascending.
        states: for each class that not all of them call absent, its index and a digit for each
            reader: 0 missing, 1 absent, 2 present.
        n_exams: so many exams.
    """

    readers: tuple[int, ...]
    states: tuple[tuple[int, str], ...]
    n_exams: int = 1


class Cluster(NamedTuple):
    """Patients with several exams, whose exams were answered in the same ways.

    Attributes:
        exams: (index of the profile, how many exams of it) of one such patient.
        n_patients: so many patients.
    """

    exams: tuple[tuple[int, int], ...]
    n_patients: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers to exams, from which every count follows.

    A row stands for exams that were answered alike. Nearly all that readers say is "absent", so
    only what differs from it is kept: entries, each of one class of one row.

    Attributes:
        patterns: shape (n_patterns, n_readers), int8; the states that occur.
        n_classes: so many classes were asked for.
        n_exams: shape (n_rows,); the exams of a row.
        unit: shape (n_rows,); the rows of one unit are drawn together: exams of a patient.
        times: shape (n_units,); so many patients (or exams) are such a unit.
        base: shape (n_rows,); the pattern in which all readers of the row say absent.
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
        """Return the answers in ``ratings``, a row for each exam.

        Args:
            ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
            patients: shape (n_exams,); whose exam it is. None: everybody has one.

        Raises:
            BadRatings: wrong shape or an unknown state, or not one patient for each exam.
        """
        if not isinstance(ratings, np.ndarray) or ratings.ndim != 3 or ratings.dtype != np.int8:
            raise BadRatings("ratings have three axes (readers, exams, classes) of int8")
        if ratings.size and ratings.view(np.uint8).max() > PRESENT:
            raise BadRatings("a state is neither 0 (missing), 1 (absent) nor 2 (present)")
        n_readers, n_exams, n_classes = ratings.shape
        has_read = (ratings != MISSING).any(axis=2)
        bases = np.where(has_read, ABSENT, MISSING).astype(np.int8)
        said = np.concatenate([bases, ratings.reshape(n_readers, n_exams * n_classes)], axis=1)
        index, patterns = distinct_columns(said)
        base, given = index[:n_exams], index[n_exams:].reshape(n_exams, n_classes)
        row, column = np.nonzero(given != base[:, None])
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
            pattern=given[row, column],
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
        """Return the answers that ``profiles`` tell of.

        Args:
            profiles: all exams, those of ``clusters`` among them.
            clusters: the patients with several exams; any other exam is drawn on its own.
            n_readers: so many readers there are, whether or not they have read.
            n_classes: so many classes there are.

        Raises:
            BadCounts: a negative number, an unknown reader, class or state, states that are not
                one for each reader, or clusters with more exams than their profiles.
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
                    raise BadCounts(f"there is no class {column} among {n_classes}")
                entries.append((index, column, places.of(profile.readers, digits)))
        of, n_exams, unit, times = _rows(profiles, clusters)
        row, entry = _spread(np.array([index for index, _, _ in entries], dtype=np.intp), of)
        _, columns, patterns = np.array(entries, dtype=np.intp).reshape(-1, 3).T
        return cls(
            patterns=places.patterns(),
            n_classes=n_classes,
            n_exams=n_exams,
            unit=unit,
            times=times,
            base=np.array(base, dtype=np.intp)[of],
            row=row,
            column=columns[entry],
            pattern=patterns[entry],
        )

    @property
    def n_readers(self) -> int:
        """How many readers there are."""
        return int(self.patterns.shape[1])

    @property
    def weights(self) -> NDArray[np.float64]:
        """Shape (n_rows,): the exams that each row stands for."""
        return np.asarray(self.n_exams * self.times[self.unit])

    @property
    def is_clustered(self) -> bool:
        """Whether exams are drawn together."""
        return bool((np.bincount(self.unit, self.n_exams) > 1).any()) if self.unit.size else False

    @property
    def has_read(self) -> NDArray[np.bool_]:
        """Shape (n_rows, n_readers): whether a reader has read the exams of a row."""
        return np.asarray(self.patterns[self.base] != MISSING)

    def ratings(self) -> NDArray[np.int8]:
        """Return what was said in each row, shape (n_readers, n_rows, n_classes)."""
        said = np.repeat(self.patterns[self.base].T[:, :, None], self.n_classes, axis=2)
        said[:, self.row, self.column] = self.patterns[self.pattern].T
        return said

    def count(self) -> PatternCount:
        """Return for each class how many exams were answered in which way."""
        return PatternCount(self.patterns, self.counts(self.weights[None])[0])

    def of_first(self, n_readers: int) -> Answers:
        """Return the answers of the first ``n_readers`` readers, to exams that one of them read."""
        if n_readers >= self.n_readers:
            return self
        index, patterns = distinct_columns(np.ascontiguousarray(self.patterns[:, :n_readers].T))
        base = index[self.base]
        is_read = (patterns[base] != MISSING).any(axis=1)
        row_of = np.cumsum(is_read) - 1
        units, unit = np.unique(self.unit[is_read], return_inverse=True)
        is_kept = is_read[self.row]
        said = np.concatenate([base[is_read], index[self.pattern[is_kept]]])
        used, place = np.unique(said, return_inverse=True)
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
        """Return the answers without who gave them, and the table of their cells.

        The "patterns" of these answers are rows of the table: so many say absent, so many present.
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
        """Return how many exams of each class have each pattern, when rows weigh so much.

        Args:
            weights: shape (n_replicates, n_rows).

        Returns:
            Shape (n_replicates, n_classes, n_patterns).
        """
        return self.counter()(weights)

    def counter(self) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """Return ``counts``, with what does not depend on the weights done once."""
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
            found = (moved @ columns).reshape(self.n_classes, n_patterns, len(weights))
            return np.ascontiguousarray(np.moveaxis(found + of_base @ columns, -1, 0))

        return count


def _units(patients: ArrayLike, n_exams: int) -> NDArray[np.intp]:
    """Return the place of each exam's patient among all.

    Raises:
        BadRatings: there is not one for each exam.
    """
    try:
        whose = np.asarray(patients)
    except ValueError as error:
        raise BadRatings("the patients are no list") from error
    if whose.shape != (n_exams,):
        raise BadRatings(f"patients of shape {whose.shape} for {n_exams} exams")
    return np.unique(whose, return_inverse=True)[1].reshape(-1)


class _Places:
    """The index of each pattern that was met, by who said what."""

    def __init__(self, n_readers: int) -> None:
        self._n_readers = n_readers
        self._known: dict[tuple[tuple[int, ...], str], int] = {}
        self._index: dict[bytes, int] = {}

    def of(self, readers: tuple[int, ...], digits: str) -> int:
        """Return the index of a pattern, which is new or known."""
        found = self._known.get((readers, digits))
        if found is None:
            found = self._index.setdefault(self._pattern(list(readers), digits), len(self._index))
            self._known[readers, digits] = found
        return found

    def patterns(self) -> NDArray[np.int8]:
        """Return the patterns in the order of their indexes."""
        flat = np.frombuffer(b"".join(self._index), dtype=np.int8)
        return flat.reshape(len(self._index), self._n_readers)

    def _pattern(self, readers: list[int], digits: str) -> bytes:
        if len(digits) != len(readers) or len(set(readers)) != len(readers):
            raise BadCounts(f"{len(digits)} states of {len(set(readers))} readers")
        if any(not 0 <= reader < self._n_readers for reader in readers):
            raise BadCounts(f"readers {readers} are not among {self._n_readers}")
        if not set(digits) <= set("012"):
            raise BadCounts(f"a state of {digits!r} is neither 0, 1 nor 2")
        pattern = np.zeros(self._n_readers, dtype=np.int8)
        pattern[readers] = [int(digit) for digit in digits]
        return pattern.tobytes()


def _rows(
    profiles: Sequence[Profile], clusters: Sequence[Cluster]
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp], NDArray[np.int64]]:
    """Return the profile of each row, its exams within a unit, its unit, and how often units occur.

    What of a profile is in no cluster are units of one exam each.
    """
    alone = [profile.n_exams for profile in profiles]
    of, n_exams, unit = list(range(len(profiles))), [1] * len(profiles), list(range(len(profiles)))
    times = alone
    for number, cluster in enumerate(clusters, start=len(profiles)):
        times.append(cluster.n_patients)
        for index, n in cluster.exams:
            alone[index] -= n * cluster.n_patients
            of.append(index)
            n_exams.append(n)
            unit.append(number)
    if any(n < 0 for n in times):
        raise BadCounts("clusters have more exams than their profiles, or a negative number")
    return (
        np.array(of, dtype=np.intp),
        np.array(n_exams, dtype=np.float64),
        np.array(unit, dtype=np.intp),
        np.array(times, dtype=np.int64),
    )


def _spread(
    profile: NDArray[np.intp], of: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row and entry of each entry of a profile in each row of that profile.

    Args:
        profile: shape (n_entries,), ascending; whose entry it is.
        of: shape (n_rows,); of which profile a row is.
    """
    first = np.searchsorted(profile, of, side="left")
    n_entries = np.searchsorted(profile, of, side="right") - first
    row = np.repeat(np.arange(len(of)), n_entries)
    start = np.repeat(np.cumsum(n_entries) - n_entries, n_entries)
    return row, np.repeat(first, n_entries) + np.arange(len(row)) - start
