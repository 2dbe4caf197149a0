"""Agreement about measurements of an exam: intervals in ms, amplitudes in mV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import measurements
from ecgreview.agreement.sampling.resampling import CONFIDENCE
from ecgreview.agreement.values.bounded import Measure
from ecgreview.agreement.values.reasons import Reason

# The unit of each kind of measurement.
UNITS = {"interval": "ms", "amplitude": "mV"}

# Maximum number of exams whose measurements are kept for plotting.
MAX_POINTS = 1000


class Measured(NamedTuple):
    """Measurements of one class and kind, for exams that at least two readers measured.

    Attributes:
        column: index of the class.
        kind: kind of measurement, such as "interval".
        exams: for each exam, the index of each reader who measured it and the value; the mean
            value if the reader measured it more than once.
        is_clustered: whether any two of these exams belong to the same patient.
    """

    column: int
    kind: str
    exams: tuple[tuple[tuple[int, float], ...], ...]
    is_clustered: bool = False


def measured(
    measured_exams: Sequence[Measured], classes: Sequence[str], *, confidence: float = CONFIDENCE
) -> list[dict[str, Any]]:
    """Return the agreement of readers in their measurements, by class and kind.

    Args:
        measured_exams: the measurements.
        classes: names of the classes.
        confidence: confidence level of the intervals.

    Returns:
        ``{"class", "kind", "n_exams", "icc", "pairs", "points"}`` for each of ``measured_exams``.
        ``icc`` is ``{"readers", "agreement": ICC(A,1), "consistency": ICC(C,1)}`` for the set of
        readers with the most measurements of exams that all of them measured. ``pairs`` are
        ``{"readers", "n", "ccc", "bias", "deviation", "lower", "upper"}`` for readers who measured
        an exam in common: Lin's coefficient, and the mean difference, its standard deviation and
        the limits of agreement of Bland and Altman, the first reader minus the second, in the unit
        of the values. ``points`` are at most MAX_POINTS of the exams as in ``Measured``, sorted by
        reader and value so that they do not show the order of the exams. Readers are indexes.

    Raises:
        BadConfidence: ``confidence`` is not between 0 and 1.
        BadMeasurements: a value is infinite, or its square is.
    """
    return [
        {
            "class": classes[exams.column],
            "kind": exams.kind,
            "n_exams": len(exams.exams),
            **_Comparison(exams, confidence).to_json(),
            "points": _points(exams.exams),
        }
        for exams in measured_exams
    ]


class _Comparison:
    """The measurements of one class and kind, readers by exams."""

    def __init__(self, measurements_of_class: Measured, confidence: float) -> None:
        self.readers = sorted(
            {reader for exam in measurements_of_class.exams for reader, _ in exam}
        )
        self.why_no_interval = (
            Reason.MEASUREMENTS_OF_PATIENTS if measurements_of_class.is_clustered else ""
        )
        self.confidence = confidence
        self.values = np.full((len(self.readers), len(measurements_of_class.exams)), np.nan)
        at = {reader: row for row, reader in enumerate(self.readers)}
        for column, exam in enumerate(measurements_of_class.exams):
            for reader, value in exam:
                self.values[at[reader], column] = value

    def to_json(self) -> dict[str, Any]:
        """Return the ICC of the most complete set of readers, and the coefficients of each pair."""
        return {"icc": self._icc(), "pairs": list(self._pairs())}

    def _icc(self) -> dict[str, Any]:
        rows = _most_complete(~np.isnan(self.values))
        icc = measurements.intraclass(self.values[rows], confidence=self.confidence)
        return {
            "readers": [self.readers[row] for row in rows],
            "agreement": self._json(icc.agreement),
            "consistency": self._json(icc.consistency),
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

    def _json(self, value: Measure) -> dict[str, Any]:
        if self.why_no_interval and value.estimate is not None:
            value = Measure.alone(value.estimate, value.n, self.why_no_interval)
        return dict(value.to_json())


def without_points(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return the results of a report without the measurements of single exams.

    These are shown separately, and only when nobody is reading the exams anymore.
    """
    if "measured" not in results:
        return dict(results)
    rows = [{key: row[key] for key in row if key != "points"} for row in results["measured"]]
    return {**results, "measured": rows}


def _most_complete(is_measured: NDArray[np.bool_]) -> list[int]:
    """Return the readers with the most measurements of exams that all of them measured.

    Candidates are the sets of readers of each exam; ties go to the larger set, then to the
    set of earlier readers.

    Args:
        is_measured: shape (n_readers, n_exams).
    """
    sets, n_exams = np.unique(is_measured, axis=1, return_counts=True)
    sizes = sets.sum(axis=0)
    holds = sets.T.astype(np.int64) @ sets == sizes  # axes: exam, readers to include
    n_measurements = n_exams @ holds * sizes
    best = max(
        range(len(sizes)),
        key=lambda place: (n_measurements[place], sizes[place], sets[:, place].tolist()),
    )
    return [int(row) for row in np.flatnonzero(sets[:, best])]


def _points(
    exams: Sequence[tuple[tuple[int, float], ...]],
) -> list[list[list[float]]]:
    ordered = sorted(exams)
    places = np.linspace(0, len(ordered) - 1, min(len(ordered), MAX_POINTS)).round().astype(int)
    return [[[reader, value] for reader, value in ordered[place]] for place in places.tolist()]
