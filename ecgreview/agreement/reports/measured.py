"""How far readers agree in what they measured of an exam: intervals in ms, amplitudes in mV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import measurements
from ecgreview.agreement.sampling.resampling import CONFIDENCE
from ecgreview.agreement.values.bounded import Measure
from ecgreview.agreement.values.reasons import Reason

MAX_POINTS = 1000
"""Of so many exams the measurements themselves are kept, for drawing."""


class Measured(NamedTuple):
    """What was measured for one class in one way, of exams that two readers or more measured.

    Attributes:
        column: the index of the class.
        kind: of measurement, such as "interval".
        exams: of each exam the index of each reader who measured it, and the value, which is the
            mean where the reader measured it more than once.
        is_clustered: whether two of these exams are of one patient.
    """

    column: int
    kind: str
    exams: tuple[tuple[tuple[int, float], ...], ...]
    is_clustered: bool = False


def measured(
    found: Sequence[Measured], classes: Sequence[str], *, confidence: float = CONFIDENCE
) -> list[dict[str, Any]]:
    """Return how far readers agree in their measurements, by class and kind.

    Args:
        found: what was measured.
        classes: the names of the classes.
        confidence: of the intervals.

    Returns:
        ``{"class", "kind", "n_exams", "icc", "pairs", "points"}``, a line for each of ``found``.
        ``icc`` is ``{"readers", "agreement": ICC(A,1), "consistency": ICC(C,1)}`` of the set of
        readers who have the most measurements of exams that all of them measured. ``pairs`` are
        ``{"readers", "n", "ccc", "bias", "deviation", "lower", "upper"}`` of those who measured
        an exam in common: Lin's coefficient, and the mean difference, its standard deviation and
        the limits of agreement of Bland and Altman, the first reader minus the second, in the unit
        of the values. ``points`` are the exams as in ``Measured``, in no order of the exams, at
        most MAX_POINTS of them. Readers are indexes.

    Raises:
        BadConfidence: ``confidence`` is not above 0 and below 1.
        BadMeasurements: a value is infinite or nearly so.
    """
    return [
        {
            "class": classes[one.column],
            "kind": one.kind,
            "n_exams": len(one.exams),
            **_Comparison(one, confidence).told(),
            "points": _points(one.exams),
        }
        for one in found
    ]


class _Comparison:
    """The measurements of one class and kind, readers by exams."""

    def __init__(self, one: Measured, confidence: float) -> None:
        self.readers = sorted({reader for exam in one.exams for reader, _ in exam})
        self.why_no_interval = Reason.MEASUREMENTS_OF_PATIENTS if one.is_clustered else ""
        self.confidence = confidence
        self.values = np.full((len(self.readers), len(one.exams)), np.nan)
        at = {reader: row for row, reader in enumerate(self.readers)}
        for column, exam in enumerate(one.exams):
            for reader, value in exam:
                self.values[at[reader], column] = value

    def told(self) -> dict[str, Any]:
        """Return what is the same for all readers together, and pair by pair."""
        return {"icc": self._icc(), "pairs": list(self._pairs())}

    def _icc(self) -> dict[str, Any]:
        rows = _most_complete(~np.isnan(self.values))
        found = measurements.intraclass(self.values[rows], confidence=self.confidence)
        return {
            "readers": [self.readers[row] for row in rows],
            "agreement": self._json(found.agreement),
            "consistency": self._json(found.consistency),
        }

    def _pairs(self) -> Iterator[dict[str, Any]]:
        is_measured = (~np.isnan(self.values)).astype(np.int64)
        n_common = is_measured @ is_measured.T
        for first, second in combinations(range(len(self.readers)), 2):
            if not n_common[first, second]:
                continue
            two = self.values[first], self.values[second]
            limits = measurements.limits_of_agreement(*two, confidence=self.confidence)
            yield {
                "readers": [self.readers[first], self.readers[second]],
                "n": int(n_common[first, second]),
                "ccc": self._json(measurements.lin_concordance(*two, confidence=self.confidence)),
                "bias": self._json(limits.bias),
                "deviation": limits.deviation,
                "lower": self._json(limits.lower),
                "upper": self._json(limits.upper),
            }

    def _json(self, one: Measure) -> dict[str, Any]:
        if self.why_no_interval and one.estimate is not None:
            one = Measure.alone(one.estimate, one.n, self.why_no_interval)
        return dict(one.to_json())


def _most_complete(is_measured: NDArray[np.bool_]) -> list[int]:
    """Return the readers who together have the most measurements of exams that all measured.

    Of the sets of readers that any exam has; of equals the larger, then the first.

    Args:
        is_measured: shape (n_readers, n_exams).
    """
    sets, n_exams = np.unique(is_measured, axis=1, return_counts=True)
    sizes = sets.sum(axis=0)
    holds = sets.T.astype(np.int64) @ sets == sizes  # (the set of an exam, whom it must hold)
    n_measurements = n_exams @ holds * sizes
    best = max(
        range(len(sizes)), key=lambda one: (n_measurements[one], sizes[one], sets[:, one].tolist())
    )
    return [int(row) for row in np.flatnonzero(sets[:, best])]


def _points(
    exams: Sequence[tuple[tuple[int, float], ...]],
) -> list[list[list[float]]]:
    ordered = sorted(exams)
    places = np.linspace(0, len(ordered) - 1, min(len(ordered), MAX_POINTS)).round().astype(int)
    return [[[reader, value] for reader, value in ordered[place]] for place in places.tolist()]
