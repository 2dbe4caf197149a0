"""Comparison of one reader's sets of classes with a reference."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

import numpy as np

from ecgreview.agreement.values import proportions
from ecgreview.agreement.values.bounded import Measure, tail_of
from ecgreview.agreement.values.reasons import Reason

# With fewer exams, an interval is too wide to support any conclusion.
MIN_EXAMS = 10


class NothingToCompare(ValueError):
    """There is no exam with both an answer and a reference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Agreement of a reader's sets of classes with the reference.

    Attributes:
        n_exams: number of exams compared.
        n_right: exams for which the reader's set of classes equals that of the reference.
        n_hits: classes in both sets, over all exams.
        n_extra: classes only in the reader's sets.
        n_missed: classes only in the reference's sets.
    """

    n_exams: int
    n_right: int
    n_hits: int
    n_extra: int
    n_missed: int

    @property
    def right_share(self) -> float:
        """Share of the exams answered exactly, 0 to 1."""
        return self.n_right / self.n_exams

    @property
    def micro_f1(self) -> float:
        """Harmonic mean of precision and recall over the cells of all exams, 0 to 1.

        2 hits / (2 hits + extra + missed); 1 if all sets are empty, because all are then right.

        Source:
            Sokolova & Lapalme 2009, Information Processing & Management 45(4):427-437.
        """
        cells = 2 * self.n_hits + self.n_extra + self.n_missed
        return 2 * self.n_hits / cells if cells else 1.0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well a reader's sets of classes match the reference, with Wilson intervals.

    The intervals of the last three treat the classes of one exam as independent.

    Attributes:
        right: share of the exams answered exactly.
        sensitivity: share of the reference's classes that the reader marked.
        precision: share of the reader's classes that are in the reference.
        f1: micro-F1 over the cells of all exams.
    """

    right: Measure
    sensitivity: Measure
    precision: Measure
    f1: Measure


def accuracy(comparison: Comparison, *, confidence: float = 0.95) -> Accuracy:
    """Return the accuracy of a comparison; no intervals with fewer than ``MIN_EXAMS`` exams.

    Raises:
        BadConfidence: ``confidence`` is not between 0 and 1.
    """
    hits, extra, missed = comparison.n_hits, comparison.n_extra, comparison.n_missed
    tail = tail_of(confidence)

    def share(n_positive: int, n: int, reason: Reason) -> Measure:
        return proportions.measures(np.array([n_positive]), np.array([n]), reason, tail)[0]

    measures = (
        share(comparison.n_right, comparison.n_exams, Reason.NOT_COMPARED),
        share(hits, hits + missed, Reason.NO_CLASS_IN_REFERENCE),
        share(hits, hits + extra, Reason.NO_CLASS_BY_READER),
        proportions.f1_of_overlap(share(hits, hits + extra + missed, Reason.NO_CLASS_IN_EITHER)),
    )
    if comparison.n_exams < MIN_EXAMS:
        return Accuracy(*map(_without_interval, measures))
    return Accuracy(*measures)


def _without_interval(measure: Measure) -> Measure:
    if measure.estimate is None:
        return measure
    return Measure.alone(measure.estimate, measure.n, Reason.FEW_GOLD_EXAMS)


def compare(answers: Iterable[tuple[Set[str] | None, Set[str]]]) -> Comparison:
    """Compare the reader's sets of class codes with those of the reference.

    Args:
        answers: for each exam, the set of the reader and that of the reference. None means that the
            reader found the exam unreadable: that is wrong, and counts as missing all classes of
            the reference, or as one miss if it has none.

    Raises:
        NothingToCompare: ``answers`` is empty.
    """
    n_exams = n_right = n_hits = n_extra = n_missed = 0
    for answer, right in answers:
        n_exams += 1
        if answer is None:
            n_missed += max(1, len(right))
            continue
        n_right += answer == right
        n_hits += len(answer & right)
        n_extra += len(answer - right)
        n_missed += len(right - answer)
    if not n_exams:
        raise NothingToCompare
    return Comparison(n_exams, n_right, n_hits, n_extra, n_missed)
