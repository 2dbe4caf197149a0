"""The coefficients for one set of nominal ratings with any number of categories."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.patterns import BadRatings
from ecgreview.agreement.values.coefficient import Coefficient, Estimates

from . import kernels
from .weighted import Votes

# Shape (n_readers, n_exams): a category code, NaN where a reader did not rate.
Ratings = ArrayLike


def percent_agreement(ratings: Ratings, categories: Sequence[float] | None = None) -> Coefficient:
    """Return the share of pairs of readers who agree, averaged over the exams compared."""
    return _only(kernels.percent_agreement(cells(ratings, categories)))


def fleiss_kappa(ratings: Ratings, categories: Sequence[float] | None = None) -> Coefficient:
    """Return Fleiss' kappa, generalized to a varying number of readings per exam."""
    return _only(kernels.fleiss_kappa(cells(ratings, categories)))


def krippendorff_alpha(ratings: Ratings, categories: Sequence[float] | None = None) -> Coefficient:
    """Return Krippendorff's alpha of nominal ``ratings``."""
    return _only(kernels.krippendorff_alpha(cells(ratings, categories)))


def gwet_ac1(ratings: Ratings, categories: Sequence[float] | None = None) -> Coefficient:
    """Return Gwet's AC1. It depends on unused categories, so include them in ``categories``."""
    return _only(kernels.gwet_ac1(cells(ratings, categories)))


def cohen_kappa(ratings: Ratings) -> Coefficient:
    """Return Cohen's kappa of two readers over the exams that both rated.

    Args:
        ratings: shape (2, n_exams); a category code, NaN where a reader did not rate.

    Raises:
        BadRatings: as in ``cells``, or not exactly two readers.
    """
    votes = Votes.of(ratings)
    if len(votes.choices) != 2:
        raise BadRatings(f"Cohen's kappa needs two readers, got {len(votes.choices)}")
    first, second = votes.choices
    return _only(kernels.cohen_kappa(first.T @ second))


def cells(ratings: Ratings, categories: Sequence[float] | None = None) -> Cells:
    """Return one cell for each exam of ``ratings``.

    Args:
        ratings: shape (n_readers, n_exams); a category code, NaN where a reader did not rate.
        categories: the codes that readers could choose from; by default those that were chosen.

    Raises:
        BadRatings: as in ``weighted.Votes.of``. This applies to every function in this module.
    """
    return Votes.of(ratings, categories).cells


def _only(estimates: Estimates) -> Coefficient:
    (coefficient,) = estimates.coefficients()
    return coefficient
