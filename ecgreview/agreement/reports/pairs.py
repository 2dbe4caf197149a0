"""How far two readers agree: every coefficient of a pair with its interval, class by class."""

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

Tables = NDArray[np.float64]
"""Shape (..., 2, 2): exams by what the first reader said (absent, present) and the second."""


def coefficients(tables: Tables) -> dict[str, Estimates]:
    """Return the coefficients of pairs of readers, each of shape (...)."""
    cells = cells_of(tables)
    anonymous = everyone.coefficients(cells)
    return {
        "cohen_kappa": kernels.cohen_kappa(tables),
        **{name: anonymous[name] for name in _SHARED},
        "scott_pi": anonymous["fleiss_kappa"],  # which it is for two readers
        "cohen_kappa_max": two_readers.cohen_kappa_max(tables),
        "prevalence_index": two_readers.prevalence_index(tables),
        "bias_index": two_readers.bias_index(tables),
    }


def pair_counts(patterns: PatternCount, answers: Answers) -> list[dict[str, Any]]:
    """Return the counts of the pairs of readers that have an exam in common.

    Args:
        patterns: what was said, counted.
        answers: the same, with whose exams they are.

    Returns:
        ``{"readers": [first, second], "n00", "n01", "n10", "n11"}`` with a list for the classes
        each; where patients have several exams, the same of their ``design_effects``.
    """
    pairs = patterns.common_pairs()
    effects_of = design_effects.OfPairs(answers) if answers.is_clustered else None
    found = []
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        some = pairs[start : start + _PAIRS_AT_ONCE]
        tables = np.moveaxis(patterns.pairs(some), -3, 0)
        effects = effects_of.of(some, tables).to_json() if effects_of else {}
        found += [
            {
                "readers": list(pair),
                **counted(tables[row]),
                **{name: values[row] for name, values in effects.items()},
            }
            for row, pair in enumerate(some)
        ]
    return found


def counted(tables: Tables) -> dict[str, list[int]]:
    """Return the fields of tables by name, as lists of numbers of exams."""
    return {
        field: tables[:, row, column].astype(int).tolist()
        for field, (row, column) in FIELDS.items()
    }


FIELDS = {"n00": (0, 0), "n01": (0, 1), "n10": (1, 0), "n11": (1, 1)}
"""Where the numbers stand in a table: what the first reader said, then the second."""

_PAIRS_AT_ONCE = 64


def pair_measures(
    tables: Tables, how: Resampling, effects: Effects | None = None
) -> dict[str, Measures]:
    """Return every coefficient of pairs of readers with its interval.

    Intervals are made as in ``everyone.class_measures``, of each table on its own. McNemar's p,
    which is exact, has none; nor has a class that neither gave, of which nothing is known.

    Args:
        tables: shape (n_tables, 2, 2).
        how: the intervals are made.
        effects: shape (n_tables,); intervals are those of so many times fewer exams. None: nobody
            has several exams.

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
    found = {}
    for name, estimates in _all(checked).items():
        drawn = nothing.copy()
        if name in values:
            drawn[:, has_given] = values[name]
        one = measures(estimates, drawn, n=n, is_rare=is_rare, confidence=how.confidence)
        found[name] = one.without_interval(~has_given & (n > 0), Reason.NEVER_GIVEN)
    return found


def _all(tables: Tables) -> dict[str, Estimates]:
    return {**coefficients(tables), "mcnemar_p": two_readers.mcnemar(tables).exact_p}


def _replicates(
    tables: Tables, is_rare: NDArray[np.bool_], how: Resampling, effects: Effects | None
) -> dict[str, NDArray[np.float64]]:
    """Return the values of replicates, each of shape (n_replicates, n_tables)."""
    if not how.n_replicates:
        return {}
    if effects is None:
        return _drawn(tables, is_rare, how, None)
    agreement = _drawn(tables, is_rare, how, effects.agreement)
    given = _drawn(tables, is_rare, how, effects.given)
    return {name: (given if name in _OF_GIVEN else agreement)[name] for name in agreement}


def _drawn(
    tables: Tables,
    is_rare: NDArray[np.bool_],
    how: Resampling,
    effects: NDArray[np.float64] | None,
) -> dict[str, NDArray[np.float64]]:
    cells = cells_of(tables)
    drawn = draw(cells.n_exams, prior_of_cells(cells) * _SHARE_OF_CELL, is_rare, how, effects)
    found = coefficients(drawn.reshape(*drawn.shape[:-1], 2, 2))
    return {name: estimates.values for name, estimates in found.items()}


_OF_GIVEN = {"cohen_kappa_max", "prevalence_index", "bias_index"}
"""What is asked of how often the two give the class, not of how far they agree."""

_SHARED = (
    "percent_agreement",
    "positive_agreement",
    "negative_agreement",
    "krippendorff_alpha",
    "gwet_ac1",
    "pabak",
)
_SHARE_OF_CELL = np.array([1.0, 0.5, 0.5, 1.0])  # who of the two said present is either's turn
