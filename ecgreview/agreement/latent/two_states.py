"""Estimate the prevalence of each class and the skill of each reader without a reference.

The model has two states per exam and class, present and absent, and readings that are independent
given the state: Dawid and Skene's model with two categories. All classes are fitted together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import PatternCount
from ecgreview.agreement.values.coefficient import Causes, Estimates
from ecgreview.agreement.values.reasons import Reason

from . import starts
from .design import FEW, Design, checked
from .em import Floats, Model
from .plausibility import FEW_TRUE_POSITIVES, Plausibility

__all__ = [
    "Latent",
    "fit",
]


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """Maximum likelihood estimates of prevalence and skill, class by class.

    An estimate that is not identified has a reason instead of a value. A reason next to a value is
    a caution.

    Attributes:
        prevalence: shape (n_classes,); proportion of the exams read that have the class.
        sensitivity: shape (n_classes, n_readers); P(reader marks the class | present).
        specificity: shape (n_classes, n_readers); P(reader does not mark it | absent).
        posterior: shape (n_classes, n_patterns); P(class is present | answers). Only one of many
            equally likely solutions where ``prevalence`` has no value.
        log_likelihood: shape (n_classes,); log-likelihood of the observed patterns at the highest
            maximum found, even where many prevalences reach it.
        n_iterations: shape (n_classes,), int64; number of EM steps from the best start.
        is_converged: shape (n_classes,); whether EM converged within the maximum number of steps.
        n_triples: shape (n_classes,), int64; number of exams read by at least three readers whose
            answers vary. Only these exams separate prevalence from errors.
        plausibility: whether the values are plausible. Values for which its ``refusals`` hold have
            that reason. Do not use them, or labels derived from ``posterior``.
    """

    prevalence: Estimates
    sensitivity: Estimates
    specificity: Estimates
    posterior: Floats
    log_likelihood: Floats
    n_iterations: NDArray[np.int64]
    is_converged: NDArray[np.bool_]
    n_triples: NDArray[np.int64]
    plausibility: Plausibility


def fit(
    patterns: PatternCount,
    *,
    pseudo_count: float = 0.0,
    tolerance: float = 1e-12,
    max_steps: int = 20_000,
) -> Latent:
    r"""Return the maximum of the likelihood for each class.

    .. math:: \ell = \sum_x n_x \log\Bigl(\pi \prod_r s_r^{x_r} (1 - s_r)^{1 - x_r}
        + (1 - \pi) \prod_r f_r^{x_r} (1 - f_r)^{1 - x_r}\Bigr)

    with prevalence :math:`\pi`, sensitivities :math:`s_r` and false alarm rates :math:`f_r`. EM
    starts from three points. Maxima come in mirrored pairs; "present" is the state in which readers
    mark the class more often.

    Exams with two readings never identify the model, however many readers there are. They determine
    only the readers' frequencies :math:`f_r + \pi (s_r - f_r)` and covariances :math:`\pi (1 - \pi)
    (s_q - f_q)(s_r - f_r)`, which are compatible with any prevalence within bounds. Exams with
    three readings are needed.

    Args:
        patterns: the answers of the readers; exams without a reading of the class are ignored.
        pseudo_count: readings "present" and "absent" added for each reader and state, that is, a
            Beta(1 + pseudo_count, 1 + pseudo_count) prior. 0 is maximum likelihood; 0.5 keeps the
            skills of few readings away from 0 and 1.
        tolerance: gain of the log-likelihood per exam below which EM stops.
        max_steps: maximum number of EM steps.

    Raises:
        BadPatterns: the counts do not match the patterns, or a state is unknown.

    Source:
        Dawid & Skene 1979, Applied Statistics 28(1):20-28; on identification Hui & Walter 1980,
        Biometrics 36:167-171.
    """
    patterns = checked(patterns)
    design = Design.of(patterns)
    occurs = design.counts.any(axis=0)
    counts, states = design.counts[:, occurs], patterns.patterns[occurs]
    model = Model.of(states, pseudo_count)
    ascent = starts.highest(
        model,
        states,
        counts,
        is_identified=~np.logical_or.reduce([mask for mask, _ in design.refusals()]),
        tolerance=tolerance,
        max_steps=max_steps,
    )
    theta = oriented(ascent.theta, design.n_readings)
    posterior = Model.of(patterns.patterns).posterior(theta)[0][:, 0]
    plausibility = Plausibility.of(patterns, design, theta, posterior)
    return Latent(
        *_explained(theta, design, ascent.is_converged, plausibility),
        posterior,
        ascent.log_likelihood,
        ascent.n_steps,
        ascent.is_converged,
        design.n_triples.astype(np.int64),
        plausibility,
    )


def oriented(theta: Floats, n_readings: Floats) -> Floats:
    """Return ``theta`` oriented so that readers mark the class more often when it is "present".

    Args:
        theta: shape (n_rows, 1 + 2 n_readers), as in ``em.Ascent``.
        n_readings: shape (n_rows, n_readers); the weight of each reader.
    """
    n_readers = n_readings.shape[1]
    if_present, if_absent = theta[:, 1 : 1 + n_readers], theta[:, 1 + n_readers :]
    is_swapped = ((if_present - if_absent) * n_readings).sum(axis=1) < 0
    swapped = np.concatenate([1 - theta[:, :1], if_absent, if_present], axis=1)
    return np.where(is_swapped[:, None], swapped, theta)


def _explained(
    theta: Floats,
    design: Design,
    is_converged: NDArray[np.bool_],
    plausibility: Plausibility,
) -> tuple[Estimates, Estimates, Estimates]:
    """Return prevalence, sensitivity and specificity with their reasons."""
    n_readers = design.n_readings.shape[1]
    if_present, if_absent = theta[:, 1 : 1 + n_readers], theta[:, 1 + n_readers :]
    refusals = design.refusals()
    cautions: Causes = (
        *plausibility.refusals(FEW_TRUE_POSITIVES),
        *plausibility.cautions(),
        (~is_converged, Reason.NOT_CONVERGED),
        (design.n_informative < FEW, Reason.FEW_TRIPLES),
    )
    reader_refusals = (*_for_readers(refusals), (design.n_readings == 0, Reason.NEVER_READ))
    reader_cautions = (
        (design.is_constant, Reason.CONSTANT),
        (if_present <= if_absent, Reason.NO_BETTER_THAN_CHANCE),
        *_for_readers(cautions),
    )
    return (
        estimates(theta[:, 0], refusals, cautions),
        estimates(if_present, reader_refusals, reader_cautions),
        estimates(1 - if_absent, reader_refusals, reader_cautions),
    )


def _for_readers(causes: Causes) -> Causes:
    return tuple((mask[:, None], reason) for mask, reason in causes)


def estimates(values: Floats, refusals: Causes, cautions: Causes) -> Estimates:
    """Return ``values`` with refused values removed, each with the first reason that holds."""
    is_refused = np.zeros(values.shape, dtype=np.bool_)
    for mask, _ in refusals:
        is_refused |= mask
    return Estimates(np.where(is_refused, np.nan, values), (*refusals, *cautions))
