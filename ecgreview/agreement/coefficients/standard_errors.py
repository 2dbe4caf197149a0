r"""Standard errors of the coefficients over the sampling of exams.

Gwet's errors are those of a mean: each exam i has a linearized value x_i, whose mean is the
coefficient, and the error is :math:`\sqrt{\sum (x_i - \bar x)^2 / (n (n - 1))}`. The exams are the
sample; the readers are fixed. Where all exams are compared this is the infinitesimal jackknife;
with exams that have one reading, it is usually a few percent larger, because Gwet treats the share
of exams compared as fixed.

Source:
    Gwet 2008, Br J Math Stat Psychol 61:29-48; Gwet 2014, Handbook of Inter-Rater Reliability,
    4th ed., chapter 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.values.bounded import tail_of
from ecgreview.agreement.values.coefficient import Estimates, ratio
from ecgreview.agreement.values.reasons import Reason

from . import kernels, two_readers, weighted
from . import weights as weighing
from .tables import chance, checked, shares
from .weighted import Votes

__all__ = [
    "bangdiwala_b",
    "brennan_prediger",
    "cohen_kappa",
    "cohen_kappa_null",
    "cohen_kappa_z",
    "conger_kappa",
    "fleiss_kappa",
    "fleiss_kappa_null",
    "fleiss_kappa_null_by_category",
    "gwet_ac2",
    "krippendorff_alpha",
    "krippendorff_ordinal_alpha",
    "n_read",
    "negative_agreement",
    "percent_agreement",
    "positive_agreement",
    "specific_agreement",
    "t_interval",
]


# Errors below this are rounding errors.
_ROUNDING = 1e-12

Array = NDArray[np.float64]


def n_read(cells: Cells) -> Array:
    """Return the number of exams with a reading, shape (...): the sample size of the errors
    below.

    The sample size of alpha is ``cells.n_compared``, because alpha ignores exams with one reading.
    """
    return np.asarray(cells.n_exams @ (cells.n_readings > 0).astype(np.float64))


def percent_agreement(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Gwet's standard error of percent agreement.

    Returns:
        Shape (...), as in all functions here; undefined where the coefficient is undefined, and for
        a single exam. An error of 0 comes with a caution, because it does not make perfect
        agreement certain.
    """
    apart = weighted.disagreement(weights, cells.n_categories)
    estimates = weighted.percent_agreement(cells, weights)
    return _gwet(cells, _shortfall(cells, apart, np.ones_like(cells.n_compared)), estimates)


