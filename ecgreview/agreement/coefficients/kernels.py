"""The coefficients, vectorized over classes, pairs or replicates.

The exams compared are those that at least two readers read.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.values.coefficient import Estimates, complement, ratio
from ecgreview.agreement.values.reasons import Reason

from .tables import chance, margins, same


def percent_agreement(cells: Cells) -> Estimates:
    """Return the share of pairs of readers who agree, averaged over the exams compared.

    Returns:
        Shape (...), from 0 to 1.

    Source:
        Fleiss 1971, Psychological Bulletin 76(5):378-382; for varying numbers of readings
        Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., chapter 2.
    """
    agreed = cells.n_exams @ np.where(cells.is_compared, 1 - cells.disagreement, 0.0)
    return ratio(agreed, cells.n_compared, unless=[_nothing_compared(cells)])


def specific_agreement(
    cells: Cells, category: int, *, unused: str = Reason.CATEGORY_UNUSED
) -> Estimates:
    """Return the probability that a second reader chooses ``category`` if a first reader does.

    Positive agreement is that of "present", negative agreement that of "absent".

    Returns:
        Shape (...), from 0 to 1; undefined with the reason ``unused`` if nobody chooses it.

    Source:
        Cicchetti & Feinstein 1990, J Clin Epidemiol 43:551-558; for several readers
        de Vet, Dikmans & Eekhout 2017, J Clin Epidemiol 83:85-89.
    """
    chosen = cells.table[:, category]
    both = cells.n_exams @ (chosen * (chosen - 1))
    pairs = cells.n_exams @ (chosen * (cells.n_readings - 1))
    return ratio(both, pairs, unless=[_nothing_compared(cells), (pairs == 0, unused)])


def fleiss_kappa(cells: Cells) -> Estimates:
    r"""Return Fleiss' kappa, generalized to a varying number of readings per exam.

    .. math:: \kappa = 1 - D_o / \sum_c p_c (1 - p_c)

    where :math:`D_o` is the mean share of disagreeing pairs and :math:`p_c` the mean share of
    category c. With two readings throughout it is Scott's pi.

    Returns:
        Shape (...), at most 1; 0 is chance. Undefined when all readings of the exams compared are
        equal. Without this rule, a category used only in exams with a single reading would make
        agreement appear perfect.

    Source:
        Fleiss 1971, Psychological Bulletin 76(5):378-382; with missing readings Gwet 2014,
        chapter 2.
    """
    shares = cells.mean_shares
    expected = (shares * (1 - shares)).sum(axis=-1)
    is_one_used = np.count_nonzero(cells.compared_readings, axis=-1) <= 1
    return _beyond_chance(
        _observed(cells), expected, [_nothing_compared(cells), (is_one_used, Reason.ALL_ALIKE)]
    )


def krippendorff_alpha(cells: Cells) -> Estimates:
    r"""Return Krippendorff's alpha for nominal ratings.

    .. math:: \alpha = 1 - D_o / D_e

    where :math:`D_o` is the disagreement between two readings of one exam and :math:`D_e` that
    between two readings drawn without replacement from all exams compared.

    Returns:
        Shape (...), at most 1; 0 is chance. Undefined when all those readings are equal.

    Source:
        Hayes & Krippendorff 2007, Communication Methods and Measures 1(1):77-89.
    """
    paired = np.where(cells.is_compared, cells.n_readings, 0.0)
    totals = cells.compared_readings
    n = totals.sum(axis=-1)
    observed = (cells.n_exams @ (paired * cells.disagreement)) / np.maximum(n, 1)
    different = n**2 - (totals**2).sum(axis=-1)  # exact, because these are sums of integers
    expected = different / np.maximum(n * (n - 1), 1)
    return _beyond_chance(
        observed, expected, [_nothing_compared(cells), (different == 0, Reason.ALL_ALIKE)]
    )


def gwet_ac1(cells: Cells) -> Estimates:
    r"""Return Gwet's AC1.

    .. math:: AC_1 = (p_a - p_e) / (1 - p_e), \quad p_e = \sum_c p_c (1 - p_c) / (q - 1)

    For rare classes it is near 1 even if readers never agree that the class is present, so always
    interpret it together with positive agreement.

    Returns:
        Shape (...), at most 1. Undefined when there is only one category.

    Source:
        Gwet 2008, Br J Math Stat Psychol 61:29-48.
    """
    shares = cells.mean_shares
    by_chance = (shares * (1 - shares)).sum(axis=-1) / max(cells.n_categories - 1, 1)
    return _beyond_chance(
        _observed(cells), 1 - by_chance, [_nothing_compared(cells), _no_choice(cells)]
    )


def brennan_prediger(cells: Cells) -> Estimates:
    """Return Brennan and Prediger's kappa, which for two categories is PABAK, 2 p_a - 1.

    Returns:
        Shape (...), at most 1. Undefined when there is only one category.

    Source:
        Brennan & Prediger 1981, Educ Psychol Meas 41:687-699; Byrt, Bishop & Carlin 1993,
        J Clin Epidemiol 46:423-429.
    """
    expected = np.full_like(cells.n_compared, 1 - 1 / max(cells.n_categories, 1))
    return _beyond_chance(_observed(cells), expected, [_nothing_compared(cells), _no_choice(cells)])


def cohen_kappa(tables: NDArray[np.float64]) -> Estimates:
    r"""Return Cohen's kappa of two readers.

    .. math:: \kappa = (n \sum_c n_{cc} - \sum_c n_{c.} n_{.c}) / (n^2 - \sum_c n_{c.} n_{.c})

    Args:
        tables: shape (..., n_categories, n_categories); exams by the category of the first reader
            (rows) and of the second (columns).

    Returns:
        Shape (...), at most 1; 0 is chance. Undefined when there is no exam, or when both readers
        use only one category, the same one.

    Source:
        Cohen 1960, Educ Psychol Meas 20:37-46.
    """
    if tables.shape[-1] == 2:
        return _cohen_kappa_of_findings(tables)
    n, rows, columns = margins(tables)
    by_chance = chance(rows, columns)
    masks = [(n == 0, Reason.NOT_COMPARED), (n**2 == by_chance, Reason.ALL_ALIKE)]
    return ratio(n * same(tables) - by_chance, n**2 - by_chance, unless=masks)


def beyond_chance(
    cells: Cells,
    expected: NDArray[np.float64],
    unless: Sequence[tuple[NDArray[np.bool_], str]] = (),
) -> Estimates:
    """Return 1 - D_o / D_e of the exams compared, for a given expected disagreement.

    Args:
        cells: the mean share of disagreeing pairs in these is the observed disagreement.
        expected: shape (...); the disagreement by chance, not 0 where no mask is true.
        unless: masks of the same shape, each with the reason why the value is undefined there.
    """
    return _beyond_chance(_observed(cells), expected, [_nothing_compared(cells), *unless])


def _cohen_kappa_of_findings(tables: NDArray[np.float64]) -> Estimates:
    """Return ``cohen_kappa`` for two categories, without matrix sums: faster for replicates."""
    neither, second = tables[..., 0, 0], tables[..., 0, 1]
    first, both = tables[..., 1, 0], tables[..., 1, 1]
    n = neither + second + first + both
    by_first, by_second = first + both, second + both
    by_chance = by_first * by_second + (n - by_first) * (n - by_second)
    masks = [(n == 0, Reason.NOT_COMPARED), (n**2 == by_chance, Reason.ALL_ALIKE)]
    return ratio(n * (neither + both) - by_chance, n**2 - by_chance, unless=masks)


def _observed(cells: Cells) -> NDArray[np.float64]:
    disagreed = cells.n_exams @ cells.disagreement
    return np.asarray(disagreed / np.maximum(cells.n_compared, 1))


def _nothing_compared(cells: Cells) -> tuple[NDArray[np.bool_], str]:
    return cells.n_compared == 0, Reason.NOT_COMPARED


def _no_choice(cells: Cells) -> tuple[NDArray[np.bool_], str]:
    return np.full(np.shape(cells.n_compared), cells.n_categories < 2), Reason.ONE_CATEGORY


def _beyond_chance(
    observed: NDArray[np.float64],
    expected: NDArray[np.float64],
    unless: list[tuple[NDArray[np.bool_], str]],
) -> Estimates:
    """Return 1 - observed / expected disagreement, in a form that is precise for rare classes."""
    return complement(ratio(observed, expected, unless=unless))
