"""Measure the balance of a design, and check that its order has no pattern."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .board import pairs_in
from .readings import UNKNOWN, Ids, Readings

# Mean time that an expert takes to read one ECG (CODE-II, arXiv 2511.15632v1).
SECONDS_PER_READING = 58.0

# With only two exams, a rank correlation is always 1 or -1.
_FEWEST_SHARED = 3


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, maximum and mean of a set of numbers; all None if it is empty."""

    least: int | None
    most: int | None
    mean: float | None

    @classmethod
    def of(cls, values: NDArray[np.int64]) -> Spread:
        if values.size == 0:
            return cls(None, None, None)
        return cls(int(values.min()), int(values.max()), float(values.mean()))


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly a design distributes exams and time.

    Attributes:
        n_exams, n_readings: totals; readings include repeats.
        exams_by_reader: number of distinct exams of each reader.
        repeats_by_reader: number of exams that each reader reads twice.
        hours_by_reader: time for all readings of each reader.
        exams_by_number_of_readers: number of exams with 1, 2, ... different readers.
        loads: spread of ``exams_by_reader``.
        pairs: spread of the number of exams that two readers share, over all pairs.
        least_patient_gap: minimum distance, in positions of one reader's order, between two
            different exams of one patient; None if no reader has two such exams.
        least_washout: minimum distance, in positions, of a repeat from its first reading; None
            without repeats.
    """

    n_exams: int
    n_readings: int
    exams_by_reader: dict[int, int]
    repeats_by_reader: dict[int, int]
    hours_by_reader: dict[int, float]
    exams_by_number_of_readers: dict[int, int]
    loads: Spread
    pairs: Spread
    least_patient_gap: int | None
    least_washout: int | None

    @property
    def hours(self) -> float:
        """Time for all readings of all readers."""
        return math.fsum(self.hours_by_reader.values())

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "hours": self.hours}


@dataclass(frozen=True, slots=True)
class Correlations:
    """Summary of rank correlations that should be due to chance alone.

    Attributes:
        n: number of correlations that could be computed.
        mean: their mean; None if there are none.
        largest: the largest absolute value.
        expected_sd: the root mean square expected by chance, where the correlation of m exams has
            a standard deviation of 1 / sqrt(m - 1).
        sd: the observed root mean square.
    """

    n: int
    mean: float | None
    largest: float | None
    expected_sd: float | None
    sd: float | None

    @classmethod
    def of(cls, correlations: list[tuple[float, int]]) -> Correlations:
        """Summarize correlations, each paired with its number of exams."""
        if not correlations:
            return cls(0, None, None, None, None)
        values = np.array([value for value, _ in correlations])
        numbers = np.array([number for _, number in correlations])
        return cls(
            n=len(values),
            mean=float(values.mean()),
            largest=float(np.abs(values).max()),
            expected_sd=float(np.sqrt((1 / (numbers - 1)).mean())),
            sd=float(np.sqrt((values**2).mean())),
        )


@dataclass(frozen=True, slots=True)
class OrderStatistics:
    """Statistics that show whether the readers' orders follow a pattern.

    Attributes:
        between_readers: correlation of the positions of shared exams, for each pair of readers.
        with_import: correlation of positions with exam ids, for each reader. Ids follow the order
            of import.
    """

    between_readers: Correlations
    with_import: Correlations

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def balance(
    readings: Readings,
    *,
    readers: ArrayLike | None = None,
    seconds_per_reading: float = SECONDS_PER_READING,
) -> Balance:
    """Return the balance of ``readings``.

    Args:
        readings: of a plan, of the history, or both joined.
        readers: ids to report on, including readers without exams; by default those in
            ``readings``.
        seconds_per_reading: mean time per reading, for the hours.
    """
    ids = np.unique(readings.readers if readers is None else np.asarray(readers, dtype=np.int64))
    firsts = readings.chosen(readings.occurrences == 1)
    again = readings.chosen(readings.occurrences > 1)
    of_exams, of_repeats = _per_reader(firsts, ids), _per_reader(again, ids)
    exams, n_readers = np.unique(firsts.exams, return_counts=True)
    pairs = pairs_in(readings, ids)[np.triu_indices(len(ids), 1)]
    seconds = {
        reader: (of_exams[reader] + of_repeats[reader]) * seconds_per_reading for reader in of_exams
    }
    return Balance(
        n_exams=len(exams),
        n_readings=len(readings),
        exams_by_reader=of_exams,
        repeats_by_reader=of_repeats,
        hours_by_reader={reader: value / 3600 for reader, value in seconds.items()},
        exams_by_number_of_readers=_counted(n_readers),
        loads=Spread.of(np.array(list(of_exams.values()), dtype=np.int64)),
        pairs=Spread.of(pairs),
        least_patient_gap=_min_patient_gap(readings),
        least_washout=_min_gap(readings.readers, readings.exams, readings.positions),
    )


def order_statistics(readings: Readings) -> OrderStatistics:
    """Return Spearman correlations that show whether the order of first readings has a pattern."""
    firsts = readings.chosen(readings.occurrences == 1)
    firsts = firsts.chosen(np.lexsort((firsts.exams, firsts.readers)))
    return OrderStatistics(
        between_readers=Correlations.of(list(_between_readers(firsts))),
        with_import=Correlations.of(list(_with_import(firsts))),
    )


def _per_reader(readings: Readings, ids: Ids) -> dict[int, int]:
    counts = dict(
        zip(*(c.tolist() for c in np.unique(readings.readers, return_counts=True)), strict=True)
    )
    return {reader: counts.get(reader, 0) for reader in ids.tolist()}


def _counted(values: NDArray[np.intp]) -> dict[int, int]:
    distinct, counts = np.unique(values, return_counts=True)
    return dict(zip(distinct.tolist(), counts.tolist(), strict=True))


def _min_patient_gap(readings: Readings) -> int | None:
    known = readings.chosen(readings.patients != UNKNOWN)
    # Successive exams of one patient in a reader's order, except repeats of the same exam.
    order = np.lexsort((known.positions, known.patients, known.readers))
    row = known.chosen(order)
    is_same = (np.diff(row.readers) == 0) & (np.diff(row.patients) == 0) & (np.diff(row.exams) != 0)
    gaps = np.diff(row.positions)[is_same]
    return int(gaps.min()) if gaps.size else None


def _min_gap(readers: Ids, ids: Ids, positions: Ids) -> int | None:
    """Return the minimum distance between two positions of one reader with the same id.

    Returns None if no reader has an id twice.
    """
    order = np.lexsort((positions, ids, readers))
    is_same = (np.diff(readers[order]) == 0) & (np.diff(ids[order]) == 0)
    gaps = np.diff(positions[order])[is_same]
    return int(gaps.min()) if gaps.size else None


def _between_readers(firsts: Readings) -> Iterator[tuple[float, int]]:
    for first, second in combinations(_by_reader(firsts), 2):
        shared, first_places, second_places = np.intersect1d(
            first.exams, second.exams, assume_unique=True, return_indices=True
        )
        if len(shared) >= _FEWEST_SHARED:
            yield (
                _spearman(first.positions[first_places], second.positions[second_places]),
                len(shared),
            )


def _with_import(firsts: Readings) -> Iterator[tuple[float, int]]:
    for own in _by_reader(firsts):
        if len(own) >= _FEWEST_SHARED:
            yield _spearman(own.positions, own.exams), len(own)


def _by_reader(readings: Readings) -> list[Readings]:
    starts = np.flatnonzero(np.diff(readings.readers, prepend=UNKNOWN - 1))
    ends = np.append(starts[1:], len(readings))[: len(starts)]
    return [readings.chosen(np.arange(s, e)) for s, e in zip(starts, ends, strict=True)]


def _spearman(first: Ids, second: Ids) -> float:
    """Return the rank correlation of two columns without ties."""
    ranks = [np.argsort(np.argsort(column)) for column in (first, second)]
    n = len(first)
    return float(1 - 6 * ((ranks[0] - ranks[1]) ** 2).sum() / (n * (n**2 - 1)))
