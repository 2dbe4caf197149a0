"""The agreement of a batch of readings as one JSON-able report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import kernels, sets
from .cells import Cells
from .coefficient import (
    ABSENCE_ONLY,
    ALWAYS_GIVEN,
    NEVER_GIVEN,
    NO_CLASS,
    NO_PAIR,
    NOT_COMPARED,
    Coefficient,
    Estimates,
    ratio,
)
from .patterns import MISSING, BadRatings, PatternCount

VERSION = "2"
"""Raised whenever the same readings would give another report."""

_ABSENT, _PRESENT = 0, 1  # the columns of binary cells
_TWO_READINGS = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
"""The cells of two readers: both absent, one each, both present."""

PairTables = Mapping[tuple[int, int], NDArray[np.float64]]


def report(
    ratings: NDArray[np.int8], readers: Sequence[str], classes: Sequence[str]
) -> dict[str, Any]:
    """Return how far ``readers`` agree, class by class and as a whole.

    Every coefficient is ``{"value", "reason"}``: the value is null when it is undefined, and the
    reason says why. Counts are of exams that two readers or more have read; pairs that have no
    exam in common are left out. Who read an exam may be missing for some of its classes, which
    they could not assess: ``n_not_assessable`` counts these readings of a class.

    Args:
        ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
        readers: the names of the first axis.
        classes: the names of the last axis.

    Raises:
        BadRatings: the shape does not fit the names, or a state is unknown.
    """
    patterns = PatternCount.of(ratings)
    if (len(readers), len(classes)) != (ratings.shape[0], ratings.shape[2]):
        raise BadRatings(
            f"{len(readers)} readers and {len(classes)} classes are named, the ratings have "
            f"{ratings.shape[0]} and {ratings.shape[2]}"
        )
    pairs = _pair_tables(patterns)
    estimates = _estimates(patterns.cells(), pairs)
    has_read = (ratings != MISSING).any(axis=2)
    return {
        "version": VERSION,
        "n_readers": len(readers),
        "n_exams": ratings.shape[1],
        "n_exams_compared": int((has_read.sum(axis=0) >= 2).sum()),
        "readers": list(readers),
        "classes": [
            {**one, "n_not_assessable": int(n_missing)}
            for one, n_missing in zip(
                _classes(patterns.cells(), estimates, pairs, readers, classes),
                ((ratings == MISSING) & has_read[:, :, None]).sum(axis=(0, 1)),
                strict=True,
            )
        ],
        "overall": {
            "exact_set": sets.exact_agreement(ratings).to_json(),
            "jaccard": sets.mean_jaccard(ratings).to_json(),
            "macro": {name: _macro(values) for name, values in estimates.items()},
        },
    }


def _estimates(cells: Cells, pairs: PairTables) -> dict[str, Estimates]:
    """Return every coefficient, each of shape (n_classes,)."""
    totals = cells.compared_readings
    never = totals[:, _PRESENT] == 0
    return {
        "prevalence": ratio(
            totals[:, _PRESENT],
            totals.sum(axis=1),
            unless=[(cells.n_compared == 0, NOT_COMPARED)],
        ),
        "percent": kernels.percent_agreement(cells).with_caution(never, ABSENCE_ONLY),
        **_specific(cells),
        "cohen_mean": _mean_cohen(cells, pairs),
        "fleiss": kernels.fleiss_kappa(cells),
        "alpha": kernels.krippendorff_alpha(cells),
        "ac1": kernels.gwet_ac1(cells).with_caution(never, ABSENCE_ONLY),
        "pabak": kernels.brennan_prediger(cells).with_caution(never, ABSENCE_ONLY),
    }


def _specific(cells: Cells) -> dict[str, Estimates]:
    return {
        "positive": kernels.specific_agreement(cells, _PRESENT, unused=NEVER_GIVEN),
        "negative": kernels.specific_agreement(cells, _ABSENT, unused=ALWAYS_GIVEN),
    }


def _mean_cohen(cells: Cells, pairs: PairTables) -> Estimates:
    """Return the mean of the defined kappas of all pairs: Light's kappa.

    Source:
        Light 1971, Psychological Bulletin 76(5):365-377.
    """
    n_classes = len(cells.n_exams)
    kappas = [kernels.cohen_kappa(table) for table in pairs.values()]
    values = np.stack([kappa.values for kappa in kappas]) if kappas else np.empty((0, n_classes))
    is_defined = ~np.isnan(values)
    n_defined = is_defined.sum(axis=0).astype(np.float64)
    masks = [(cells.n_compared == 0, NOT_COMPARED), (n_defined == 0, NO_PAIR)]
    return ratio(np.where(is_defined, values, 0.0).sum(axis=0), n_defined, unless=masks)


def _pair_tables(patterns: PatternCount) -> dict[tuple[int, int], NDArray[np.float64]]:
    """Return the tables, shape (n_classes, 2, 2), of the pairs that have an exam in common."""
    n_readers = patterns.patterns.shape[1]
    against_all = (patterns.pair_tables(reader) for reader in range(n_readers))
    return {
        (first, second): tables[:, second]
        for first, tables in enumerate(against_all)
        for second in range(first + 1, n_readers)
        if tables[:, second].any()
    }


def _classes(
    cells: Cells,
    estimates: Mapping[str, Estimates],
    pairs: PairTables,
    readers: Sequence[str],
    classes: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Yield the part of the report on each class."""
    columns = {name: values.coefficients() for name, values in estimates.items()}
    counts = {name: values.astype(int).tolist() for name, values in _counts(cells).items()}
    of_pairs = [
        _pair(table, *(readers[reader] for reader in pair)) for pair, table in pairs.items()
    ]
    for row, name in enumerate(classes):
        yield {
            "class": name,
            **{key: values[row] for key, values in counts.items()},
            **{key: values[row].to_json() for key, values in columns.items()},
            "pairs": [pair[row] for pair in of_pairs if pair[row]["n"]],
        }


