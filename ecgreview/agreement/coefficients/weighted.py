"""The coefficients of several readers with weights between the categories.

Without weights they equal the nominal ones of ``kernels``. The exams compared are those that at
least two readers read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.patterns import MISSING, BadRatings, PatternCount
from ecgreview.agreement.values import arrays
from ecgreview.agreement.values.coefficient import Estimates, complement, ratio
from ecgreview.agreement.values.reasons import Reason

from . import kernels
from . import weights as weighing

__all__ = [
    "Votes",
    "brennan_prediger",
    "conger_kappa",
    "counted",
    "fleiss_kappa",
    "fleiss_kappa_by_category",
    "gwet_ac2",
    "krippendorff_alpha",
    "krippendorff_ordinal_alpha",
    "percent_agreement",
]

# Below any possible disagreement by chance, above rounding errors of subtraction.
_ROUNDING = 1e-14

Masks = list[tuple[NDArray[np.bool_], str]]


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """The answers of readers, and the number of exams with each pattern of answers.

    Attributes:
        choices: shape (n_readers, n_patterns, n_categories), float64; 1 for the category that a
            reader chose, all 0 where a reader did not rate.
        n_exams: shape (..., n_patterns), float64; leading axes are classes or replicates.
    """

    choices: NDArray[np.float64]
    n_exams: NDArray[np.float64]

    @classmethod
    def of(cls, ratings: ArrayLike, categories: Sequence[float] | None = None) -> Votes:
        """Return the votes of ``ratings``, with one pattern per exam.

        Args:
            ratings: shape (n_readers, n_exams); a category code, NaN where a reader did not rate.
            categories: the codes that readers could choose from; by default those that were chosen.

        Raises:
            BadRatings: not one row per reader, not numbers, an unknown category code, or a category
                named twice.
        """
        codes = arrays.numbers(ratings, BadRatings, "ratings")
        if codes.ndim != 2:
            raise BadRatings(f"ratings have {codes.ndim} axes, not readers and exams")
        if np.isinf(codes).any():
            raise BadRatings("a rating is infinite")
        used = np.unique(codes[~np.isnan(codes)])
        possible = used if categories is None else _categories(categories)
        if np.unique(possible).size != possible.size:
            raise BadRatings("a category is listed twice")
        if not np.isin(used, possible).all():
            raise BadRatings("a rating is not among the categories")
        choices = (codes[:, :, None] == possible).astype(np.float64)
        return cls(choices, np.ones(codes.shape[1]))

    @classmethod
    def of_patterns(cls, patterns: PatternCount) -> Votes:
        """Return the votes, absent or present, for all classes."""
        states = patterns.patterns.T
        choices = np.stack([states == state for state in range(MISSING + 1, MISSING + 3)], axis=-1)
        return cls(choices.astype(np.float64), patterns.counts.astype(np.float64))

    @property
    def cells(self) -> Cells:
        """The votes without the identity of readers."""
        return Cells(np.asarray(self.choices.sum(axis=0)), self.n_exams)


def counted(table: ArrayLike) -> Cells:
    """Return the cells of a table with the number of readers per exam and category.

    Args:
        table: shape (n_exams, n_categories).

    Raises:
        BadRatings: wrong shape, or a number of readers that is not a non-negative integer.
    """
    counts = arrays.counts(table, BadRatings, "numbers of readers")
    if counts.ndim != 2 or not counts.shape[1]:
        raise BadRatings(f"expected a table (n_exams, n_categories), got shape {counts.shape}")
    if (counts != np.floor(counts)).any():
        raise BadRatings("numbers of readers must be whole")
    return Cells(counts, np.ones(len(counts)))


def _categories(codes: Sequence[float]) -> NDArray[np.float64]:
    checked = arrays.numbers(codes, BadRatings, "categories")
    if checked.ndim != 1 or not np.isfinite(checked).all():
        raise BadRatings("categories must be a list of finite numbers")
    return checked


def percent_agreement(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return the weighted share of pairs of readers who agree, averaged over the exams
    compared.

    Args:
        cells: the counted answers, with any leading axes, as in all functions below.
        weights: shape (n_categories, n_categories); weights of agreement, by default identity.

    Raises:
        BadWeights: see ``weights.custom``. This applies to all functions below.

    Source:
        Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., chapters 2 to 4, for this module.
    """
    apart = disagreement(weights, cells.n_categories)
    return _beyond(observed(cells, apart), np.ones_like(cells.n_compared), [_uncompared(cells)])


