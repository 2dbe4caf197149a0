"""Reading times with and without suggestions shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.values import arrays
from ecgreview.agreement.values.bounded import Measure, refuse_bad_replicates, tail_of
from ecgreview.agreement.values.reasons import Reason

_REPLICATES_AT_ONCE = 100


class BadTimes(ValueError):
    """A time is not positive and finite, or the arrays differ in length."""


@dataclass(frozen=True, slots=True)
class Times:
    """Reading times of one arm.

    Attributes:
        n: number of readings with a time.
        quartiles_ms: first quartile, median and third quartile; None if there are no readings.
    """

    n: int
    quartiles_ms: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Reading times of both arms.

    Attributes:
        shown: times with suggestions.
        hidden: times without suggestions.
        ratio: ratio of the geometric means, shown to hidden: 0.75 means a quarter less time; ``n``
            is the number of readings. The interval comes from the two-way bootstrap over readers
            and exams.
    """

    shown: Times
    hidden: Times
    ratio: Measure


def compare(
    times_ms: NDArray[np.float64],
    is_shown: NDArray[np.bool_],
    readers: NDArray[np.int64],
    exams: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    n_replicates: int = 1000,
    confidence: float = 0.95,
) -> Comparison:
    """Return the reading times of both arms and their ratio.

    Args:
        times_ms: shape (n,); reading times in milliseconds, positive.
        is_shown: shape (n,), bool; whether suggestions were shown.
        readers: shape (n,); reader of each reading.
        exams: shape (n,); exam of each reading.
        rng: random generator.
        n_replicates: number of resamples of readers and exams.
        confidence: confidence level of the interval.

    Raises:
        BadTimes: a time is not positive and finite, or the arrays differ in length.
        BadConfidence: ``confidence`` is not between 0 and 1.
        BadReplicates: ``n_replicates`` is not a non-negative integer.

    Source:
        Owen 2007, Ann Appl Stat 1(2):386-411 (readers and exams drawn independently).
    """
    tail_of(confidence)
    refuse_bad_replicates(n_replicates)
    times_ms = arrays.numbers(times_ms, BadTimes, "times")
    if times_ms.ndim != 1 or not isinstance(is_shown, np.ndarray) or is_shown.dtype != np.bool_:
        raise BadTimes("times must be a list, and is_shown a Boolean array")
    if not (np.isfinite(times_ms).all() and (times_ms > 0).all()):
        raise BadTimes("times must be positive and finite")
    if {np.shape(item) for item in (is_shown, readers, exams)} != {times_ms.shape}:
        raise BadTimes("the arrays must cover the same readings")
    shown, hidden = _times(times_ms[is_shown]), _times(times_ms[~is_shown])
    if not shown.n or not hidden.n:
        reason = (
            Reason.NONE_HIDDEN if shown.n else Reason.NONE_SHOWN if hidden.n else Reason.NO_TIMES
        )
        return Comparison(shown, hidden, Measure.undefined(len(times_ms), reason))
    logs = np.log(times_ms)
    sums = np.stack([is_shown * logs, is_shown, ~is_shown * logs, ~is_shown], axis=1)
    value = float(_ratios(sums.sum(axis=0)[None])[0])
    if len(np.unique(readers)) < 2:
        return Comparison(
            shown, hidden, Measure.alone(value, len(logs), Reason.FEW_READERS_ANSWERED)
        )
    drawn = _resampled(sums.astype(np.float64), readers, exams, n_replicates, rng)
    ratio = Measure.of_replicates(value, _ratios(drawn), n=len(logs), confidence=confidence)
    return Comparison(shown, hidden, ratio)


def _times(times_ms: NDArray[np.float64]) -> Times:
    if not times_ms.size:
        return Times(0, None)
    first, median, third = np.quantile(times_ms, [0.25, 0.5, 0.75]).tolist()
    return Times(len(times_ms), (first, median, third))


def _ratios(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ratios of geometric means, shape (n,), NaN where an arm is empty.

    Args:
        sums: shape (n, 4); sum of the logarithms and number of readings with suggestions shown,
            then the same with suggestions hidden.
    """
    is_known = (sums[:, 1] > 0) & (sums[:, 3] > 0)
    shown, hidden = (
        np.divide(sums[:, at], sums[:, at + 1], out=np.zeros(len(sums)), where=is_known)
        for at in (0, 2)
    )
    return np.where(is_known, np.exp(shown - hidden), np.nan)


def _resampled(
    sums: NDArray[np.float64],
    readers: NDArray[np.int64],
    exams: NDArray[np.int64],
    n_replicates: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    places = [np.unique(labels, return_inverse=True)[1].reshape(-1) for labels in (readers, exams)]
    parts = []
    for start in range(0, n_replicates, _REPLICATES_AT_ONCE):
        size = min(_REPLICATES_AT_ONCE, n_replicates - start)
        weights = np.ones((size, len(sums)))
        for place in places:
            n_labels = int(place.max()) + 1
            drawn = rng.multinomial(n_labels, np.full(n_labels, 1 / n_labels), size=size)
            weights *= drawn[:, place]
        parts.append(weights @ sums)
    return np.concatenate(parts) if parts else np.empty((0, 4))
