"""The standard errors of two readers' coefficients, and the test of no agreement.

Unlike those of ``standard_errors`` they are asymptotic: n stands where those have n - 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement.values.coefficient import Estimates, ratio

from . import two_readers, weighted
from . import weights as weighing
from .standard_errors import of_scatter
from .tables import chance, checked, shares

Array = NDArray[np.float64]


def cohen_kappa(tables: ArrayLike, weights: ArrayLike | None = None) -> Estimates:
    """Return the standard error of Cohen's kappa, weighted or not.

    Args:
        tables: ``tables.Tables``.
        weights: as of ``two_readers.cohen_kappa``.

    Source:
        Fleiss, Cohen & Everitt 1969, Psychological Bulletin 72:323-327.
    """
    counts = checked(tables)
    estimates = two_readers.cohen_kappa(counts, weights)
    n, apart, mean, joint, expected = _cohen_parts(counts, weights)
    disagreed = (joint * apart).sum(axis=(-2, -1), keepdims=True)
    away = apart * expected[..., None, None] - mean * disagreed
    centre = (joint * away).sum(axis=(-2, -1), keepdims=True)
    scatter = np.sqrt((joint * (away - centre) ** 2).sum(axis=(-2, -1)))
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
    """Return Cohen's kappa in units of its error under chance: the test of no agreement."""
    kappa, error = two_readers.cohen_kappa(tables, weights), cohen_kappa_null(tables, weights)
    return ratio(kappa.values, error.values, unless=error.causes)  # among them that it is 0


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
    centre = (joint * slope).sum(axis=(-2, -1), keepdims=True)
    scatter = np.sqrt((joint * (slope - centre) ** 2).sum(axis=(-2, -1)))
    return of_scatter(scatter, np.sqrt(n) * chance(rows, columns), n, estimates)


def _cohen_parts(
    counts: Array, weights: ArrayLike | None
) -> tuple[Array, Array, Array, Array, Array]:
    """Return n, the disagreements of the fields, their means by chance, the shares, the mean."""
    apart = weighing.disagreement(weights, counts.shape[-1])
    n, joint, rows, columns = shares(counts)
    mean = (columns @ apart.T)[..., :, None] + (rows @ apart)[..., None, :]
    return n, apart, mean, joint, weighted.quadratic_form(rows, apart, columns)
