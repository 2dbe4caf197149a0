"""Scores of predictions, per class and on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.values import proportions
from ecgreview.agreement.values.bounded import Measure, tail_of
from ecgreview.agreement.values.intervals import MeasureJson
from ecgreview.agreement.values.reasons import Reason

from . import ranking
from .ranking import Linearized

# Predictions from this probability on count as present.
THRESHOLD = 0.5

# Patients with the class, and without it, that a score needs. Fewer would not support an interval,
# and repeated attempts could find out the labels of single exams.
MIN_PATIENTS = 5

# Decimals of stored scores. The third one of a rare class, or of a mean over few classes, is noise,
# but would help to find out the labels of single exams.
DECIMALS = 3
FEWER_DECIMALS = 2
MIN_PATIENTS_FOR_DECIMALS = 100
MIN_CLASSES_FOR_DECIMALS = 10

MEASURES = ("auroc", "average_precision", "sensitivity", "specificity", "precision", "f1")


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of one class.

    Attributes:
        n_present, n_absent: exams with and without the class; exams where it is neither present nor
            absent do not count. None if the class is not scored: they would reveal too much.
        auroc: area under the ROC curve.
        average_precision: the area under the precision-recall curve, without interpolation.
        sensitivity, specificity, precision, f1: at ``THRESHOLD``.
        decimals: number of decimals to which they are stored.
    """

    n_present: int | None
    n_absent: int | None
    auroc: Measure
    average_precision: Measure
    sensitivity: Measure
    specificity: Measure
    precision: Measure
    f1: Measure
    decimals: int

    @property
    def is_scored(self) -> bool:
        return self.auroc.estimate is not None

    def to_json(self) -> dict[str, Any]:
        content = {
            "n_present": self.n_present, "n_absent": self.n_absent, "decimals": self.decimals
        }  # fmt: skip
        return content | {name: _rounded(getattr(self, name), self.decimals) for name in MEASURES}


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a file.

    Attributes:
        classes: by code, in the order of the columns.
        macro: means over the classes that are scored, by the names of ``ClassScores``: of the area
            under the ROC curve and of average precision; ``n`` is the number of these classes.
    """

    classes: Mapping[str, ClassScores]
    macro: Mapping[str, Measure]

    @property
    def decimals(self) -> int:
        """Number of decimals to which the means are stored."""
        scored = [scores for scores in self.classes.values() if scores.is_scored]
        if len(scored) >= MIN_CLASSES_FOR_DECIMALS:
            return DECIMALS
        return min((scores.decimals for scores in scored), default=DECIMALS)

    def to_json(self) -> dict[str, Any]:
        macro = {name: _rounded(measure, self.decimals) for name, measure in self.macro.items()}
        return {
            "threshold": THRESHOLD,
            "classes": {code: scores.to_json() for code, scores in self.classes.items()},
            "macro": {"decimals": self.decimals, **macro},
        }


def score(
    values: NDArray[np.float64],
    truth: NDArray[np.float64],
    codes: Sequence[str],
    patients: NDArray[np.intp],
    *,
    confidence: float = 0.95,
) -> Scores:
    """Return the scores of predictions.

    Args:
        values: shape (n_exams, n_classes); probabilities from 0 to 1.
        truth: the same shape; 1 present, 0 absent, NaN neither.
        codes: the classes, in the order of the columns.
        patients: shape (n_exams,); index of the patient from 0, by whom errors are clustered.
        confidence: confidence level of the intervals. Those of shares at the threshold are Wilson's
            for an effective number of exams, and that of F1 follows from the Jaccard index. For the
            others see ``ranking``.

    Source:
        Rao & Scott 1992, Biometrics 48:577-585, for effective numbers of clustered exams.
    """
    n_units = int(patients.max()) + 1 if len(patients) else 0
    classes: dict[str, ClassScores] = {}
    ranked: list[tuple[Linearized, Linearized]] = []
    for place, code in enumerate(codes):
        is_known = ~np.isnan(truth[:, place])
        case = _Class(
            values[is_known, place], truth[is_known, place] == 1, patients[is_known], n_units
        )
        if not case.is_supported:
            classes[code] = case.refused()
            continue
        areas = case.areas()
        ranked.append(areas)
        classes[code] = case.scores(areas, confidence)
    return Scores(classes, _macro(ranked, confidence))


def _macro(
    ranked: Sequence[tuple[Linearized, Linearized]], confidence: float
) -> dict[str, Measure]:
    if not ranked:
        return {name: Measure.undefined(0, Reason.FEW_CASES) for name in MEASURES[:2]}
    return {
        name: ranking.mean(list(parts)).measure(len(ranked), confidence)
        for name, parts in zip(MEASURES[:2], zip(*ranked, strict=True), strict=True)
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
    """The exams in which a class is present or absent."""

    values: NDArray[np.float64]
    is_present: NDArray[np.bool_]
    patients: NDArray[np.intp]
    n_units: int

    @property
    def n_patients(self) -> int:
        """Number of patients with the class, or without it if these are fewer."""
        sides = (self.patients[self.is_present], self.patients[~self.is_present])
        return min(len(np.unique(side)) for side in sides)

    @property
    def is_supported(self) -> bool:
        return self.n_patients >= MIN_PATIENTS

    def refused(self) -> ClassScores:
        undefined = Measure.undefined(0, Reason.FEW_CASES)
        measures = dict.fromkeys(MEASURES, undefined)
        return ClassScores(None, None, decimals=FEWER_DECIMALS, **measures)

    def areas(self) -> tuple[Linearized, Linearized]:
        data = (self.values, self.is_present, self.patients, self.n_units)
        return ranking.auroc(*data), ranking.average_precision(*data)

    def scores(self, areas: tuple[Linearized, Linearized], confidence: float) -> ClassScores:
        is_marked = self.values >= THRESHOLD
        tail, present = tail_of(confidence), self.is_present
        either = is_marked | present
        overlap = self._share(is_marked & present, either, Reason.IN_NEITHER, tail)
        return ClassScores(
            *self._sizes(),
            self._roc(areas[0], confidence),
            areas[1].measure(len(self.values), confidence),
            sensitivity=self._share(is_marked, present, Reason.REFERENCE_NEVER, tail),
            specificity=self._share(~is_marked, ~present, Reason.REFERENCE_ALWAYS, tail),
            precision=self._share(present, is_marked, Reason.NEVER_PREDICTED, tail),
            f1=proportions.f1_of_overlap(overlap),
            decimals=DECIMALS if self.n_patients >= MIN_PATIENTS_FOR_DECIMALS else FEWER_DECIMALS,
        )

    def _roc(self, area: Linearized, confidence: float) -> Measure:
        n = len(self.values)
        unclustered = ranking.auroc(self.values, self.is_present, np.arange(n), n)
        return ranking.roc_interval(
            area,
            self.is_present,
            unclustered_error=unclustered.standard_error,
            n_patients=len(np.unique(self.patients)),
            confidence=confidence,
        )

    def _sizes(self) -> tuple[int, int]:
        n_present = int(self.is_present.sum())
        return n_present, len(self.is_present) - n_present

    def _share(
        self,
        is_hit: NDArray[np.bool_],
        where: NDArray[np.bool_],
        reason: str,
        tail: float,
    ) -> Measure:
        """Return the share of hits among the exams ``where``, with a Wilson interval."""
        hits, units = is_hit[where].astype(np.float64), self.patients[where]
        if not len(hits):
            return Measure.undefined(0, reason)
        share = float(hits.mean())
        effect = _design_effect(hits - share, units)
        n = np.array([len(hits) / effect])
        low, high = proportions.wilson(share * n, n, tail)
        return Measure.between(share, low[0], high[0], len(hits), proportions.WILSON)


def _design_effect(deviations: NDArray[np.float64], units: NDArray[np.intp]) -> float:
    """Return how much larger the variance is because patients have several exams; at least 1.

    The exams of a patient count as one if no exam differs from the others, or if there is only one
    patient.
    """
    n, n_patients = len(units), len(np.unique(units))
    unclustered = float(np.square(deviations).sum())
    if unclustered == 0 or n_patients == 1:
        return n / n_patients
    clustered = float(np.square(np.bincount(units, deviations)).sum())
    # Both variances are estimated, from patients and from exams.
    correction = n_patients / (n_patients - 1) * (n - 1) / n
    return max(1.0, correction * clustered / unclustered)


def _rounded(measure: Measure, decimals: int) -> MeasureJson:
    content = measure.to_json()
    for name in ("estimate", "low", "high"):
        value = content[name]
        content[name] = None if value is None else round(value, decimals)
    return content
