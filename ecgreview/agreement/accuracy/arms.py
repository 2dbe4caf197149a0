"""Effect of suggestions on readers, from readings with and without them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ecgreview.agreement.counts import states
from ecgreview.agreement.counts.patterns import ABSENT, MISSING, PRESENT
from ecgreview.agreement.values.bounded import Measure, refuse_bad_replicates, tail_of
from ecgreview.agreement.values.pairing import Paired, paired_by_exam
from ecgreview.agreement.values.reasons import Reason

SANDWICH = "sandwich"
_REPLICATES_AT_ONCE = 100
_ROUNDING = 1e-12


class BadArms(ValueError):
    """The arrays do not cover the same readings and classes."""


class Split(StrEnum):
    """Subsets of answers to compare. No subset has classes that the model does not check."""

    # All classes that the model checks.
    ALL = "all"
    # Suggested classes only: no suggestion does not mean that the model calls the class absent.
    SUGGESTED = "suggested"
    # The model agrees with the reference.
    RIGHT = "right"
    # The model disagrees with the reference, so agreeing with the model is an error.
    WRONG = "wrong"
    # Suggested classes that are absent from the reference: agreement is an error of commission.
    COMMISSION = "commission"
    # Classes of the reference that were not suggested: agreement is an error of omission.
    OMISSION = "omission"


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Answers given with suggestions shown or hidden.

    Attributes:
        answers: shape (n_readings, n_classes), int8; 0 missing, 1 absent, 2 present.
        suggestions: the same shape and states; missing where the model does not know the class.
        reference: the same shape and states; missing where unknown. It must come only from
            readings without suggestions or from adjudication, otherwise suggestions would
            confirm themselves.
        is_shown: shape (n_readings,); whether the reader saw the suggestions.
        readers: shape (n_readings,); reader of each reading.
        exams: shape (n_readings,); exam of each reading.
    """

    answers: NDArray[np.int8]
    suggestions: NDArray[np.int8]
    reference: NDArray[np.int8]
    is_shown: NDArray[np.bool_]
    readers: NDArray[np.int64]
    exams: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Validate the shapes.

        Raises:
            BadRatings: wrong shape or an unknown state.
            BadArms: the arrays do not cover the same readings and classes.
        """
        for array in (self.answers, self.suggestions, self.reference):
            states.refuse_bad(array, "readings, classes")
            if array.shape != self.answers.shape:
                raise BadArms(f"states have shape {array.shape}, answers {self.answers.shape}")
        for labels in (self.is_shown, self.readers, self.exams):
            if not isinstance(labels, np.ndarray) or labels.shape != self.answers.shape[:1]:
                raise BadArms(f"{np.shape(labels)} labels for {len(self.answers)} readings")
        if self.is_shown.dtype != np.bool_:
            raise BadArms("is_shown must be a Boolean array")


@dataclass(frozen=True, slots=True)
class Effect:
    """How much more often readers agree with a model whose suggestions they see.

    Attributes:
        shown: share of answers that agree with the model, with suggestions shown; ``n`` is the
            number of answers.
        hidden: the same share with suggestions hidden.
        difference: shown - hidden; ``n`` is the number of answers in both arms. The interval comes
            from the two-way bootstrap, which treats readers and exams as samples; it is
            conservative.
        by_reader: the same difference, with an interval from a sandwich variance clustered by
            reader.
        by_exam: the mean difference over exams that were read in both arms; ``n`` is the number of
            these exams. Readers are treated as fixed, so the interval is too narrow if they differ.
    """

    shown: Measure
    hidden: Measure
    difference: Measure
    by_reader: Measure
    by_exam: Paired


def effects(
    readings: Readings,
    rng: np.random.Generator,
    *,
    n_replicates: int = 1000,
    confidence: float = 0.95,
) -> Mapping[Split, Effect]:
    """Return the effects of shown suggestions, overall and by type of suggestion.

    Args:
        readings: readings of both arms.
        rng: random generator.
        n_replicates: number of resamples of readers and exams.
        confidence: confidence level of all intervals.

    Raises:
        BadConfidence: ``confidence`` is not between 0 and 1.
        BadReplicates: ``n_replicates`` is not a non-negative integer.

    Source:
        Owen 2007, Ann Appl Stat 1(2):386-411 (readers and exams are drawn independently; a reading
        is weighted by the product of their counts); Tsai et al. 2003, JAMIA 10:478-483 (the
        research question).
    """
    tail_of(confidence)
    refuse_bad_replicates(n_replicates)
    counts = _Counts.of(readings)
    drawn = counts.resampled(n_replicates, rng)
    return {
        split: _effect(counts, drawn[:, place], place, confidence)
        for place, split in enumerate(Split)
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """For each reading and split, the number of answers and how many agree with the model.

    Attributes:
        sums: shape (n_readings, n_splits, 4): agreeing answers and all answers with suggestions
            shown, then with suggestions hidden.
        readers: shape (n_readings,); index of the reader among the distinct readers.
        exams: shape (n_readings,); index of the exam among the distinct exams.
    """

    sums: NDArray[np.float64]
    readers: NDArray[np.int64]
    exams: NDArray[np.int64]

    @classmethod
    def of(cls, readings: Readings) -> _Counts:
        agrees = readings.answers == readings.suggestions
        is_counted = (readings.answers != MISSING) & (readings.suggestions != MISSING)
        masks = _masks(readings.suggestions, readings.reference)
        pairs = [
            [(is_counted & mask & agrees).sum(axis=1), (is_counted & mask).sum(axis=1)]
            for mask in masks
        ]
        of_reading = np.array(pairs, dtype=np.float64).transpose(2, 0, 1)
        is_shown = readings.is_shown[:, None, None]
        sums = np.concatenate([of_reading * is_shown, of_reading * ~is_shown], axis=2)
        readers, exams = (
            np.unique(labels, return_inverse=True)[1]
            for labels in (readings.readers, readings.exams)
        )
        return cls(sums, readers, exams)

    def resampled(self, n_replicates: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the sums over resampled readers and exams, shape (n_replicates, n_splits, 4)."""
        n_readings, *shape = self.sums.shape
        flat = self.sums.reshape(n_readings, math.prod(shape))
        parts = [np.empty((0, *shape))]
        for start in range(0, n_replicates, _REPLICATES_AT_ONCE):
            size = min(_REPLICATES_AT_ONCE, n_replicates - start)
            weights = _draw_counts(self.readers, size, rng) * _draw_counts(self.exams, size, rng)
            parts.append((weights @ flat).reshape(size, *shape))
        return np.concatenate(parts)

    def by(self, labels: NDArray[np.int64], place: int) -> NDArray[np.float64]:
        """Return the sums of one split by reader or by exam, shape (n_labels, 4)."""
        total = np.zeros((labels.max(initial=-1) + 1, 4))
        np.add.at(total, labels, self.sums[:, place])
        return total


