"""Krippendorff's alpha of sets of classes, with distances that give credit for overlap."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts import states
from ecgreview.agreement.counts.patterns import MISSING, PRESENT, BadRatings
from ecgreview.agreement.values.bounded import Measure, refuse_bad_replicates, tail_of
from ecgreview.agreement.values.coefficient import Coefficient
from ecgreview.agreement.values.reasons import Reason

_SETS_AT_ONCE = 512
_REPLICATES_AT_ONCE = 100


class Distance(StrEnum):
    """Distance between two sets, 0 to 1.

    Two empty sets both say that no class applies, so their distance is 0. The distance of an empty
    set from any other set is 1.
    """

    JACCARD = "jaccard"
    MASI = "masi"


def distances(
    first: NDArray[np.int8], second: NDArray[np.int8], distance: Distance = Distance.MASI
) -> NDArray[np.float64]:
    r"""Return the distance of every reading of ``first`` from every reading of ``second``.

    Jaccard: :math:`1 - |A \cap B| / |A \cup B|`. MASI: :math:`1 - m |A \cap B| / |A \cup B|`,
    where m is 1 for equal sets, 2/3 when one contains the other, 1/3 when they overlap, else 0.
    A class that either reader could not assess is left out of both sets.

    Args:
        first: shape (n, n_classes), int8; 0 missing, 1 absent, 2 present.
        second: shape (m, n_classes), int8; the same states.
        distance: the distance to use.

    Returns:
        Shape (n, m), from 0 to 1.

    Raises:
        BadRatings: wrong shape, an unknown state, or different numbers of classes.

    Source:
        Passonneau 2006, Measuring Agreement on Set-valued Items (MASI), LREC 2006.
    """
    for sets in (first, second):
        states.refuse_bad(sets, "readings, classes")
    if first.shape[1] != second.shape[1]:
        raise BadRatings(f"the sets have {first.shape[1]} and {second.shape[1]} classes")
    is_present, other_is_present = (
        (sets == PRESENT).astype(np.float32) for sets in (first, second)
    )
    assessed, other_assessed = ((sets != MISSING).astype(np.float32) for sets in (first, second))
    # Single precision is exact for sums of up to 2**24 ones.
    return _distance(
        is_present @ other_is_present.T,
        is_present @ other_assessed.T,
        assessed @ other_is_present.T,
        distance,
    )


def set_alpha(ratings: NDArray[np.int8], distance: Distance = Distance.MASI) -> Coefficient:
    r"""Return Krippendorff's alpha of the sets of classes that readers marked.

    .. math:: \alpha = 1 - D_o / D_e

    where :math:`D_o` is the mean distance of two readings of one exam and :math:`D_e` that of two
    readings drawn without replacement from all exams compared. Exams read only once are left out.

    Args:
        ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present. A
            reader for whom all classes are missing has not read the exam.
        distance: distance between two sets.

    Returns:
        At most 1; 0 is chance. Undefined when all readings of the exams compared are equal.

    Raises:
        BadRatings: wrong shape or an unknown state.

    Source:
        Hayes & Krippendorff 2007, Communication Methods and Measures 1(1):77-89.
    """
    sets = SetCount.of(ratings)
    if not sets.n_compared:
        return Coefficient(None, Reason.NOT_COMPARED)
    (value,) = sets.alphas(sets.n_exams[None, :], distance)
    return Coefficient(None, Reason.ALL_ALIKE) if np.isnan(value) else Coefficient(float(value))


def set_alpha_measure(
    ratings: NDArray[np.int8],
    rng: np.random.Generator,
    *,
    distance: Distance = Distance.MASI,
    n_replicates: int = 1000,
    confidence: float = 0.95,
) -> Measure:
    """Return ``set_alpha`` with a percentile interval from the exam bootstrap.

    Args:
        ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
        rng: random generator.
        distance: distance between two sets.
        n_replicates: number of resamples.
        confidence: confidence level of the interval.

    Returns:
        At most 1; ``n`` is the number of exams read by at least two readers.

    Raises:
        BadRatings: wrong shape or an unknown state.
        BadConfidence: ``confidence`` is not between 0 and 1.
        BadReplicates: ``n_replicates`` is not a non-negative integer.

    Source:
        Zapf et al. 2016, BMC Med Res Methodol 16:93.
    """
    tail_of(confidence)
    refuse_bad_replicates(n_replicates)
    sets = SetCount.of(ratings)
    if not sets.n_compared:
        return Measure.undefined(0, Reason.NOT_COMPARED)
    (value,) = sets.alphas(sets.n_exams[None, :], distance)
    if np.isnan(value):
        return Measure.undefined(sets.n_compared, Reason.ALL_ALIKE)
    return Measure.of_replicates(
        value,
        sets.bootstrap(distance, n_replicates, rng),
        n=sets.n_compared,
        confidence=confidence,
    )


@dataclass(frozen=True, slots=True, eq=False)
class SetCount:
    """Counts of exams by the sets of classes marked in them; exams read only once are left out.

    Exams with the same sets, in any order of readers, are of one kind.

    Attributes:
        sets: shape (n_sets, n_classes), int8; the distinct readings, as states.
        readings: shape (n_readings, 2), int64; for each reading of each kind of exam, the index of
            the kind and the index of its set; ordered by set.
        n_exams: shape (n_kinds,), float64; number of exams of each kind.
        kind: shape (number of all exams,), int64; index of the kind of each exam, -1 if read less
            than twice.
    """

    sets: NDArray[np.int8]
    readings: NDArray[np.int64]
    n_exams: NDArray[np.float64]
    kind: NDArray[np.int64]

    @classmethod
    def of(cls, ratings: NDArray[np.int8], times: NDArray[np.float64] | None = None) -> Self:
        """Count the readings of ``ratings``.

        Args:
            ratings: shape (n_readers, n_exams, n_classes).
            times: shape (n_exams,); number of exams that each of these exams represents.

        Raises:
            BadRatings: wrong shape or an unknown state.
        """
        states.refuse_bad(ratings, "readers, exams, classes")
        has_read = (ratings != MISSING).any(axis=2)
        is_compared = has_read.sum(axis=0) >= 2
        kind_of = np.full(ratings.shape[1], -1, dtype=np.int64)
        compared = ratings[:, is_compared]
        if not compared.size:
            nothing = np.empty((0, ratings.shape[2]), dtype=np.int8)
            return cls(nothing, np.empty((0, 2), dtype=np.int64), np.empty(0), kind_of)
        sets, index = states.distinct(compared.reshape(-1, ratings.shape[2]))
        by_exam = index.reshape(compared.shape[:2]).T
        # Alpha does not depend on the order of the readers.
        kinds, place = np.unique(np.sort(by_exam, axis=1), axis=0, return_inverse=True)
        kind_of[is_compared] = place.reshape(-1)
        weights = np.ones(len(kind_of)) if times is None else times
        n_exams = np.bincount(kind_of[is_compared], weights[is_compared])
        kind, _ = np.nonzero((sets[kinds] != MISSING).any(axis=2))
        is_read = kinds[(sets[kinds] != MISSING).any(axis=2)]
        readings = np.stack([kind, is_read], axis=1)[np.argsort(is_read, kind="stable")]
        return cls(sets, readings, n_exams.astype(np.float64), kind_of)

    @property
    def n_compared(self) -> int:
        """Number of exams read by at least two readers."""
        return int(self.n_exams.sum())

    def alphas(self, n_exams: NDArray[np.float64], distance: Distance) -> NDArray[np.float64]:
        """Return alpha for each row of exam counts.

        Args:
            n_exams: shape (n_replicates, n_kinds); number of exams of each kind.
            distance: distance between two sets.

        Returns:
            Shape (n_replicates,), NaN where all readings are equal.
        """
        n_readings = np.bincount(self.readings[:, 0], minlength=len(self.n_exams))
        n = n_exams @ n_readings.astype(np.float64)
        observed = (n_exams @ self._disagreement(distance)) / np.maximum(n, 1)
        expected = self._expected(n_exams, distance) / np.maximum(n * (n - 1), 1)
        quotient = np.full_like(n, np.nan)
        np.divide(observed, expected, out=quotient, where=expected > 0)
        return np.asarray(1 - quotient)

    def bootstrap(
        self, distance: Distance, n_replicates: int, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return alpha for ``n_replicates`` resamples of the exams, NaN where it is undefined.

        Multinomial counts of the kinds of exams have the same distribution as exams drawn one at a
        time.

        Returns:
            Shape (n_replicates,).
        """
        drawn = rng.multinomial(self.n_compared, self.n_exams / self.n_compared, n_replicates)
        return self.alphas(drawn.astype(np.float64), distance)

    def _disagreement(self, distance: Distance) -> NDArray[np.float64]:
        """Return, for each kind, the sum of distances of ordered pairs of readings, divided by the
        number of readings minus 1.

        Returns:
            Shape (n_kinds,).
        """
        total = np.zeros(len(self.n_exams))
        by_kind = self.readings[np.argsort(self.readings[:, 0], kind="stable"), 1]
        n_readings = np.bincount(self.readings[:, 0], minlength=len(self.n_exams))
        starts = np.cumsum(n_readings) - n_readings
        for size in np.unique(n_readings):
            kinds = np.flatnonzero(n_readings == size)
            members = self.sets[by_kind[starts[kinds][:, None] + np.arange(size)]]
            for combination, other in combinations(range(size), 2):
                apart = _paired_distances(members[:, combination], members[:, other], distance)
                total[kinds] += 2 * apart / (size - 1)
        return total

    def _expected(self, n_exams: NDArray[np.float64], distance: Distance) -> NDArray[np.float64]:
        """Return the sum of the distances of all ordered pairs of readings, shape
        (n_replicates,).

        This is a quadratic form in the counts of the sets, computed in blocks, because the
        distances between thousands of sets would need too much memory.
        """
        kinds, set_of_reading = self.readings.T
        used, starts = np.unique(set_of_reading, return_index=True)
        counts = np.empty((len(n_exams), used.size))
        for start in range(0, len(n_exams), _REPLICATES_AT_ONCE):
            rows = slice(start, start + _REPLICATES_AT_ONCE)
            counts[rows] = np.add.reduceat(n_exams[rows][:, kinds], starts, axis=1)
        sets, total = self.sets[used], np.zeros(len(n_exams))
        for start in range(0, used.size, _SETS_AT_ONCE):
            rows = slice(start, start + _SETS_AT_ONCE)
            apart = distances(sets[rows], sets, distance)
            total += ((counts @ apart.T) * counts[:, rows]).sum(axis=1)
        return total


def _distance(
    both: NDArray[Any], n_first: NDArray[Any], n_second: NDArray[Any], distance: Distance
) -> NDArray[np.float64]:
    """Return the distances of sets of ``n_first`` and ``n_second`` classes, ``both`` in common."""
    either = n_first + n_second - both
    overlap = np.ones(both.shape)
    np.divide(both, either, out=overlap, where=either > 0, dtype=np.float64)
    if distance is Distance.JACCARD:
        return np.asarray(1 - overlap)
    is_part = both == np.minimum(n_first, n_second)
    return np.asarray(1 - overlap * np.where(either == both, 1, np.where(is_part, 2 / 3, 1 / 3)))


def _paired_distances(
    first: NDArray[np.int8], second: NDArray[np.int8], distance: Distance
) -> NDArray[np.float64]:
    """Return the distance between each row of ``first`` and the same row of ``second``."""
    is_present, other_is_present = first == PRESENT, second == PRESENT
    both = (is_present & other_is_present).sum(axis=1)
    n_first = (is_present & (second != MISSING)).sum(axis=1)
    n_second = (other_is_present & (first != MISSING)).sum(axis=1)
    return _distance(both, n_first, n_second, distance)