def brennan_prediger(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Brennan and Prediger's coefficient, with equal chance for all categories."""
    apart = disagreement(weights, cells.n_categories)
    expected = np.full_like(cells.n_compared, apart.mean() if apart.size else 0.0)
    return _of_no_margins(cells, observed(cells, apart), expected)


def gwet_ac2(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Gwet's AC2 (AC1 without weights)."""
    apart = disagreement(weights, cells.n_categories)
    return _of_no_margins(cells, observed(cells, apart), ac2_chance(cells, apart))


def fleiss_kappa(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Fleiss' kappa, for a varying number of readings per exam."""
    apart = disagreement(weights, cells.n_categories)
    expected = quadratic_form(cells.mean_shares, apart, cells.mean_shares)
    return _beyond(observed(cells, apart), expected, _of_margins(cells, apart))


def fleiss_kappa_by_category(cells: Cells) -> Estimates:
    """Return Fleiss' kappa of each category against all others together.

    Returns:
        Shape (..., n_categories).

    Source:
        Fleiss 1971, Psychological Bulletin 76(5):378-382.
    """
    each = [kernels.fleiss_kappa(_against_others(cells, k)) for k in range(cells.n_categories)]
    values = np.stack([item.values for item in each], axis=-1)
    causes = (
        ((cells.n_compared == 0)[..., None], Reason.NOT_COMPARED),
        (cells.compared_readings == 0, Reason.CATEGORY_UNUSED),
        (np.isnan(values), Reason.ALL_ALIKE),
    )
    return Estimates(values, causes)


def krippendorff_alpha(cells: Cells, weights: ArrayLike | None = None) -> Estimates:
    """Return Krippendorff's alpha; with quadratic weights of the scores, for interval data.

    Source:
        Hayes & Krippendorff 2007, Communication Methods and Measures 1(1):77-89.
    """
    return _alpha(cells, disagreement(weights, cells.n_categories))


def krippendorff_ordinal_alpha(cells: Cells) -> Estimates:
    """Return Krippendorff's ordinal alpha, for categories ordered from lowest to highest.

    It suits the certainty of findings: possible, probable, definite.

    Source:
        Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section D.
    """
    return _alpha(cells, 1 - weighing.krippendorff_ordinal(cells.compared_readings))


def conger_kappa(votes: Votes, weights: ArrayLike | None = None) -> Estimates:
    """Return Conger's kappa, whose chance agreement uses each reader's own prevalence.

    For two readers who read the same exams it is Cohen's kappa.

    Source:
        Conger 1980, Psychological Bulletin 88:322-328.
    """
    cells = votes.cells
    apart = disagreement(weights, cells.n_categories)
    expected = conger_chance(votes, apart)
    masks = [*_of_margins(cells, apart), (expected <= _ROUNDING, Reason.NO_CHANCE_DISAGREEMENT)]
    return _beyond(observed(cells, apart), expected, masks)


# Shared by the coefficients and their standard errors.


def disagreement(weights: ArrayLike | None, n_categories: int) -> NDArray[np.float64]:
    """Return 1 - ``weights``, made symmetric, because two readings have no order."""
    apart = weighing.disagreement(weights, n_categories)
    return np.asarray((apart + apart.T) / 2)


def quadratic_form(
    left: NDArray[np.float64], apart: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the products left^T apart right, broadcast over the leading axes of all three."""
    return np.asarray(np.einsum("...g,...gk,...k->...", left, apart, right))


def disagreeing_pairs(cells: Cells, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted number of disagreeing pairs of readers of a cell, each counted twice.

    Args:
        cells: the counted answers.
        apart: shape (..., n_categories, n_categories); weights of disagreement.

    Returns:
        Shape (..., n_cells).
    """
    return np.asarray(np.einsum("cg,...gk,ck->...c", cells.table, apart, cells.table))


def disagreements(cells: Cells, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``disagreeing_pairs`` as a share of the pairs, 0 where nothing is compared."""
    pairs = np.where(cells.is_compared, cells.n_readings * (cells.n_readings - 1), 1.0)
    return np.asarray(np.where(cells.is_compared, disagreeing_pairs(cells, apart) / pairs, 0.0))


def observed(cells: Cells, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean disagreement of the exams compared, shape (...)."""
    disagreed = cells.n_exams @ disagreements(cells, apart)
    return np.asarray(disagreed / np.maximum(cells.n_compared, 1))


def ac2_chance(cells: Cells, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the disagreement that AC2 expects by chance, shape (...)."""
    shares = cells.mean_shares
    return np.asarray(1 - ac2_factor(apart) * (shares * (1 - shares)).sum(axis=-1))


def ac2_factor(apart: NDArray[np.float64]) -> float:
    """Return the sum of all weights over q (q - 1), the factor of AC2's chance agreement."""
    q = len(apart)
    return float((1 - apart).sum() / max(q * (q - 1), 1))


def reader_shares(votes: Votes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of the categories in each reader's ratings, and the number of ratings.

    Returns:
        Shapes (..., n_readers, n_categories), all 0 for readers without ratings, and
        (..., n_readers).
    """
    chosen = np.einsum("...p,rpk->...rk", votes.n_exams, votes.choices)
    n_rated = chosen.sum(axis=-1)
    return np.asarray(chosen / np.where(n_rated == 0, 1, n_rated)[..., None]), n_rated


def conger_chance(votes: Votes, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean disagreement by chance over all pairs of readers, shape (...)."""
    shares, n_rated = reader_shares(votes)
    others = shares.sum(axis=-2, keepdims=True) - shares
    pairs = quadratic_form(shares, apart, others).sum(axis=-1)
    n_readers = np.count_nonzero(n_rated, axis=-1)
    return np.asarray(pairs / np.maximum(n_readers * (n_readers - 1), 1))


def _alpha(cells: Cells, apart: NDArray[np.float64]) -> Estimates:
    partners = np.where(cells.is_compared, cells.n_readings - 1, 1.0)
    pairs = disagreeing_pairs(cells, apart) / partners  # a single reading has no pairs
    totals = cells.compared_readings
    n = totals.sum(axis=-1)
    different = quadratic_form(totals, apart, totals)
    quotient = (cells.n_exams * pairs).sum(axis=-1) * np.maximum(n - 1, 0)
    return complement(ratio(quotient, different, unless=_of_margins(cells, apart)))


def _against_others(cells: Cells, category: int) -> Cells:
    chosen = cells.table[:, category]
    return Cells(np.stack([chosen, cells.n_readings - chosen], axis=1), cells.n_exams)


def _of_no_margins(
    cells: Cells, disagreed: NDArray[np.float64], expected: NDArray[np.float64]
) -> Estimates:
    masks = [
        _uncompared(cells),
        (np.full(expected.shape, cells.n_categories < 2), Reason.ONE_CATEGORY),
    ]
    one_used = np.count_nonzero(cells.compared_readings, axis=-1) == 1
    return _beyond(disagreed, expected, masks).with_caution(one_used, Reason.ONE_CATEGORY_USED)


def _of_margins(cells: Cells, apart: NDArray[np.float64]) -> Masks:
    """Return masks of where chance is undefined, because no pair of readings compared could
    disagree.
    """
    totals = cells.compared_readings
    return [
        _uncompared(cells),
        (np.count_nonzero(totals, axis=-1) <= 1, Reason.ALL_ALIKE),
        (quadratic_form(totals, apart, totals) == 0, Reason.NO_CHANCE_DISAGREEMENT),
    ]


def _uncompared(cells: Cells) -> tuple[NDArray[np.bool_], str]:
    return cells.n_compared == 0, Reason.NOT_COMPARED


def _beyond(
    disagreed: NDArray[np.float64], expected: NDArray[np.float64], unless: Masks
) -> Estimates:
    """Return 1 - disagreed / expected, in a form that is precise for rare findings."""
    return complement(ratio(disagreed, expected, unless=unless))
