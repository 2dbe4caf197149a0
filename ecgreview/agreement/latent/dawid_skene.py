"""Dawid and Skene's model for any number of categories, readers and repeated readings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement.values import arrays
from ecgreview.agreement.values.coefficient import Estimates
from ecgreview.agreement.values.reasons import Reason

_TINY = 1e-300  # replaces 0 in logarithms, to keep them finite


class BadTable(ValueError):
    """The counts have a wrong shape, or a count is negative, not whole or not finite."""


@dataclass(frozen=True, slots=True, eq=False)
class Categorical:
    """The fitted model.

    Attributes:
        prevalence: shape (n_categories,); proportion of exams whose true category this is.
        error_rates: shape (n_readers, n_categories, n_categories); the probability that the reader
            chooses the category of the last axis when that of the middle axis is true.
        posterior: shape (n_exams, n_categories); the probability that each category is true. Use it
            only where ``prevalence`` has a value: elsewhere it maximizes the likelihood, but is not
            identified.
        log_likelihood: log-likelihood of the readings, without the multinomial constant.
        n_iterations: number of EM steps.
        is_converged: whether the gain of the last step was at most the tolerance.
    """

    prevalence: Estimates
    error_rates: Estimates
    posterior: NDArray[np.float64]
    log_likelihood: float
    n_iterations: int
    is_converged: bool


def fit(
    counts: ArrayLike, *, tolerance: float = 1e-10, max_iterations: int = 10_000
) -> Categorical:
    """Return the maximum likelihood fit that EM reaches from each exam's shares of readings.

    Args:
        counts: shape (n_exams, n_readers, n_categories); how often the reader chose the category
            for the exam. A reader may read an exam several times, or not at all.
        tolerance: gain of the log-likelihood per exam at or below which EM stops.
        max_iterations: maximum number of steps.

    Raises:
        BadTable: wrong shape, or a count that is negative, not whole or not finite.

    Source:
        Dawid & Skene 1979, Applied Statistics 28(1):20-28; the start is their equation 3.1.
    """
    readings = _checked(counts)
    n_exams = len(readings)
    totals = readings.sum(axis=1)
    n_readings = totals.sum(axis=1)
    is_read = n_readings > 0
    readings, totals, n_readings = readings[is_read], totals[is_read], n_readings[is_read]

    posterior = totals / n_readings[:, None]
    log_likelihood, is_converged, n_iterations = -np.inf, False, 0
    prevalence, rates = _maximize(readings, posterior)
    while not is_converged and n_iterations < max_iterations:
        posterior, reached = _expect(readings, prevalence, rates)
        is_converged = reached - log_likelihood <= tolerance * n_exams
        log_likelihood = reached
        prevalence, rates = _maximize(readings, posterior)
        n_iterations += 1

    everywhere = np.broadcast_to(prevalence, (n_exams, len(prevalence))).copy()
    everywhere[is_read] = posterior
    return Categorical(
        *_explained(prevalence, rates, readings, is_identified=bool((n_readings >= 3).any())),
        everywhere,
        log_likelihood if len(readings) else 0.0,
        n_iterations,
        is_converged,
    )


def _checked(counts: ArrayLike) -> NDArray[np.float64]:
    readings = arrays.counts(counts, BadTable, "counts")
    if readings.ndim != 3:
        raise BadTable(f"counts have {readings.ndim} axes, not exams, readers and categories")
    if (readings != np.floor(readings)).any():
        raise BadTable("a count is not a whole number")
    return readings


def _expect(
    readings: NDArray[np.float64], prevalence: NDArray[np.float64], rates: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return the posterior of each exam's category and the log-likelihood."""
    logs = np.log(np.maximum(rates, _TINY))
    joint = np.einsum("erk,rjk->ej", readings, logs) + np.log(np.maximum(prevalence, _TINY))
    highest = joint.max(axis=1, keepdims=True, initial=-np.inf)
    weights = np.exp(joint - highest)
    total = weights.sum(axis=1, keepdims=True)
    return weights / total, float((highest + np.log(total)).sum())


def _maximize(
    readings: NDArray[np.float64], posterior: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the prevalences and error rates that best fit the posterior; 0 where undefined."""
    expected = np.einsum("ej,erk->rjk", posterior, readings)
    total = expected.sum(axis=2, keepdims=True)
    rates = np.divide(expected, total, out=np.zeros_like(expected), where=total > 0)
    return posterior.sum(axis=0) / max(len(posterior), 1), rates


def _explained(
    prevalence: NDArray[np.float64],
    rates: NDArray[np.float64],
    readings: NDArray[np.float64],
    *,
    is_identified: bool,
) -> tuple[Estimates, Estimates]:
    """Return prevalences and error rates, with reasons for those that are undefined."""
    is_unknown = np.array(not is_identified)
    is_unused = readings.sum(axis=(0, 1)) == 0
    is_silent = (readings.sum(axis=(0, 2)) == 0)[:, None, None]
    is_unmet = rates.sum(axis=2, keepdims=True) == 0
    is_undefined = np.broadcast_to(is_unknown | is_silent | is_unmet, rates.shape)
    return (
        Estimates(
            np.where(is_unknown | is_unused, np.nan, prevalence),
            ((is_unused, Reason.CATEGORY_UNUSED), (is_unknown, Reason.NO_THREE_READINGS)),
        ),
        Estimates(
            np.where(is_undefined, np.nan, rates),
            (
                (is_silent, Reason.NO_READING),
                (is_unknown, Reason.NO_THREE_READINGS),
                (is_unmet, Reason.CATEGORY_UNUSED),
            ),
        ),
    )
