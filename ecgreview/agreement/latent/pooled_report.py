"""Pooled estimates of classes too rare to be fitted alone, in the form stored in reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from ecgreview.agreement.counts.patterns import PatternCount
from ecgreview.agreement.values.bounded import Measure, tail_of
from ecgreview.agreement.values.coefficient import Causes, Estimates
from ecgreview.agreement.values.intervals import MeasureJson
from ecgreview.agreement.values.reasons import Reason

from . import pooled
from .design import Design
from .em import Floats
from .plausibility import MIN_TRUE_POSITIVES

# Method name of these intervals: see ``pooled_errors``.
CURVATURE = "curvature"

# A tenth of a second with 3 readers and 66 classes; a few seconds with many readers.
TOLERANCE, MAX_STEPS = 1e-10, 1000


class Skill(TypedDict):
    """A reader's skill in a class; ``n`` is the number of readings."""

    reader: int
    sensitivity: MeasureJson
    specificity: MeasureJson


class PooledFields(TypedDict):
    """Pooled estimates of one class; ``n`` is the number of exams read. ``readers`` are the readers
    who assessed the class.
    """

    prevalence: MeasureJson
    readers: list[Skill]


def refusals(design: Design) -> Causes:
    """Return the reasons why classes cannot be pooled, with masks of shape (n_classes,).

    A class is pooled with other classes that are identified without it; at least two of its readers
    must have read one of these. If there is no such class, the class is refused for the same reason
    as when fitted alone, because pairs of readers identify no class.
    """
    alone = design.refusals()
    is_donor = ~np.logical_or.reduce([mask for mask, _ in alone])
    n_donors = is_donor.sum() - is_donor
    has_donor = n_donors > 0
    is_known = (design.n_readings[is_donor] > 0).any(axis=0)
    n_known = ((design.n_readings > 0) & is_known).sum(axis=1)
    # The first three reasons apply in any case: pooling cannot help such a class.
    unmet, unidentified = alone[:3], alone[3:]
    return (
        *unmet,
        *((mask & ~has_donor, reason) for mask, reason in unidentified),
        (~has_donor, Reason.NO_DONOR),
        (n_known < 2, Reason.READERS_APART),
    )


def report(
    patterns: PatternCount, is_requested: NDArray[np.bool_], effects: Floats, confidence: float
) -> list[PooledFields | None]:
    """Return the pooled estimates of each requested class, and None for the other classes.

    Args:
        patterns: the answers; counts of shape (n_classes, n_patterns).
        is_requested: shape (n_classes,); whether the class is refused when fitted alone, or too
            rare.
        effects: as in ``pooled.fit``.
        confidence: confidence level of the intervals, between 0 and 1.

    Raises:
        BadPatterns: as in ``pooled.fit``.
        BadConfidence: ``confidence`` is not between 0 and 1.
    """
    design, reach = Design.of(patterns), float(ndtri(1 - tail_of(confidence)))
    refused = refusals(design)
    reasons = Estimates(np.full(len(is_requested), np.nan), refused).reasons.tolist()
    is_possible = np.array([reason == "" for reason in reasons], dtype=np.bool_) & is_requested
    results = _Results.of(patterns, effects, reach) if is_possible.any() else None
    return [
        results.pooled_fields(design, row)
        if results is not None and is_possible[row]
        else without(int(design.counts[row].sum()), reasons[row])
        if is_requested[row]
        else None
        for row in range(len(is_requested))
    ]


def without(n_exams: int, reason: str) -> PooledFields:
    """Return the fields of a class that cannot be pooled; ``reason`` says why."""
    return {"prevalence": Measure.undefined(n_exams, reason).to_json(), "readers": []}


@dataclass(frozen=True, slots=True, eq=False)
class _Results:
    """Results of the pooled model; arrays have shape (n_classes, 1 + 2 n_readers).

    The first column is the prevalence; then come sensitivities, then specificities. ``doubts`` says
    for each class why its fit is implausible; usually empty.
    """

    doubts: list[str]
    values: Floats
    reasons: NDArray[np.str_]
    low: Floats
    high: Floats

    @classmethod
    def of(cls, patterns: PatternCount, effects: Floats, reach: float) -> _Results:
        """Fit the model; intervals extend ``reach`` standard errors to each side, on the
        logit scale.
        """
        occurs = (patterns.counts > 0).any(axis=0)
        met = PatternCount(patterns.patterns[occurs], patterns.counts[:, occurs])
        fit = pooled.fit(met, effects=effects, tolerance=TOLERANCE, max_steps=MAX_STEPS)
        of = (fit.classes.prevalence, fit.classes.sensitivity, fit.classes.specificity)
        values = np.column_stack([estimates.values for estimates in of])
        reasons = np.column_stack([estimates.reasons for estimates in of])
        middle, width = logit(values), reach * fit.errors  # 1 - p has the same error as p
        doubts = Estimates(
            values[:, 0], fit.classes.plausibility.refusals(MIN_TRUE_POSITIVES, effects)
        )
        return cls(
            doubts.reasons.tolist(), values, reasons, expit(middle - width), expit(middle + width)
        )

    def pooled_fields(self, design: Design, row: int) -> PooledFields:
        """Return the pooled estimates of the class of ``row``, or why its fit is implausible."""
        if self.doubts[row]:
            return without(int(design.counts[row].sum()), self.doubts[row])
        n_readers = design.n_readings.shape[1]
        n_readings = design.n_readings[row].astype(int).tolist()
        return {
            "prevalence": self._measure(row, 0, int(design.counts[row].sum())),
            "readers": [
                {
                    "reader": reader,
                    "sensitivity": self._measure(row, 1 + reader, n),
                    "specificity": self._measure(row, 1 + n_readers + reader, n),
                }
                for reader, n in enumerate(n_readings)
                if n
            ],
        }

    def _measure(self, row: int, column: int, n: int) -> MeasureJson:
        value, low, high = (
            float(bound[row, column]) for bound in (self.values, self.low, self.high)
        )
        if np.isnan(low):
            return Measure.alone(value, n, Reason.NO_CURVATURE).to_json()
        measure = Measure.between(value, low, high, n, CURVATURE).to_json()
        return {**measure, "reason": str(self.reasons[row, column])}