def _masks(suggestions: NDArray[np.int8], reference: NDArray[np.int8]) -> list[NDArray[np.bool_]]:
    """Return which answers belong to each split, in the order of ``Split``.

    The masks do not exclude missing suggestions; the caller does.
    """
    is_known = reference != MISSING
    is_right = suggestions == reference
    commission = (suggestions == PRESENT) & (reference == ABSENT)
    omission = (suggestions == ABSENT) & (reference == PRESENT)
    return [
        np.ones_like(is_known),
        suggestions == PRESENT,
        is_right,
        is_known & ~is_right,
        commission,
        omission,
    ]


def _draw_counts(
    labels: NDArray[np.int64], n_replicates: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw labels with replacement; return how often each reading's label was drawn, shape
    (n_replicates, n_readings).
    """
    n_labels = int(labels.max(initial=-1)) + 1
    if not n_labels:
        return np.empty((n_replicates, 0))
    drawn = rng.multinomial(n_labels, np.full(n_labels, 1 / n_labels), size=n_replicates)
    return np.asarray(drawn[:, labels], dtype=np.float64)


def _effect(counts: _Counts, drawn: NDArray[np.float64], place: int, confidence: float) -> Effect:
    of_readers = counts.by(counts.readers, place)
    of_readers = of_readers[of_readers[:, [1, 3]].any(axis=1)]
    totals = of_readers.sum(axis=0)
    n_shown, n_hidden = int(totals[1]), int(totals[3])
    values, replicates = _shares(totals[None, :])[0], _shares(drawn)
    shown, hidden, difference = (
        _measure(value, column, n, reason, len(of_readers), confidence)
        for value, column, n, reason in (
            (values[0], replicates[:, 0], n_shown, Reason.NONE_SHOWN),
            (values[1], replicates[:, 1], n_hidden, Reason.NONE_HIDDEN),
            (
                values[0] - values[1],
                replicates[:, 0] - replicates[:, 1],
                n_shown + n_hidden,
                Reason.NONE_HIDDEN if n_shown else Reason.NONE_SHOWN,
            ),
        )
    )
    by_reader = difference
    if difference.estimate is not None and len(of_readers) >= 2:
        by_reader = _sandwich(of_readers, n_shown + n_hidden, confidence)
    of_exams = _shares(counts.by(counts.exams, place))
    differences = of_exams[:, 0] - of_exams[:, 1]
    by_exam = paired_by_exam(differences[~np.isnan(differences)], confidence=confidence)
    return Effect(shown, hidden, difference, by_reader, by_exam)


def _shares(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares of answers that agree with the model, NaN where there is no answer.

    Args:
        sums: shape (n, 4); columns as in ``_Counts.sums``.

    Returns:
        Shape (n, 2); suggestions shown, then hidden.
    """
    result = np.full((len(sums), 2), np.nan)
    np.divide(sums[:, [0, 2]], sums[:, [1, 3]], out=result, where=sums[:, [1, 3]] > 0)
    return result


def _measure(
    value: float,
    replicates: NDArray[np.float64],
    n: int,
    reason: str,
    n_readers: int,
    confidence: float,
) -> Measure:
    if np.isnan(value):
        return Measure.undefined(n, reason)
    if n_readers < 2:
        return Measure.alone(value, n, Reason.FEW_READERS_ANSWERED)
    return Measure.of_replicates(value, replicates, n=n, confidence=confidence)


def _sandwich(of_readers: NDArray[np.float64], n: int, confidence: float) -> Measure:
    """Return the difference, with an interval from a sandwich variance clustered by reader.

    Args:
        of_readers: shape (n_readers, 4); sums of at least two readers, with columns as in
            ``_Counts.sums``.
        n: number of answers in both arms.
        confidence: confidence level of the interval, from a t distribution with n_readers - 1
            degrees of freedom.

    Source:
        Liang & Zeger 1986, Biometrika 73(1):13-22.
    """
    n_readers = len(of_readers)
    totals = of_readers.sum(axis=0)
    shown, hidden = totals[0] / totals[1], totals[2] / totals[3]
    parts = (of_readers[:, 0] - shown * of_readers[:, 1]) / totals[1]
    parts -= (of_readers[:, 2] - hidden * of_readers[:, 3]) / totals[3]
    error = math.sqrt(n_readers / (n_readers - 1) * float((parts**2).sum()))
    width = float(stats.t.ppf(1 - tail_of(confidence), n_readers - 1)) * error
    difference = shown - hidden
    if error <= _ROUNDING:
        return Measure.alone(difference, n, Reason.NO_SPREAD)
    return Measure.between(difference, difference - width, difference + width, n, SANDWICH)
