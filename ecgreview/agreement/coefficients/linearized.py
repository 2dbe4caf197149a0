"""Intervals of Light's and Conger's kappa from linearized standard errors, for many readers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import PatternCount
from ecgreview.agreement.values.coefficient import Estimates, ratio
from ecgreview.agreement.values.intervals import LINEARIZED, Measures
from ecgreview.agreement.values.reasons import Reason

from . import kernels, standard_errors
from .tables import chance, margins, same
from .weighted import Votes

PAIRS_AT_ONCE = 64


def of_readers(
    patterns: PatternCount,
    coefficients: dict[str, Estimates],
    *,
    is_rare: NDArray[np.bool_],
    confidence: float,
) -> dict[str, Measures]:
    """Return Light's and Conger's kappa with Student's t intervals from linearized standard errors.

    Args:
        patterns: counts of shape (n_classes, n_patterns).
        coefficients: Light's and Conger's, each of shape (n_classes,).
        is_rare: shape (n_classes,); these classes get no interval, because the approximation fails.
        confidence: confidence level of the intervals.
    """
    cells = patterns.cells()
    errors = {
        "light_kappa": light_kappa(patterns),
        "conger_kappa": standard_errors.conger_kappa(Votes.of_patterns(patterns)),
    }
    n = {"light_kappa": cells.n_compared, "conger_kappa": standard_errors.n_read(cells)}
    measured = {}
    for name, error in errors.items():
        bounds = standard_errors.t_interval(coefficients[name], error, n[name], confidence)
        methods = np.full(np.shape(error.values), LINEARIZED)
        measures = Measures(coefficients[name], *bounds, error.values, cells.n_compared, methods)
        measured[name] = measures.without_interval(is_rare, Reason.FEW_EXAMS_OF_CLASS)
    return measured


def light_kappa(patterns: PatternCount) -> Estimates:
    r"""Return the standard error of Light's kappa, the mean of the defined Cohen kappas.

    .. math:: SE^2 = \sum_p N_p g_p^2, \quad g_p = \partial \kappa / \partial N_p

    where :math:`N_p` is the number of exams with pattern p. :math:`g_p` is the sum over all pairs
    of readers who have read the exams, so it accounts for exams that several pairs share.

    Args:
        patterns: counts of shape (n_classes, n_patterns).

    Returns:
        Shape (n_classes,).

    Source:
        The delta method for multinomial counts: Agresti 2013, Categorical Data Analysis, 3rd ed.,
        section 16.1; for two readers it is Fleiss, Cohen & Everitt 1969, Psychol Bull 72:323-327.
    """
    slopes = np.zeros(patterns.counts.shape)
    n_defined = np.zeros(len(patterns.counts))
    pairs = patterns.common_pairs()
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        some = pairs[start : start + PAIRS_AT_ONCE]
        tables = patterns.pairs(some)
        of_fields = slope_of_cohen(tables).reshape(len(tables), -1)
        slopes += of_fields @ patterns.fields(some).T
        n_defined += kernels.cohen_kappa(tables).is_defined.sum(axis=-1)
    scatter = np.sqrt((patterns.counts * slopes**2).sum(axis=-1))
    none = n_defined == 0
    return ratio(scatter, n_defined, unless=[(none, Reason.ONE_EXAM)])


def slope_of_cohen(tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the derivatives of kappa with respect to the counts; 0 where kappa is undefined.

    Args:
        tables: shape (..., 2, 2).

    Returns:
        The same shape.
    """
    n_exams, rows, columns = margins(tables)
    n, agreed, by_chance = (
        value[..., None, None] for value in (n_exams, same(tables), chance(rows, columns))
    )
    of_chance = columns[..., :, None] + rows[..., None, :]  # d chance / d count
    top, bottom = n * agreed - by_chance, n**2 - by_chance
    of_top, of_bottom = agreed + n * np.eye(2) - of_chance, 2 * n - of_chance
    slope = of_top * bottom - top * of_bottom
    return np.asarray(np.divide(slope, bottom**2, out=np.zeros_like(slope), where=bottom != 0))