def brennan_prediger(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Gwet's standard error of Brennan and Prediger's coefficient, which includes PABAK."""
    apart = weighted.disagreement(weights, cells.n_categories)
    estimates = weighted.brennan_prediger(cells, weights)
    expected = np.full_like(cells.n_compared, apart.mean() if apart.size else 0.0)
    return _gwet(cells, _shortfall(cells, apart, expected), estimates)


def gwet_ac2(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Gwet's standard error of AC2 (AC1 without weights)."""
    apart = weighted.disagreement(weights, cells.n_categories)
    estimates = weighted.gwet_ac2(cells, weights)
    expected = weighted.ac2_chance(cells, apart)
    chance = weighted.ac2_factor(apart) * _of_each(cells, 1 - cells.mean_shares)
    surplus = 1 - expected[..., None] - chance
    return _gwet(cells, _linearized(cells, apart, estimates, expected, surplus), estimates)


def fleiss_kappa(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Gwet's standard error of Fleiss' kappa."""
    apart = weighted.disagreement(weights, cells.n_categories)
    estimates = weighted.fleiss_kappa(cells, weights)
    shares = cells.mean_shares
    expected = weighted.quadratic_form(shares, apart, shares)
    surplus = _of_each(cells, shares @ apart) - expected[..., None]
    return _gwet(cells, _linearized(cells, apart, estimates, expected, surplus), estimates)


def conger_kappa(votes: Votes, weights: ArrayLike | None = None) -> Estimates:
    """Return Gwet's standard error of Conger's kappa."""
    cells = votes.cells
    apart = weighted.disagreement(weights, cells.n_categories)
    estimates = weighted.conger_kappa(votes, weights)
    expected = weighted.conger_chance(votes, apart)
    surplus = _conger_surplus(votes, apart)
    return _gwet(cells, _linearized(cells, apart, estimates, expected, surplus), estimates)


def krippendorff_alpha(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Gwet's standard error of Krippendorff's alpha.

    Published implementations differ by up to 2%, and none is the exact derivative. With unequal
    numbers of readings, this one centers an exam's agreement on the agreement with Krippendorff's
    correction for small samples, as irrCAC for Python does (irrCAC for R centers it on the
    uncorrected agreement: .14548 instead of .14557 on Krippendorff's example). Like both, it omits
    the correction from the scatter, so it exceeds the derivative by a factor of about 1 + 1 /
    (number of readings).
    """
    estimates = weighted.krippendorff_alpha(cells, weights)
    return _alpha(cells, weighted.disagreement(weights, cells.n_categories), estimates)


def krippendorff_ordinal_alpha(cells: Cells) -> Estimates:
    """Return the standard error of Krippendorff's ordinal alpha.

    Unlike ``krippendorff_alpha``, it includes the scatter of the weights: they are computed from
    the same readings, and treating them as fixed would make the error too small for rare
    categories.
    """
    totals = cells.compared_readings
    estimates = weighted.krippendorff_ordinal_alpha(cells)
    apart = 1 - weighing.krippendorff_ordinal(totals)
    return _alpha(cells, apart, estimates, _drift_of_ordinal_weights(cells))


def specific_agreement(
    cells: Cells, category: int, *, unused: str = Reason.CATEGORY_UNUSED
) -> Estimates:
    """Return the standard error of positive or negative agreement by the delta method.

    Exams in which nobody chooses ``category`` do not change it.

    Source:
        Graham & Bull 1998, J Clin Epidemiol 51:763-771, for two readers.
    """
    chosen = cells.table[:, category]
    estimates = kernels.specific_agreement(cells, category, unused=unused)
    both, pairs = chosen * (chosen - 1), chosen * (cells.n_readings - 1)
    share = np.where(estimates.is_defined, estimates.values, 0.0)[..., None]
    away = both - share * pairs
    scatter = np.sqrt((cells.n_exams * away**2).sum(axis=-1))
    return of_scatter(scatter, cells.n_exams @ pairs, cells.n_compared, estimates)


def positive_agreement(cells: Cells) -> Estimates:
    """Return the standard error of positive agreement of binary cells (absent, present)."""
    return specific_agreement(cells, 1)


def negative_agreement(cells: Cells) -> Estimates:
    """Return the standard error of negative agreement of binary cells (absent, present)."""
    return specific_agreement(cells, 0)


def fleiss_kappa_null(cells: Cells) -> Estimates:
    """Return the standard error that Fleiss' kappa would have if the readers agreed by chance.

    Undefined when the exams differ in their number of readings.

    Source:
        Fleiss, Nee & Landis 1979, Psychological Bulletin 86:974-977.
    """
    estimates = kernels.fleiss_kappa(cells)
    shares = cells.mean_shares
    spread = (shares * (1 - shares)).sum(axis=-1)
    skew = (shares * (1 - shares) * (1 - 2 * shares)).sum(axis=-1)
    scatter = np.sqrt(2 * np.maximum(spread**2 - skew, 0.0))
    return _null(cells, scatter, spread, estimates)


def fleiss_kappa_null_by_category(cells: Cells) -> Estimates:
    """Return ``fleiss_kappa_null`` for the kappa of one category against all others.

    It is the same for all categories.

    Source:
        Fleiss, Nee & Landis 1979, Psychological Bulletin 86:974-977.
    """
    ones = np.ones_like(cells.n_compared)
    return _null(cells, np.sqrt(2 * ones), ones, kernels.fleiss_kappa(cells))


def of_scatter(scatter: Array, scale: Array, n: Array, estimates: Estimates) -> Estimates:
    """Return ``scatter`` / ``scale``, with the reasons of ``estimates`` where they are
    undefined.

    Args:
        scatter: shape (...).
        scale: the same shape.
        n: number of exams, the same shape; for a single exam the error is undefined.
        estimates: the coefficient, the same shape.
    """
    undefined = [(mask & ~estimates.is_defined, reason) for mask, reason in estimates.causes]
    errors = ratio(scatter, scale, unless=[*undefined, (n < 2, Reason.ONE_EXAM)])
    is_none = errors.values < _ROUNDING
    exact = Estimates(np.where(is_none, 0.0, errors.values), errors.causes)
    return exact.with_caution(is_none, Reason.NO_EXAM_DIFFERS)


def t_interval(
    estimates: Estimates, errors: Estimates, n: Array, confidence: float = 0.95
) -> tuple[Array, Array]:
    """Return Student's t interval with n - 1 degrees of freedom, cut off at 1.

    Args:
        estimates: any shape.
        errors: their standard errors, the same shape.
        n: number of exams: ``n_read``, or ``cells.n_compared`` for alpha.
        confidence: between 0 and 1.

    Returns:
        The lower and the upper limits, NaN where the error is undefined.

    Raises:
        BadConfidence: ``confidence`` is not between 0 and 1.
    """
    reach = stdtrit(np.maximum(n - 1, 1), 1 - tail_of(confidence)) * errors.values
    return estimates.values - reach, np.minimum(estimates.values + reach, 1.0)


def _of_each(cells: Cells, of_category: Array) -> Array:
    """Return the mean of ``of_category`` (..., n_categories) over the readings of each cell."""
    readings = np.maximum(cells.n_readings, 1)
    return np.asarray(of_category @ (cells.table / readings[:, None]).T)


def _shortfall(cells: Cells, apart: Array, expected: Array) -> Array:
    """Return each cell's contribution to the coefficient at fixed chance, shape (..., n_cells)."""
    share_compared = n_read(cells) / np.maximum(cells.n_compared, 1)
    relative = weighted.disagreements(cells, apart) / _safe(expected)[..., None]
    return np.asarray(share_compared[..., None] * cells.is_compared * (1 - relative))


def _linearized(
    cells: Cells, apart: Array, estimates: Estimates, expected: Array, surplus: Array
) -> Array:
    """Return the linearized values, whose mean is the coefficient, shape (..., n_cells).

    Args:
        cells: the counted answers.
        apart: weights of disagreement.
        estimates: shape (...); the coefficient.
        expected: the disagreement by chance, shape (...).
        surplus: additional disagreement by chance due to a cell, shape (..., n_cells).
    """
    remaining = 1 - np.where(estimates.is_defined, estimates.values, 1.0)
    moved = 2 * (remaining / _safe(expected))[..., None] * surplus
    return np.asarray(_shortfall(cells, apart, expected) + moved)


def _conger_surplus(votes: Votes, apart: Array) -> Array:
    shares, n_rated = weighted.reader_shares(votes)
    n_readers = np.count_nonzero(n_rated, axis=-1)[..., None]
    others = (shares.sum(axis=-2, keepdims=True) - shares) @ apart
    usual = weighted.quadratic_form(shares, np.eye(shares.shape[-1]), others)
    brought = np.einsum("rpk,...rk->...rp", votes.choices, others)
    is_rated = votes.choices.sum(axis=-1)
    away = (brought - is_rated * usual[..., None]) / np.maximum(n_rated, 1)[..., None]
    total = away.sum(axis=-2) * n_read(votes.cells)[..., None]
    return np.asarray(total / np.maximum(n_readers * (n_readers - 1), 1))


def _alpha(
    cells: Cells, apart: Array, estimates: Estimates, drift: Array | float = 0.0
) -> Estimates:
    n, totals = cells.n_compared, cells.compared_readings
    n_readings = np.maximum(totals.sum(axis=-1), 1)
    shares = totals / n_readings[..., None]
    expected = weighted.quadratic_form(shares, apart, shares)
    mean_readings = (n_readings / np.maximum(n, 1))[..., None]
    size = cells.n_readings / mean_readings
    partners = np.where(cells.is_compared, cells.n_readings - 1, 1.0)
    apart_each = weighted.disagreeing_pairs(cells, apart) / partners / mean_readings
    disagreed = (cells.n_exams * cells.is_compared * apart_each).sum(axis=-1) / np.maximum(n, 1)
    corrected = disagreed * (1 - 1 / n_readings)
    against = weighted.quadratic_form(shares[..., None, :], apart[..., None, :, :], cells.table)
    surplus = against / mean_readings - expected[..., None] * size
    fixed = corrected[..., None] * (size - 1) - (apart_each - disagreed[..., None])
    moved = 2 * (disagreed / _safe(expected))[..., None] * surplus
    away = (fixed + moved) / _safe(expected)[..., None] + drift
    squares = (cells.n_exams * cells.is_compared * away**2).sum(axis=-1)
    return of_scatter(np.sqrt(squares), np.sqrt(n * np.maximum(n - 1, 0)), n, estimates)


def _drift_of_ordinal_weights(cells: Cells) -> Array:
    """Return how alpha changes, through its weights, if an exam with the readings of a cell is
    added.

    Returns:
        Shape (..., n_cells); change per exam, multiplied by the number of exams compared.
    """
    totals, between = cells.compared_readings, weighing.between(cells.compared_readings)
    partners = np.where(cells.is_compared, cells.n_readings - 1, 1.0)
    compared = np.where(cells.is_compared[:, None], cells.table, 0.0)
    observed = np.einsum("...c,cg,ck->...gk", cells.n_exams / partners, compared, compared)
    expected = totals[..., :, None] * totals[..., None, :]
    disagreed = (observed * between**2).sum(axis=(-2, -1))
    different = _safe((expected * between**2).sum(axis=(-2, -1)))
    share = (disagreed / different)[..., None, None]
    slope = 2 * between * (observed - share * expected) / different[..., None, None]
    moved = np.einsum("...gk,cgk->...c", slope, weighing.between(compared))
    return np.asarray(-moved * (totals.sum(axis=-1) * cells.n_compared)[..., None])


def _gwet(cells: Cells, values: Array, estimates: Estimates) -> Estimates:
    n = n_read(cells)
    away = values - np.where(estimates.is_defined, estimates.values, 0.0)[..., None]
    squares = (cells.n_exams * (cells.n_readings > 0) * away**2).sum(axis=-1)
    return of_scatter(np.sqrt(squares), np.sqrt(n * np.maximum(n - 1, 0)), n, estimates)


def _null(cells: Cells, scatter: Array, scale: Array, estimates: Estimates) -> Estimates:
    n, compared = cells.n_compared, np.where(cells.is_compared, cells.n_readings, 0.0)
    occurs = (cells.n_exams > 0) & (cells.n_readings > 0)
    most = np.where(occurs, cells.n_readings, 0.0).max(axis=-1, initial=0.0)
    is_unequal = (cells.n_exams @ compared) != n_read(cells) * most
    pairs = np.sqrt(n * most * np.maximum(most - 1, 0))
    masks = [
        (n == 0, Reason.NOT_COMPARED),
        (~estimates.is_defined, Reason.ALL_ALIKE),
        (is_unequal, Reason.UNEQUAL_READINGS),
    ]
    return ratio(scatter, scale * pairs, unless=masks)


def _safe(expected: Array) -> Array:
    """Return ``expected`` with 0 replaced by 1, where the coefficient is undefined anyway."""
    return np.where(expected == 0, 1.0, expected)


# Two readers. These errors are asymptotic: they use n where those above use n - 1.


def cohen_kappa(tables: ArrayLike, weights: ArrayLike | None = None) -> Estimates:
    """Return the asymptotic standard error of Cohen's kappa, weighted or not.

    Args:
        tables: ``tables.Tables``.
        weights: as in ``two_readers.cohen_kappa``.

    Source:
        Fleiss, Cohen & Everitt 1969, Psychological Bulletin 72:323-327.
    """
    counts = checked(tables)
    estimates = two_readers.cohen_kappa(counts, weights)
    n, apart, mean, joint, expected = _cohen_parts(counts, weights)
    disagreed = (joint * apart).sum(axis=(-2, -1), keepdims=True)
    away = apart * expected[..., None, None] - mean * disagreed
    center = (joint * away).sum(axis=(-2, -1), keepdims=True)
    scatter = np.sqrt((joint * (away - center) ** 2).sum(axis=(-2, -1)))
    return of_scatter(scatter, np.sqrt(n) * expected**2, n, estimates)


def cohen_kappa_null(tables: ArrayLike, weights: ArrayLike | None = None) -> Estimates:
    """Return the standard error that Cohen's kappa would have if the readers agreed by chance.

    Source:
        Fleiss, Cohen & Everitt 1969, Psychological Bulletin 72:323-327.
    """
    counts = checked(tables)
    estimates = two_readers.cohen_kappa(counts, weights)
    n, apart, mean, joint, expected = _cohen_parts(counts, weights)
    independent = joint.sum(axis=-1)[..., :, None] * joint.sum(axis=-2)[..., None, :]
    away = apart - mean + expected[..., None, None]
    scatter = np.sqrt((independent * away**2).sum(axis=(-2, -1)))
    return of_scatter(scatter, np.sqrt(n) * expected, n, estimates)


def cohen_kappa_z(tables: ArrayLike, weights: ArrayLike | None = None) -> Estimates:
    """Return the z statistic of the hypothesis that the readers agree only by chance."""
    kappa, error = two_readers.cohen_kappa(tables, weights), cohen_kappa_null(tables, weights)
    return ratio(kappa.values, error.values, unless=error.causes)  # causes include an error of 0


def bangdiwala_b(tables: ArrayLike) -> Estimates:
    """Return the standard error of Bangdiwala's B by the delta method.

    Source:
        Shankar & Bangdiwala 2014, BMC Medical Research Methodology 14:100.
    """
    counts = checked(tables)
    estimates = two_readers.bangdiwala_b(counts)
    n, joint, rows, columns = shares(counts)
    share = np.where(estimates.is_defined, estimates.values, 0.0)[..., None, None]
    slope = 2 * joint * np.eye(joint.shape[-1])
    slope = slope - share * (columns[..., :, None] + rows[..., None, :])
    center = (joint * slope).sum(axis=(-2, -1), keepdims=True)
    scatter = np.sqrt((joint * (slope - center) ** 2).sum(axis=(-2, -1)))
    return of_scatter(scatter, np.sqrt(n) * chance(rows, columns), n, estimates)


def _cohen_parts(
    counts: Array, weights: ArrayLike | None
) -> tuple[Array, Array, Array, Array, Array]:
    """Return the parts of kappa's standard errors.

    Returns:
        Number of exams; disagreement of each pair of categories; for each pair, the sum of the
        mean disagreements of its two categories; share of exams with each pair; and the mean
        disagreement by chance.
    """
    apart = weighing.disagreement(weights, counts.shape[-1])
    n, joint, rows, columns = shares(counts)
    mean = (columns @ apart.T)[..., :, None] + (rows @ apart)[..., None, :]
    return n, apart, mean, joint, weighted.quadratic_form(rows, apart, columns)
