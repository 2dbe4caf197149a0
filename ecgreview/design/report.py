"""What a design turned out to be: balance, and an order without pattern."""

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

SECONDS_PER_READING = 58.0
"""What an expert takes for one ECG (CODE-II, arXiv 2511.15632v1)."""

_FEWEST_SHARED = 3
"""With two exams in common the correlation of their places is 1 or -1, whatever happened."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, most and mean of some numbers; None when there are none."""

    least: int | None
    most: int | None
    mean: float | None

    @classmethod
    def of(cls, values: NDArray[np.int64]) -> Spread:
        """Return the spread of ``values``, shape (n,)."""
        if values.size == 0:
            return cls(None, None, None)
        return cls(int(values.min()), int(values.max()), float(values.mean()))


@dataclass(frozen=True, slots=True)
class Balance:
    """How even a design is.

    Attributes:
        n_exams, n_readings: how many; repeats are readings too.
        exams_by_reader: for each reader, different exams.
        repeats_by_reader: for each reader, exams read twice.
        hours_by_reader: for each reader, time for all readings.
        exams_by_number_of_readers: how many exams have 1, 2 ... different readers.
        loads: spread of ``exams_by_reader``.
        pairs: spread of the number of exams that two readers share, over all pairs.
        least_patient_gap: least distance, in places of one reader's order, of two different
            exams of one patient; None when nobody has two such exams.
        least_washout: least distance of a repeat from its first reading; None without repeats.
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
        """Return the report as plain values."""
        return {**asdict(self), "hours": self.hours}


@dataclass(frozen=True, slots=True)
class Correlations:
    """Rank correlations that should be chance.

    Attributes:
        n: how many correlations could be computed.
        mean: their mean; None when there are none.
        largest: the largest, whatever its sign.
        expected_sd: what they would differ by if all were chance: the root mean square of
            1 / sqrt(m - 1) with m exams each.
        sd: what they do differ by from 0, root mean square.
    """

    n: int
    mean: float | None
    largest: float | None
    expected_sd: float | None
    sd: float | None

    @classmethod
    def of(cls, found: list[tuple[float, int]]) -> Correlations:
        """Return the summary of correlations, each with the number of exams behind it."""
        if not found:
            return cls(0, None, None, None, None)
        values = np.array([value for value, _ in found])
        numbers = np.array([number for _, number in found])
        return cls(
            n=len(values),
            mean=float(values.mean()),
            largest=float(np.abs(values).max()),
            expected_sd=float(np.sqrt((1 / (numbers - 1)).mean())),
            sd=float(np.sqrt((values**2).mean())),
        )


@dataclass(frozen=True, slots=True)
class OrderStatistics:
    """Whether places in the orders of readers follow a pattern.

    Attributes:
        between_readers: places of the exams that two readers share, for each two readers.
        with_import: places and ids of a reader's exams, for each reader. Ids grow with import.
    """

    between_readers: Correlations
    with_import: Correlations

    def as_dict(self) -> dict[str, Any]:
        """Return the statistics as plain values."""
        return asdict(self)


def balance(
    readings: Readings,
    *,
    readers: ArrayLike | None = None,
    seconds_per_reading: float = SECONDS_PER_READING,
) -> Balance:
    """Return how even ``readings`` are.

    Args:
        readings: of a plan, of the whole history, or both joined.
        readers: whom to report on, so that who got nothing counts too; by default those in
            ``readings``.
        seconds_per_reading: for the hours.
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
        least_patient_gap=_least_patient_gap(readings),
        least_washout=_least_gap(readings.readers, readings.exams, readings.positions),
    )


def order_statistics(readings: Readings) -> OrderStatistics:
    """Return whether the places of first readings follow a pattern, by Spearman's correlation."""
    firsts = readings.chosen(readings.occurrences == 1)
    firsts = firsts.chosen(np.lexsort((firsts.exams, firsts.readers)))
    return OrderStatistics(
        between_readers=Correlations.of(list(_between_readers(firsts))),
        with_import=Correlations.of(list(_with_import(firsts))),
    )


def _per_reader(readings: Readings, ids: Ids) -> dict[int, int]:
    found = dict(
        zip(*(c.tolist() for c in np.unique(readings.readers, return_counts=True)), strict=True)
    )
    return {reader: found.get(reader, 0) for reader in ids.tolist()}


def _counted(values: NDArray[np.intp]) -> dict[int, int]:
    distinct, counts = np.unique(values, return_counts=True)
    return dict(zip(distinct.tolist(), counts.tolist(), strict=True))


def _least_patient_gap(readings: Readings) -> int | None:
    known = readings.chosen(readings.patients != UNKNOWN)
    # Neighbours of one patient in a reader's order; a repeat of the same exam is the washout's.
    order = np.lexsort((known.positions, known.patients, known.readers))
    row = known.chosen(order)
    is_same = (np.diff(row.readers) == 0) & (np.diff(row.patients) == 0) & (np.diff(row.exams) != 0)
    gaps = np.diff(row.positions)[is_same]
    return int(gaps.min()) if gaps.size else None


def _least_gap(readers: Ids, things: Ids, positions: Ids) -> int | None:
    """Return the least distance of two places of one reader that hold the same thing."""
    order = np.lexsort((positions, things, readers))
    is_same = (np.diff(readers[order]) == 0) & (np.diff(things[order]) == 0)
    gaps = np.diff(positions[order])[is_same]
    return int(gaps.min()) if gaps.size else None


def _between_readers(firsts: Readings) -> Iterator[tuple[float, int]]:
    for first, second in combinations(_by_reader(firsts), 2):
        shared, mine, yours = np.intersect1d(
            first.exams, second.exams, assume_unique=True, return_indices=True
        )
        if len(shared) >= _FEWEST_SHARED:
            yield _spearman(first.positions[mine], second.positions[yours]), len(shared)


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
