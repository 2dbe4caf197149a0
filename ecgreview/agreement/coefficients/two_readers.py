"""Coefficients of two readers, from their contingency table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, chdtrc

from ecgreview.agreement.values.coefficient import Estimates, complement, ratio
from ecgreview.agreement.values.reasons import Reason

from . import kernels
from . import weights as weighing
from .tables import BadTable, Tables, cells, chance, checked, margins, n_exams

__all__ = [
    "BadTable",
    "McNemar",
    "Tables",
    "bangdiwala_b",
    "bias_index",
    "checked",
    "cohen_kappa",
    "cohen_kappa_max",
    "gwet_ac1",
    "light_kappa",
    "mcnemar",
    "pabak",
    "percent_agreement",
    "positive_jaccard",
    "prevalence_index",
    "scott_pi",
]


Masks = list[tuple[NDArray[np.bool_], str]]


@dataclass(frozen=True, slots=True, eq=False)
class McNemar:
    """Test of whether one reader marks a finding more often than the other.

    Attributes:
        chi2: shape (...); (b - c)**2 / (b + c), where b and c are the numbers of discordant exams;
            without continuity correction.
        p: shape (...); p value of ``chi2`` with one degree of freedom.
        exact_p: shape (...); two-sided p value from the binomial distribution.
    """

    chi2: Estimates
    p: Estimates
    exact_p: Estimates


def cohen_kappa(tables: ArrayLike, weights: ArrayLike | None = None) -> Estimates:
    r"""Return Cohen's kappa, weighted or not.

    .. math:: \kappa = 1 - \sum v_{ij} n_{ij} n / \sum v_{ij} n_{i.} n_{.j}, \quad v = 1 - w

    Args:
        tables: ``tables.Tables``.
        weights: weights of agreement, which may be asymmetric (``weights.of_disagreement`` converts
            weights of disagreement); by default, only equal categories agree.

    Returns:
        Shape (...), at most 1; 0 is chance.

    Raises:
        BadTable, BadWeights: see ``tables.checked`` and ``weights.custom``.

    Source:
        Cohen 1960, Educ Psychol Meas 20:37-46; Cohen 1968, Psychological Bulletin 70:213-220.
    """
    counts = checked(tables)
    if weights is None:
        return kernels.cohen_kappa(counts)
    n, rows, columns = margins(counts)
    disagreement = weighing.disagreement(weights, counts.shape[-1])
    observed = n * (counts * disagreement).sum(axis=(-2, -1))
    expected = np.einsum("...i,ij,...j->...", rows, disagreement, columns)
    masks = [*_undefined(counts), (expected == 0, Reason.NO_CHANCE_DISAGREEMENT)]
    return complement(ratio(observed, expected, unless=masks))


def cohen_kappa_max(tables: ArrayLike) -> Estimates:
    """Return the maximum kappa possible with the readers' marginal totals.

    Source:
        Cohen 1960, Educ Psychol Meas 20:37-46.
    """
    counts = checked(tables)
    n, rows, columns = margins(counts)
    by_chance = chance(rows, columns)
    most = np.minimum(rows, columns).sum(axis=-1)
    return ratio(n * most - by_chance, n**2 - by_chance, unless=_undefined(counts))


def light_kappa(tables: ArrayLike, weights: ArrayLike | None = None) -> Estimates:
    """Return Light's kappa, the mean of the defined Cohen kappas of several pairs.

    Args:
        tables: shape (n_pairs, ..., n_categories, n_categories); pairs without an exam in common
            are left out.
        weights: as in ``cohen_kappa``.

    Returns:
        Shape (...).

    Source:
        Light 1971, Psychological Bulletin 76(5):365-377.
    """
    counts = checked(tables)
    if counts.ndim < 3:
        raise BadTable(f"expected an axis of pairs: shape (n_pairs, n, n), got {counts.shape}")
    kappas = cohen_kappa(counts, weights)
    n_defined = kappas.is_defined.sum(axis=0).astype(np.float64)
    total = np.where(kappas.is_defined, kappas.values, 0.0).sum(axis=0)
    nothing = counts.sum(axis=(0, -2, -1)) == 0
    return ratio(
        total,
        n_defined,
        unless=[(nothing, Reason.NOT_COMPARED), (n_defined == 0, Reason.NO_PAIR_DEFINED)],
    )


def percent_agreement(tables: ArrayLike) -> Estimates:
    """Return the share of exams on which both readers agree."""
    return kernels.percent_agreement(cells(checked(tables)))


def prevalence_index(tables: ArrayLike) -> Estimates:
    """Return the share of exams that both call present, minus the share that both call absent.

    Args:
        tables: ``tables.Tables`` of a finding.

    Returns:
        Shape (...), from -1 to 1.

    Source:
        Byrt, Bishop & Carlin 1993, J Clin Epidemiol 46:423-429.
    """
    counts = checked(tables, 2)
    return _share(counts, counts[..., 1, 1] - counts[..., 0, 0])


def bias_index(tables: ArrayLike) -> Estimates:
    """Return the share of exams that only the first reader calls present, minus that of the second.

    Args:
        tables: ``tables.Tables`` of a finding.

    Returns:
        Shape (...), from -1 to 1.

    Source:
        Byrt, Bishop & Carlin 1993, J Clin Epidemiol 46:423-429.
    """
    counts = checked(tables, 2)
    return _share(counts, counts[..., 1, 0] - counts[..., 0, 1])


def scott_pi(tables: ArrayLike) -> Estimates:
    """Return Scott's pi, which assumes the same category probabilities for both readers.

    Source:
        Scott 1955, Public Opinion Quarterly 19:321-325.
    """
    return kernels.fleiss_kappa(cells(checked(tables)))  # equal to pi for two readers


def pabak(tables: ArrayLike) -> Estimates:
    """Return the prevalence- and bias-adjusted kappa, which is Brennan and Prediger's kappa.

    Source:
        Byrt, Bishop & Carlin 1993, J Clin Epidemiol 46:423-429.
    """
    counts = checked(tables)
    estimates = kernels.brennan_prediger(cells(counts))
    return estimates.with_caution(_one_used(counts), Reason.ONE_CATEGORY_USED)


def gwet_ac1(tables: ArrayLike) -> Estimates:
    """Return Gwet's AC1. It is near 1 for rare findings, so interpret it with positive agreement.

    Source:
        Gwet 2008, Br J Math Stat Psychol 61:29-48.
    """
    counts = checked(tables)
    estimates = kernels.gwet_ac1(cells(counts))
    return estimates.with_caution(_one_used(counts), Reason.ONE_CATEGORY_USED)


def bangdiwala_b(tables: ArrayLike) -> Estimates:
    """Return Bangdiwala's B: squares of agreement over rectangles of the marginal totals.

    Returns:
        Shape (...), from 0 to 1; undefined when no category was used by both readers.

    Source:
        Shankar & Bangdiwala 2014, BMC Medical Research Methodology 14:100.
    """
    counts = checked(tables)
    n, rows, columns = margins(counts)
    squares = (np.diagonal(counts, axis1=-2, axis2=-1) ** 2).sum(axis=-1)
    rectangles = chance(rows, columns)
    masks = [(n == 0, Reason.NOT_COMPARED), (rectangles == 0, Reason.NOTHING_SHARED)]
    return ratio(squares, rectangles, unless=masks).with_caution(
        _one_used(counts), Reason.ONE_CATEGORY_USED
    )


def positive_jaccard(tables: ArrayLike) -> Estimates:
    """Return the Jaccard index: exams in which both mark the finding, divided by exams in which at
    least one does.

    Args:
        tables: ``tables.Tables`` of a finding.
    """
    counts = checked(tables, 2)
    n = n_exams(counts)
    either = counts[..., 1, 1] + counts[..., 1, 0] + counts[..., 0, 1]
    return ratio(
        counts[..., 1, 1],
        either,
        unless=[(n == 0, Reason.NOT_COMPARED), (either == 0, Reason.NEVER_GIVEN)],
    )


def mcnemar(tables: ArrayLike) -> McNemar:
    """Return McNemar's test, undefined when the readers never disagreed.

    Args:
        tables: ``tables.Tables`` of a finding.

    Source:
        McNemar 1947, Psychometrika 12:153-157; without correction for continuity, as in
        Ribeiro et al. 2020, Nature Communications 11:1760.
    """
    counts = checked(tables, 2)
    n, first, second = n_exams(counts), counts[..., 1, 0], counts[..., 0, 1]
    discordant = first + second
    masks = [(n == 0, Reason.NOT_COMPARED), (discordant == 0, Reason.NEVER_DISAGREED)]
    chi2 = ratio((first - second) ** 2, discordant, unless=masks)
    fewer = np.rint(np.minimum(first, second))
    tail = 2 * bdtr(fewer, np.rint(discordant).astype(np.int64), 0.5)
    ones = np.ones_like(n)
    return McNemar(
        chi2,
        Estimates(np.asarray(chdtrc(1, chi2.values)), chi2.causes),
        ratio(np.minimum(tail, 1.0), ones, unless=masks),
    )


def _one_used(counts: Tables) -> NDArray[np.bool_]:
    n, rows, columns = margins(counts)
    return np.asarray((n > 0) & (np.count_nonzero(rows + columns, axis=-1) == 1))


def _undefined(counts: Tables) -> Masks:
    return [(n_exams(counts) == 0, Reason.NOT_COMPARED), (_one_used(counts), Reason.ALL_ALIKE)]


def _share(counts: Tables, part: NDArray[np.float64]) -> Estimates:
    n = n_exams(counts)
    return ratio(part, n, unless=[(n == 0, Reason.NOT_COMPARED)])
