"""Performance of a reader or model against a reference: per class and overall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts import states
from ecgreview.agreement.counts.patterns import ABSENT, MISSING, PRESENT
from ecgreview.agreement.values import arrays, proportions
from ecgreview.agreement.values.bounded import Measure, refuse_bad_replicates, tail_of
from ecgreview.agreement.values.reasons import Reason


class BadComparison(ValueError):
    """Answers, reference, patients or blocks do not cover the same exams and classes."""


@dataclass(frozen=True, slots=True)
class ClassPerformance:
    """Performance for one class.

    Attributes:
        n_true_positive: exams for which reader and reference both mark the class.
        n_false_positive: exams for which only the reader marks the class.
        n_false_negative: exams for which only the reference marks the class.
        n_true_negative: exams for which neither marks the class.
        sensitivity: share of the reference's positives that the reader marked; ``n`` is the number
            of the reference's positives.
        specificity: share of the reference's negatives that the reader did not mark; ``n`` is the
            number of the reference's negatives.
        precision: share of the reader's positives that are right; ``n`` is the number of the
            reader's positives.
        f1: harmonic mean of precision and sensitivity; ``n`` is the number of exams for which
            either marks the class.
    """

    n_true_positive: int
    n_false_positive: int
    n_false_negative: int
    n_true_negative: int
    sensitivity: Measure
    specificity: Measure
    precision: Measure
    f1: Measure

    @property
    def is_in_scope(self) -> bool:
        """Whether the class is in scope: reader or reference has it at least once."""
        return self.f1.n > 0

    @property
    def operating_point(self) -> tuple[float, float] | None:
        """The false positive rate and the sensitivity, or None if one of them is undefined."""
        if self.specificity.estimate is None or self.sensitivity.estimate is None:
            return None
        return 1 - self.specificity.estimate, self.sensitivity.estimate


@dataclass(frozen=True, slots=True)
class Performance:
    """Performance of a reader.

    Attributes:
        classes: performance for each class, in the order of the arrays.
        micro_f1: F1 over the cells of all classes in scope; ``n`` is the number of exams compared.
        macro_f1: the mean of F1 over the classes in scope; ``n`` is the number of exams compared.
        n_met: number of classes in scope.
    """

    classes: tuple[ClassPerformance, ...]
    micro_f1: Measure
    macro_f1: Measure
    n_met: int


def performance(
    answers: NDArray[np.int8],
    reference: NDArray[np.int8],
    rng: np.random.Generator,
    *,
    patients: NDArray[np.int64] | None = None,
    n_replicates: int = 1000,
    confidence: float = 0.95,
) -> Performance:
    """Return the performance of ``answers`` against ``reference``.

    Cells missing in either are left out, and so are exams without a reference. The reference
    should not be based on the answers that it judges.

    A class counts towards micro and macro F1 if the reference has it at least once, or the reader
    marked it at least once, among the exams this reader read. Readers are thus not scored on
    classes that never occurred, but are penalized for classes that they marked only in error.
    Resamples apply the same rule to their exams.

    Args:
        answers: shape (n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
        reference: the same shape and states.
        rng: random generator.
        patients: shape (n_exams,); the patient of each exam. Exams of one patient are resampled
            together.
        n_replicates: number of resamples of the exams, for micro and macro F1.
        confidence: confidence level of all intervals. The intervals of a class are
            Wilson's; that of F1 follows from the Jaccard index J of reader and reference:
            F1 = 2 J / (1 + J).

    Raises:
        BadRatings: wrong shape or an unknown state.
        BadComparison: the arrays do not cover the same exams and classes.
        BadConfidence: ``confidence`` is not between 0 and 1.
        BadReplicates: ``n_replicates`` is not a non-negative integer.

    Source:
        Sokolova & Lapalme 2009, Information Processing & Management 45(4):427-437; Wilson 1927,
        J Am Stat Assoc 22:209-212.
    """
    tail = tail_of(confidence)
    refuse_bad_replicates(n_replicates)
    n_exams, _ = _refuse_bad(answers, reference)
    every = np.arange(n_exams)
    units = every if patients is None else _of_exams("patients", patients, n_exams)
    counts = confusion(answers, reference)
    has_cells = ((answers != MISSING) & (reference != MISSING)).any(axis=1)
    cells = _errors(answers, reference)[has_cells]
    micro, macro = _f1s(
        cells, units[has_cells], rng, n_replicates=n_replicates, confidence=confidence
    )
    return Performance(
        _classes(counts, tail), micro, macro, int((counts[:3].sum(axis=0) > 0).sum())
    )


def by_block(
    answers: NDArray[np.int8],
    reference: NDArray[np.int8],
    blocks: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    patients: NDArray[np.int64] | None = None,
    n_replicates: int = 1000,
    confidence: float = 0.95,
) -> dict[int, Performance]:
    """Return the performance in each block of time, or of position in a session, to show drift.

    Args:
        answers: shape (n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
        reference: the same shape and states.
        blocks: shape (n_exams,); the block of each exam; negative for none.
        rng: random generator.
        patients: as in ``performance``.
        n_replicates: as in ``performance``.
        confidence: as in ``performance``.

    Returns:
        Performance by block, ascending. Each block has its own scope of classes.

    Raises:
        BadRatings: wrong shape or an unknown state.
        BadComparison: the arrays do not cover the same exams and classes.
        BadConfidence: ``confidence`` is not between 0 and 1.
        BadReplicates: ``n_replicates`` is not a non-negative integer.
    """
    n_exams, _ = _refuse_bad(answers, reference)
    blocks = _of_exams("blocks", blocks, n_exams)
    patients = None if patients is None else _of_exams("patients", patients, n_exams)
    return {
        int(block): performance(
            answers[blocks == block],
            reference[blocks == block],
            rng,
            patients=None if patients is None else patients[blocks == block],
            n_replicates=n_replicates,
            confidence=confidence,
        )
        for block in np.unique(blocks[blocks >= 0])
    }


def confusion(answers: NDArray[np.int8], reference: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the number of true positives, false positives, false negatives and true negatives of
    each class.

    Args:
        answers: shape (..., n_exams, n_classes); leading axes are readers.
        reference: broadcastable with ``answers``; cells missing in either are left out.

    Returns:
        Shape (4, ..., n_classes).
    """
    outcomes = [(answers == state) & (reference == right) for state, right in _CELLS]
    return np.stack([cells.sum(axis=-2) for cells in outcomes])


_CELLS = ((PRESENT, PRESENT), (PRESENT, ABSENT), (ABSENT, PRESENT), (ABSENT, ABSENT))


def _classes(counts: NDArray[np.int64], tail: float) -> tuple[ClassPerformance, ...]:
    hits, extra, missed, true_absent = counts
    columns = (
        proportions.measures(hits, hits + missed, Reason.REFERENCE_NEVER, tail),
        proportions.measures(true_absent, true_absent + extra, Reason.REFERENCE_ALWAYS, tail),
        proportions.measures(hits, hits + extra, Reason.READER_NEVER, tail),
        [
            proportions.f1_of_overlap(measure)
            for measure in proportions.measures(
                hits, hits + extra + missed, Reason.IN_NEITHER, tail
            )
        ],
    )
    is_read = counts.sum(axis=0) > 0
    return tuple(
        ClassPerformance(
            *of_class.tolist(),
            *(row if read else [Measure.undefined(0, Reason.NO_REFERENCE_READ)] * 4),
        )
        for of_class, row, read in zip(counts.T, zip(*columns, strict=True), is_read, strict=True)
    )


def _errors(answers: NDArray[np.int8], reference: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return indicators of hits, extra and missed classes, shape (n_exams, 3 * n_classes)."""
    outcomes = [(answers == state) & (reference == right) for state, right in _CELLS[:3]]
    return np.concatenate(outcomes, axis=1).astype(np.int64)


def _f1s(
    cells: NDArray[np.int64],
    units: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    n_replicates: int,
    confidence: float,
) -> tuple[Measure, Measure]:
    """Return micro and macro F1 with intervals from resampled units.

    Args:
        cells: shape (n_exams, 3 * n_classes); hits, extra, missed.
        units: shape (n_exams,); resampling unit of each exam.
        rng: random generator.
        n_replicates: number of resamples.
        confidence: confidence level of the intervals.
    """
    n = len(cells)
    if not n or not cells.any():
        undefined = Measure.undefined(
            n, Reason.NO_CLASS_IN_EITHER if n else Reason.NO_REFERENCE_READ
        )
        return undefined, undefined
    kinds, n_units = _kinds(cells, units)
    total = n_units.sum()
    drawn = rng.multinomial(total, n_units / total, size=n_replicates).astype(np.float64)
    values = _f1(np.concatenate([n_units[None, :], drawn]) @ kinds)
    micro, macro = (
        Measure.of_replicates(column[0], column[1:], n=n, confidence=confidence)
        for column in values
    )
    return micro, macro


def _kinds(
    cells: NDArray[np.int64], units: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the distinct sums of cells over a unit, and the number of units with each."""
    _, place = np.unique(units, return_inverse=True)
    sums = np.zeros((place.max() + 1, cells.shape[1]), dtype=np.int64)
    np.add.at(sums, place, cells)
    words = sums.view(np.dtype((np.void, sums.itemsize * sums.shape[1]))).reshape(-1)
    _, where, n_units = np.unique(words, return_index=True, return_counts=True)
    return sums[where].astype(np.float64), n_units.astype(np.float64)


def _f1(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return micro and macro F1 of each row of ``sums``, NaN where no class is in scope."""
    hits, extra, missed = np.split(sums, 3, axis=1)
    denominators = 2 * hits + extra + missed
    is_in_scope = denominators > 0
    of_class = np.divide(2 * hits, denominators, out=np.zeros_like(hits), where=is_in_scope)
    n_met, total = is_in_scope.sum(axis=1), denominators.sum(axis=1)
    micro, macro = np.full(len(sums), np.nan), np.full(len(sums), np.nan)
    np.divide(2 * hits.sum(axis=1), total, out=micro, where=n_met > 0)
    np.divide(of_class.sum(axis=1), n_met, out=macro, where=n_met > 0)
    return micro, macro


def _refuse_bad(answers: NDArray[np.int8], reference: NDArray[np.int8]) -> tuple[int, int]:
    for array in (answers, reference):
        states.refuse_bad(array, "exams, classes")
    if answers.shape != reference.shape:
        raise BadComparison(f"answers have shape {answers.shape}, the reference {reference.shape}")
    return answers.shape[0], answers.shape[1]


def _of_exams(name: str, labels: NDArray[np.int64] | None, n_exams: int) -> NDArray[np.int64]:
    """Return ``labels`` as one integer per exam; ``name`` is for error messages."""
    values = arrays.numbers(labels, BadComparison, name)
    if values.shape != (n_exams,):
        raise BadComparison(f"{name} has shape {values.shape}, expected ({n_exams},)")
    if not (np.abs(values) <= arrays.MAX_EXACT).all():
        raise BadComparison(f"{name} contains a non-finite value")
    return values.astype(np.int64)
