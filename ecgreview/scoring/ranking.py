r"""Area under the ROC curve and average precision, with standard errors for clustered exams.

Each exam i has a linearized value :math:`z_i`, its influence on the estimate. The values sum to 0,
and the variance is the sum over patients u of :math:`(\sum_{i \in u} z_i)^2`, because exams of one
patient are alike.

DeLong's error is too small for rare classes and for areas close to 1, and 0 for a perfect ranking.
The interval of an area under the ROC curve is therefore Newcombe's, for the effective numbers of
exams that follow from the errors with and without clusters. Other intervals are computed on the
logit scale. The resulting coverage is in tests/domain/scoring/test_scores.py.

Source:
    DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44:837-845; Obuchowski 1997, Biometrics
    53:567-578, for patients with several exams; Newcombe 2006, Stat Med 25:559-573, method 5;
    Hampel 1974, J Am Stat Assoc 69:383-393, for influence functions; Boyd, Eng & Page 2013, ECML
    PKDD, LNCS 8190:451-466, for average precision and the logit scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.special import expit

from ecgreview.agreement.values.bounded import Measure, tail_of
from ecgreview.agreement.values.intervals import LINEARIZED
from ecgreview.agreement.values.reasons import Reason

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Units = NDArray[np.intp]

NEWCOMBE = "newcombe"

# Standard errors below this are rounding errors.
_ROUNDING = 1e-12

# Limits of intervals differ at least this much from the area.
_APART = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Linearized:
    """An estimate with the influence of each patient.

    Attributes:
        value: the estimate.
        influence: shape (n_units,); sums over the exams of a patient.
        informative: the patients with the class, or those without it if these are fewer; of a
            mean, those of any class. There is one more than degrees of freedom of the interval.
    """

    value: float
    influence: Array
    informative: Units

    @property
    def standard_error(self) -> float:
        return float(np.sqrt(np.square(self.influence).sum()))

    def measure(self, n: int, confidence: float) -> Measure:
        """Return the estimate with a logit interval.

        There is no interval if no exam differs from the others, such as for a perfect ranking: new
        exams may still differ.
        """
        error = self.standard_error
        spread = self.value * (1 - self.value)
        if error <= _ROUNDING or spread <= _ROUNDING:
            return Measure.alone(self.value, n, Reason.NO_SPREAD)
        center = np.log(self.value / (1 - self.value))
        width = stats.t.ppf(1 - tail_of(confidence), len(self.informative) - 1) * error / spread
        low, high = expit(center - width), expit(center + width)
        return Measure.between(self.value, low, high, n, LINEARIZED)


def mean(parts: list[Linearized]) -> Linearized:
    """Return the mean of estimates from the same patients; ``parts`` is not empty."""
    influence = np.mean([part.influence for part in parts], axis=0)
    informative = np.unique(np.concatenate([part.informative for part in parts]))
    return Linearized(float(np.mean([part.value for part in parts])), influence, informative)


def roc_interval(
    area: Linearized,
    is_present: Mask,
    *,
    unclustered_error: float,
    n_patients: int,
    confidence: float,
) -> Measure:
    """Return an area under the ROC curve with its interval.

    Args:
        area: the area; its error accounts for clusters.
        is_present: shape (n_exams,).
        unclustered_error: standard error if every exam were of a patient of its own.
        n_patients: all exams of a patient count as one if no exam differs from the others.
        confidence: confidence level of the interval.
    """
    n = len(is_present)
    n_present = int(is_present.sum())
    effect = (
        max(1.0, (area.standard_error / unclustered_error) ** 2)
        if unclustered_error > _ROUNDING
        else n / n_patients
    )
    z = stats.norm.ppf(1 - tail_of(confidence))

    def outside(limit: float) -> float:
        variance = effect * _newcombe_variance(limit, n_present, n - n_present)
        return float((area.value - limit) ** 2 - z**2 * variance)

    # Not up to the area itself, which is also a solution if it is 0 or 1.
    below, above = area.value - _APART, area.value + _APART
    low = optimize.brentq(outside, 0.0, below) if below > 0 and outside(0.0) > 0 else 0.0
    high = optimize.brentq(outside, above, 1.0) if above < 1 and outside(1.0) > 0 else 1.0
    return Measure.between(area.value, low, high, n, NEWCOMBE)


def _newcombe_variance(area: float, n_present: int, n_absent: int) -> float:
    mean_size = (n_present + n_absent) / 2
    lower, higher = (1 - area) / (2 - area), area / (1 + area)
    spread = 1 + (mean_size - 1) * (lower + higher)
    return area * (1 - area) * spread / (n_present * n_absent)


def auroc(scores: Array, is_present: Mask, units: Units, n_units: int) -> Linearized:
    """Return the area under the ROC curve. Without clusters, its error is DeLong's.

    Args:
        scores: shape (n_exams,).
        is_present: the same shape; with both values among the exams.
        units: the same shape; index of the patient.
        n_units: number of patients, of all classes.
    """
    n_present = int(is_present.sum())
    n_absent = len(scores) - n_present
    ranks = stats.rankdata(scores)
    # Share of the other side that is ranked lower, ties counting half.
    above = (ranks[is_present] - stats.rankdata(scores[is_present])) / n_absent
    below = 1 - (ranks[~is_present] - stats.rankdata(scores[~is_present])) / n_present
    value = float(above.mean())
    influence = _of_units(above - value, units[is_present], n_units)
    influence += _of_units(below - value, units[~is_present], n_units)
    return Linearized(value, influence, _informative(is_present, units))


def average_precision(scores: Array, is_present: Mask, units: Units, n_units: int) -> Linearized:
    """Return average precision: the mean, over exams with the class, of the precision at their
    score. Arguments as in ``auroc``.
    """
    n_present = int(is_present.sum())
    order = np.argsort(-scores, kind="stable")
    ranked, present = scores[order], is_present[order]
    # Exams with the same score are reached together.
    last = np.searchsorted(-ranked, -ranked, side="right") - 1
    first = np.searchsorted(-ranked, -ranked, side="left")
    n_found = np.cumsum(present)[last]
    n_reached = last + 1
    precision = n_found / n_reached
    value = float(precision[present].mean())
    gained = _from_lowest(present / n_reached)[first]
    lost = _from_lowest(present * n_found / np.square(n_reached))[first]
    z = (present * (precision + gained - value) - lost) / n_present
    n_patients = len(np.unique(units))
    influence: Array = np.bincount(units[order], z, minlength=n_units).astype(np.float64)
    return Linearized(value, influence * _correction(n_patients), _informative(is_present, units))


def _informative(is_present: Mask, units: Units) -> Units:
    return min((np.unique(units[side]) for side in (is_present, ~is_present)), key=len)


def _of_units(deviations: Array, units: Units, n_units: int) -> Array:
    """Return the influence of patients through the exams on one side of the comparison."""
    n_patients = len(np.unique(units))
    sums = np.bincount(units, deviations, minlength=n_units) / len(deviations)
    return np.asarray(sums * _correction(n_patients))


def _correction(n: int) -> float:
    """Return by how much deviations from a mean of ``n`` patients are too small."""
    return float(np.sqrt(n / (n - 1))) if n > 1 else 1.0


def _from_lowest(values: Array) -> Array:
    """Return the sum of each value and of those with a lower score."""
    return np.asarray(np.cumsum(values[::-1])[::-1])
