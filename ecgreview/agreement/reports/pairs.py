"""Agreement of two readers: every coefficient of a pair with its interval, class by class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import kernels, two_readers
from ecgreview.agreement.coefficients.tables import cells as cells_of
from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.counts.patterns import PatternCount
from ecgreview.agreement.sampling.resampling import Resampling, draw, prior_of_cells
from ecgreview.agreement.values.coefficient import Estimates
from ecgreview.agreement.values.intervals import Measures, measures
from ecgreview.agreement.values.reasons import Reason

from . import design_effects, everyone
from .design_effects import Effects

# Shape (..., 2, 2): exams by the answer of the first reader (absent, present) and the second.
Tables = NDArray[np.float64]


def coefficients(tables: Tables) -> dict[str, Estimates]:
    """Return the coefficients of pairs of readers, each of shape (...)."""
    cells = cells_of(tables)
    anonymous = everyone.coefficients(cells)
    return {
        "cohen_kappa": kernels.cohen_kappa(tables),
        **{name: anonymous[name] for name in _SHARED},
        "scott_pi": anonymous["fleiss_kappa"],  # for two readers they are equal
        "cohen_kappa_max": two_readers.cohen_kappa_max(tables),
        "prevalence_index": two_readers.prevalence_index(tables),
        "bias_index": two_readers.bias_index(tables),
    }


def pair_counts(patterns: PatternCount, answers: Answers) -> list[dict[str, Any]]:
    """Return the counts of the pairs of readers that have an exam in common.

    Args:
        patterns: the counted answers.
        answers: the same answers, with the patients of their exams.

    Returns:
        For each pair, ``{"readers": [first, second], "n00", "n01", "n10", "n11"}``, and the
        ``design_effects.NAMES`` if patients have several exams. The counts and effects are lists
        over classes.
    """
    pairs = patterns.common_pairs()
    effects_of = design_effects.OfPairs(answers) if answers.is_clustered else None
    lines = []
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[start : start + _PAIRS_AT_ONCE]
        tables = np.moveaxis(patterns.pairs(some), -3, 0)
        effects = effects_of.of(some, tables).to_json() if effects_of else {}
        lines += [
            {
                "readers": list(pair),
                **counted(tables[row]),
                **{name: values[row] for name, values in effects.items()},
            }
            for row, pair in enumerate(some)
        ]
    return lines


def counted(tables: Tables) -> dict[str, list[int]]:
    """Return the counts of tables by name, as lists of numbers of exams."""
    return {
        field: tables[:, row, column].astype(int).tolist()
        for field, (row, column) in FIELDS.items()
    }


# Position of each count in a table: the answer of the first reader, then of the second.
FIELDS = {"n00": (0, 0), "n01": (0, 1), "n10": (1, 0), "n11": (1, 1)}

_PAIRS_AT_ONCE = 64


def pair_measures(
    tables: Tables, how: Resampling, effects: Effects | None = None
) -> dict[str, Measures]:
    """Return every coefficient of pairs of readers with its interval.

    Intervals are computed as in ``everyone.class_measures``, for each table separately. There are
    none for McNemar's p, which is exact, nor for classes that neither reader marked.

    Args:
        tables: shape (n_tables, 2, 2).
        how: settings of the intervals.
        effects: shape (n_tables,); design effects. None: no patient has several exams.

    Returns:
        Each of shape (n_tables,).

    Raises:
        two_readers.BadTable: a number of exams is negative or not finite.
    """
    checked = two_readers.checked(tables, 2)
    cells = cells_of(checked)
    is_rare = everyone.rare(cells, effects)
    n = cells.n_compared
    has_given = checked[:, 1].sum(axis=1) + checked[:, 0, 1] > 0
    values = _replicates(
        checked[has_given], is_rare[has_given], how, effects and effects[has_given]
    )
    nothing = np.full((max(how.n_replicates, 1), len(checked)), np.nan)
    results = {}
    for name, estimates in _all(checked).items():
        drawn = nothing.copy()
        if name in values:
            drawn[:, has_given] = values[name]
        measured = measures(estimates, drawn, n=n, is_rare=is_rare, confidence=how.confidence)
        results[name] = measured.without_interval(~has_given & (n > 0), Reason.NEVER_GIVEN)
    return results


def _all(tables: Tables) -> dict[str, Estimates]:
    return {**coefficients(tables), "mcnemar_p": two_readers.mcnemar(tables).exact_p}


def _replicates(
    tables: Tables, is_rare: NDArray[np.bool_], how: Resampling, effects: Effects | None
) -> dict[str, NDArray[np.float64]]:
    """Return the values of replicates, each of shape (n_replicates, n_tables)."""
    if not how.n_replicates:
        return {}
    if effects is None:
        return _draw_tables(tables, is_rare, how, None)
    agreement = _draw_tables(tables, is_rare, how, effects.agreement)
    marked = _draw_tables(tables, is_rare, how, effects.marked)
    return {name: (marked if name in _OF_MARKED else agreement)[name] for name in agreement}


def _draw_tables(
    tables: Tables,
    is_rare: NDArray[np.bool_],
    how: Resampling,
    effects: NDArray[np.float64] | None,
) -> dict[str, NDArray[np.float64]]:
    cells = cells_of(tables)
    drawn = draw(cells.n_exams, prior_of_cells(cells) * _SHARE_OF_CELL, is_rare, how, effects)
    coefficients_of = coefficients(drawn.reshape(*drawn.shape[:-1], 2, 2))
    return {name: estimates.values for name, estimates in coefficients_of.items()}


# Coefficients of how often the two mark the class, not of how well they agree.
_OF_MARKED = {"cohen_kappa_max", "prevalence_index", "bias_index"}

_SHARED = (
    "percent_agreement",
    "positive_agreement",
    "negative_agreement",
    "krippendorff_alpha",
    "gwet_ac1",
    "pabak",
)
_SHARE_OF_CELL = np.array(
    [1.0, 0.5, 0.5, 1.0]
)  # the two cells in which the readers differ share the prior of their type