def _counts(cells: Cells) -> dict[str, NDArray[np.float64]]:
    """Return the numbers behind the coefficients, each of shape (n_classes,)."""
    totals = cells.compared_readings
    absent, present = cells.table.T
    is_any = cells.is_compared & (present > 0)
    return {
        "n_exams": cells.n_compared,
        "n_readings": totals.sum(axis=1),
        "n_positive": totals[:, _PRESENT],
        "n_positive_any": cells.n_exams @ is_any.astype(np.float64),
        "n_positive_all": cells.n_exams @ (is_any & (absent == 0)).astype(np.float64),
    }


def _pair(tables: NDArray[np.float64], first: str, second: str) -> list[dict[str, Any]]:
    """Return what two readers have in common, for each class."""
    n00, n01, n10, n11 = (tables[:, row, column] for row in (0, 1) for column in (0, 1))
    cells = Cells(_TWO_READINGS, np.stack([n00, n01 + n10, n11], axis=1))
    columns = {
        "percent": kernels.percent_agreement(cells),
        **_specific(cells),
        "cohen": kernels.cohen_kappa(tables),
    }
    coefficients = {name: values.coefficients() for name, values in columns.items()}
    return [
        {
            "readers": [first, second],
            "n": int(table.sum()),
            "n11": int(table[1, 1]),
            "n10": int(table[1, 0]),
            "n01": int(table[0, 1]),
            "n00": int(table[0, 0]),
            **{name: values[row].to_json() for name, values in coefficients.items()},
        }
        for row, table in enumerate(tables)
    ]


def _macro(estimates: Estimates) -> dict[str, Any]:
    """Return the plain mean over the classes where the coefficient is defined."""
    values = estimates.values[estimates.is_defined]
    mean = Coefficient(float(values.mean())) if values.size else Coefficient(None, NO_CLASS)
    return {**mean.to_json(), "n_defined": int(values.size), "n_classes": estimates.values.size}
