"""Bootstrap replicates of prevalence and skill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import MISSING, PRESENT, PatternCount
from ecgreview.agreement.sampling import resampling

from . import em
from .design import BadPatterns, Design
from .em import Floats, Model
from .two_states import Latent, oriented

_SMOOTHING = 0.5  # readings added to the starting point: EM never leaves a probability of 0 or 1
_AT_ONCE = 4_000_000  # maximum number of counts of replicates in memory


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Prevalence and skill in each replicate; NaN where a replicate does not identify them.

    Attributes:
        prevalence: shape (n_replicates, n_classes).
        sensitivity: shape (n_replicates, n_classes, n_readers).
        specificity: the same shape.
    """

    prevalence: Floats
    sensitivity: Floats
    specificity: Floats


def bootstrap(
    patterns: PatternCount,
    estimates: Latent,
    *,
    rng: np.random.Generator,
    n_replicates: int = 1000,
    tolerance: float = 1e-10,
    effects: Floats | None = None,
) -> Replicates:
    """Return the fits to exams drawn with replacement, independently for each class.

    Exams of one patient are drawn independently; to compensate, fewer exams are drawn, as
    ``effects`` requires. For classes with few informative exams bootstrap intervals are too narrow.
    For these use ``refit`` with draws from a posterior, see ``resampling``.

    Args:
        patterns: the answers of the readers.
        estimates: the fit of ``patterns``, from which EM starts in every replicate.
        rng: random generator; the same state gives the same replicates.
        n_replicates: number of draws.
        tolerance: as in ``two_states.fit``.
        effects: shape (n_classes,), 1 or more; see ``resampling.bootstrap``.

    Raises:
        BadPatterns: a count is not a whole number of exams.
    """
    counts = Design.of(patterns).counts
    if (counts != np.floor(counts)).any():
        raise BadPatterns("a count is not a whole number of exams")
    is_known = estimates.prevalence.is_defined
    refits = np.full((n_replicates, len(counts), 1 + 2 * patterns.patterns.shape[1]), np.nan)
    for classes in _portions(np.flatnonzero(is_known), n_replicates * counts.shape[1]):
        occurs = counts[classes].any(axis=0)
        identified = PatternCount(patterns.patterns[occurs], counts[np.ix_(classes, occurs)])
        of_patients = None if effects is None else effects[classes]
        drawn = resampling.bootstrap(identified.counts, n_replicates, rng, of_patients)
        refits[:, classes] = refit(
            identified.patterns,
            estimates.posterior[np.ix_(classes, occurs)],
            drawn,
            tolerance=tolerance,
        )
    return _read(refits)


def refit(
    states: NDArray[np.int8], posterior: Floats, drawn: Floats, *, tolerance: float = 1e-10
) -> Floats:
    """Return the parameters that best fit ``drawn``, NaN where they are not identified.

    Args:
        states: shape (n_patterns, n_readers), int8.
        posterior: shape (n_classes, n_patterns); P(class is present | pattern), from which EM
            starts.
        drawn: shape (n_replicates, n_classes, n_patterns), float64; counts, whole or not.
        tolerance: as in ``two_states.fit``.

    Returns:
        Shape (n_replicates, n_classes, 1 + 2 n_readers): prevalence, then each reader's probability
        of marking the class when it is present, then when it is absent.
    """
    n_replicates, n_classes, n_patterns = drawn.shape
    rows = drawn.reshape(n_replicates * n_classes, n_patterns)
    guess = np.tile(np.stack([posterior, 1 - posterior], axis=1), (n_replicates, 1, 1))
    start = Model.of(states, _SMOOTHING).maximum(rows, guess)
    ascent = em.climb(Model.of(states), start, rows, tolerance=tolerance, max_steps=5000)
    n_readings = rows @ (states != MISSING).astype(np.float64)
    theta = oriented(ascent.theta, n_readings)
    _decide(theta, n_readings, rows @ (states == PRESENT).astype(np.float64))
    return theta.reshape(n_replicates, n_classes, 1 + 2 * states.shape[1])


def _decide(theta: Floats, n_readings: Floats, n_present: Floats) -> None:
    """Set known values in ``theta``: rows in which no reading, or every reading, marks the class.

    Skills for which a row has no data become NaN.
    """
    n_readers = n_readings.shape[1]
    if_present, if_absent = theta[:, 1 : 1 + n_readers], theta[:, 1 + n_readers :]
    is_never = n_present.sum(axis=1) == 0
    is_always = n_present.sum(axis=1) == n_readings.sum(axis=1)
    theta[is_never, 0], theta[is_always, 0] = 0.0, 1.0
    if_absent[is_never], if_present[is_always] = 0.0, 1.0
    if_present[is_never[:, None] | (n_readings == 0)] = np.nan
    if_absent[is_always[:, None] | (n_readings == 0)] = np.nan


def _portions(classes: NDArray[np.intp], counts_per_class: int) -> list[NDArray[np.intp]]:
    """Return ``classes`` in chunks whose replicates fit into memory."""
    size = max(1, _AT_ONCE // max(1, counts_per_class))
    return [classes[at : at + size] for at in range(0, len(classes), size)]


def _read(refits: Floats) -> Replicates:
    n_readers = (refits.shape[2] - 1) // 2
    return Replicates(
        refits[:, :, 0], refits[:, :, 1 : 1 + n_readers], 1 - refits[:, :, 1 + n_readers :]
    )
