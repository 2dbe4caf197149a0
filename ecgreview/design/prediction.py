"""Predict the cost and precision of a study before reading begins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb

from ecgreview.agreement import Coefficient

from .allocation import n_repeats
from .readings import Ids
from .reasons import PredictionReason
from .refusals import BadDesign
from .report import SECONDS_PER_READING
from .request import NO_CAP

# Default for the assumed kappa: the lower end of "substantial" agreement.
KAPPA = 0.6

_FEWEST = 5
# 97.5% quantile of the standard normal distribution.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Precision:
    """The expected precision of the kappa of one class.

    Attributes:
        prevalence: assumed proportion of exams with the class.
        kappa: assumed kappa.
        expected_positives: expected number of exams with the class.
        half_width: half the width of the 95% confidence interval of Fleiss' kappa. Its reason, if
            any, is a caution about the value or says why there is none.
    """

    prevalence: float
    kappa: float
    expected_positives: float
    half_width: Coefficient

    @property
    def width(self) -> float | None:
        """Width of the 95% confidence interval, or None if it cannot be predicted."""
        return None if self.half_width.value is None else 2 * self.half_width.value

    def as_dict(self) -> dict[str, Any]:
        return {
            "prevalence": self.prevalence,
            "kappa": self.kappa,
            "expected_positives": self.expected_positives,
            "half_width": self.half_width.value,
            "width": self.width,
            "reason": self.half_width.reason,
        }


@dataclass(frozen=True, slots=True)
class Prediction:
    """Cost and expected precision of a design.

    Attributes:
        n_readings: all readings, including repeats.
        readings_per_reader: in the order of the caps; without caps, in descending order.
        seconds_per_reading: assumed mean time.
        classes: precision of each class, by code.
    """

    n_readings: int
    readings_per_reader: tuple[int, ...]
    seconds_per_reading: float
    classes: dict[str, Precision]

    @property
    def hours(self) -> float:
        """Total reading time."""
        return self.n_readings * self.seconds_per_reading / 3600

    @property
    def hours_per_reader(self) -> tuple[float, ...]:
        """Reading time of each reader, in the order of ``readings_per_reader``."""
        return tuple(n * self.seconds_per_reading / 3600 for n in self.readings_per_reader)

    def as_dict(self) -> dict[str, Any]:
        return {
            "n_readings": self.n_readings,
            "readings_per_reader": list(self.readings_per_reader),
            "seconds_per_reading": self.seconds_per_reading,
            "hours": self.hours,
            "hours_per_reader": list(self.hours_per_reader),
            "classes": {code: precision.as_dict() for code, precision in self.classes.items()},
        }


def predict(
    *,
    n_exams: int,
    n_readers: int,
    readers_per_exam: int,
    prevalences: Mapping[str, float],
    kappas: Mapping[str, float] | None = None,
    n_anchors: int = 0,
    repeat_fraction: float = 0.0,
    caps: ArrayLike | None = None,
    seconds_per_reading: float = SECONDS_PER_READING,
) -> Prediction:
    """Predict the hours a design takes and the precision of kappa for each class.

    Args:
        n_exams: number of exams, including anchors.
        n_readers: number of readers in the study.
        readers_per_exam: number of readers of each exam that is not an anchor.
        prevalences: by class code, the proportion of exams with the class.
        kappas: by class code, the assumed kappa; ``KAPPA`` for classes not listed.
        n_anchors: number of exams that every reader reads.
        repeat_fraction: share of each reader's exams that are read twice.
        caps: shape (n_readers,); maximum readings of each reader, including repeats; ``NO_CAP``
            for no limit.
        seconds_per_reading: assumed mean time.

    Raises:
        BadDesign: a value has the wrong shape or is out of range, or the caps do not cover the
            readings.
    """
    _refuse(n_exams, n_readers, readers_per_exam, n_anchors)
    n_firsts = (n_exams - n_anchors) * readers_per_exam + n_anchors * n_readers
    limits = _limits(caps, n_readers, n_exams, repeat_fraction)
    loads = _level(n_firsts, limits)
    readings = [load + n_repeats(load, repeat_fraction) for load in loads.tolist()]
    numbers = np.repeat([readers_per_exam, n_readers], [n_exams - n_anchors, n_anchors])
    assumed = kappas or {}
    return Prediction(
        n_readings=sum(readings),
        readings_per_reader=tuple(readings),
        seconds_per_reading=seconds_per_reading,
        classes={
            code: precision(numbers, prevalence, assumed.get(code, KAPPA))
            for code, prevalence in prevalences.items()
        },
    )


def precision(n_readers: ArrayLike, prevalence: float, kappa: float = KAPPA) -> Precision:
    """Return the expected precision of kappa.

    Args:
        n_readers: shape (n_exams,); planned number of readers of each exam.
        prevalence: proportion of exams with the class, from 0 to 1.
        kappa: assumed kappa, from 0 to 1.

    Raises:
        BadDesign: prevalence or kappa is out of range.
    """
    if not 0 <= prevalence <= 1:
        raise BadDesign("prevalence", "must be from 0 to 1")
    if not 0 <= kappa <= 1:
        raise BadDesign("kappa", "must be from 0 to 1")
    numbers, counts = np.unique(np.asarray(n_readers, dtype=np.int64), return_counts=True)
    n_exams = int(counts.sum())
    positives = n_exams * prevalence
    if reason := _undefined(n_exams, int(counts[numbers >= 2].sum()), prevalence):
        return Precision(prevalence, kappa, positives, Coefficient(None, reason))
    half = _Z * standard_error(numbers, counts, prevalence, kappa)
    is_rare = min(positives, n_exams - positives) < _FEWEST
    caution = PredictionReason.FEW_EXPECTED if is_rare else ""
    return Precision(prevalence, kappa, positives, Coefficient(half, caution))


def standard_error(
    n_readers: NDArray[np.int64], n_exams: NDArray[np.intp], prevalence: float, kappa: float
) -> float:
    r"""Return the standard error of Fleiss' kappa under the common correlation model.

    With probability kappa, all readers of an exam agree; otherwise each decides independently.
    The agreement of any two readers beyond chance is then kappa. For two readers this is the
    only possible model; for more it is the simplest extension. For an exam with m readings, of
    which j are positive,

    .. math:: u_j = \frac{2 j (m - j)}{m (m - 1)}, \quad
              \hat\kappa = 1 - \frac{\bar u}{2 \hat p (1 - \hat p)}

    and the delta method gives the variance. If all exams have the same number of readings, this
    is the closed form of Zou & Donner; with two readings, that of Bloch & Kraemer.

    Args:
        n_readers: shape (n_sizes,); distinct numbers of readers per exam.
        n_exams: the same shape; number of exams with that many readers.
        prevalence: strictly between 0 and 1.
        kappa: from 0 to 1.

    Source:
        Bloch & Kraemer 1989, Biometrics 45:269-287; Donner & Eliasziw 1992, Stat Med
        11:1511-1519; for several readers Zou & Donner 2004, Biometrics 60:807-811.
    """
    n_all, n_compared = n_exams.sum(), n_exams[n_readers >= 2].sum()
    chance = 2 * prevalence * (1 - prevalence)
    slope = (1 - kappa) * 2 * (1 - 2 * prevalence) / chance
    variance = 0.0
    for size, number in zip(n_readers.tolist(), n_exams.tolist(), strict=True):
        positives = np.arange(size + 1)
        by_share = slope * (positives / size - prevalence) / n_all if size else np.zeros(1)
        apart = 2 * positives * (size - positives) / max(size * (size - 1), 1)
        by_disagreement = (apart - chance * (1 - kappa)) / chance / n_compared
        influence = by_share - (by_disagreement if size >= 2 else 0.0)
        variance += number * float(patterns(size, prevalence, kappa) @ influence**2)
    return math.sqrt(variance)


def patterns(n_readers: int, prevalence: float, kappa: float) -> NDArray[np.float64]:
    """Return the probabilities that 0, 1, ... or all of ``n_readers`` readers mark the class.

    Returns:
        Shape (n_readers + 1,).
    """
    positives = np.arange(n_readers + 1)
    alone = comb(n_readers, positives) * prevalence**positives
    alone = alone * (1 - prevalence) ** (n_readers - positives)
    together = np.zeros(n_readers + 1)
    together[0] += 1 - prevalence
    together[-1] += prevalence  # the same element if there are no readers
    return np.asarray((1 - kappa) * alone + kappa * together)


def _undefined(n_exams: int, n_compared: int, prevalence: float) -> str:
    if n_compared == 0:
        return PredictionReason.NO_PAIR_PLANNED
    if prevalence == 0:
        return PredictionReason.NEVER_EXPECTED
    return PredictionReason.ALWAYS_EXPECTED if prevalence == 1 else ""


def _refuse(n_exams: int, n_readers: int, readers_per_exam: int, n_anchors: int) -> None:
    if readers_per_exam < 1:
        raise BadDesign("readers_per_exam", "must be at least 1")
    if n_readers < readers_per_exam:
        raise BadDesign(
            "n_readers", f"{n_readers} is less than the {readers_per_exam} readers per exam"
        )
    if not 0 <= n_anchors <= n_exams:
        raise BadDesign("n_anchors", f"must be from 0 to the {n_exams} exams")


def _limits(caps: ArrayLike | None, n_readers: int, n_exams: int, fraction: float) -> Ids:
    values = np.full(n_readers, NO_CAP) if caps is None else np.asarray(caps, dtype=np.int64)
    if values.shape != (n_readers,):
        raise BadDesign("caps", f"has shape {values.shape}, not ({n_readers},)")
    limits = [
        n_exams if cap == NO_CAP else _max_exams(int(cap), n_exams, fraction) for cap in values
    ]
    return np.array(limits, dtype=np.int64)


def _max_exams(cap: int, n_exams: int, fraction: float) -> int:
    """Return the maximum number of exams that fit under ``cap`` together with their repeats."""
    n_max = min(cap, n_exams)
    while n_max > 0 and n_max + n_repeats(n_max, fraction) > cap:
        n_max -= 1
    return n_max


def _level(total: int, limits: Ids) -> Ids:
    """Return loads that sum to ``total``, as even as ``limits`` allow."""
    if total > limits.sum():
        raise BadDesign("caps", f"allow {limits.sum()} first readings, but {total} are needed")
    low, high = 0, int(limits.max(initial=0))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if np.minimum(limits, middle).sum() <= total else (low, middle - 1)
        )
    loads = np.minimum(limits, low)
    more = np.flatnonzero(limits > low)[: total - int(loads.sum())]
    loads[more] += 1
    return loads
