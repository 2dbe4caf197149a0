"""Forecasts: interval widths after more readings, and readings needed for a given width.

The standard error of a coefficient falls with the square root of the number of exams. Its scatter
in the exams so far is therefore enough to forecast the error for any other number, as long as
future exams and readers are like these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ecgreview.agreement.coefficients import standard_errors
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.sampling import resampling
from ecgreview.agreement.values.bounded import tail_of
from ecgreview.agreement.values.coefficient import Estimates, ratio
from ecgreview.agreement.values.reasons import Reason

# Forecasts get a caution if fewer exams than this have the class marked by at least one reader.
ENOUGH_MARKED = 20

Effects = NDArray[np.float64]

_PRESENT = 1  # the column of binary cells


class BadTable(ValueError):
    """The cells are not binary (absent, present), or their counts or design effects are invalid."""


class BadWidth(ValueError):
    """The requested half-width is not between 0 and 1, or a number of readings is not positive."""


class Target(StrEnum):
    """The coefficient whose interval should be narrow."""

    FLEISS_KAPPA = "fleiss_kappa"
    POSITIVE_AGREEMENT = "positive_agreement"


@dataclass(frozen=True, slots=True)
class Forecast:
    """Number of readings that a class needs for an interval of the requested width.

    Attributes:
        half_width: half of the current interval's width; None if unknown.
        n_exams: exams read by at least two readers.
        n_marked: exams among these in which at least one reader marked the class.
        n_reads: readings of the ``n_exams`` exams.
        reads_needed: total number of readings needed, with as many readings per exam as now; None
            if ``half_width`` is None.
        reads_left: how many of these are still to come.
        reason: why there is no forecast, or a caution about it; usually empty.
    """

    half_width: float | None
    n_exams: int
    n_marked: int
    n_reads: int
    reads_needed: int | None
    reads_left: int | None
    reason: str = ""


def stored_cells(cells: Cells) -> dict[str, Any]:
    """Return the cells of classes in the form that reports store, from which forecasts are
    computed.
    """
    return {
        "table": cells.table.astype(int).tolist(),
        "n_exams": cells.n_exams.astype(int).tolist(),
    }


def forecast(
    cells: Cells,
    half_width: float,
    *,
    target: Target,
    confidence: float = 0.95,
    effects: Effects | None = None,
) -> list[Forecast]:
    """Return how many readings each class needs for an interval of estimate +- ``half_width``.

    The scatter of a class is known only from its informative exams: in simulations, the width
    after the forecast readings was off by 5% (standard deviation) with 400 such exams and by
    10% with 90.

    Args:
        cells: cells of binary findings (absent, present); ``n_exams`` has shape (..., n_cells).
        half_width: half of the interval's width, between 0 and 1.
        target: the coefficient.
        confidence: confidence level of the interval.
        effects: shape (...); design effects. Future patients are assumed to have as many exams.
            None: no patient has several exams.

    Returns:
        One forecast for each class, in C order of the leading axes.

    Raises:
        BadTable: the cells are not of binary findings, a count is negative or not finite, or
            effects are not one finite number of 1 or more for each class.
        BadWidth: ``half_width`` is not between 0 and 1.
        BadConfidence: ``confidence`` is not between 0 and 1.
    """
    if not 0 < half_width < 1:
        raise BadWidth(f"a half-width of {half_width} is not between 0 and 1")
    scatter = _scatter(cells, target)
    errors = scatter.values * np.sqrt(_spread(cells, effects))
    z = _standard_errors(confidence)
    with_positive = (cells.is_compared & (cells.table[:, _PRESENT] > 0)).astype(np.float64)
    columns = (
        np.ravel(errors),
        np.ravel(scatter.reasons),
        np.ravel(cells.n_compared),
        np.ravel(cells.n_exams @ with_positive),
        np.ravel(cells.compared_readings.sum(axis=-1)),
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [_of_class(*row, z=z, target_width=half_width) for row in rows]


def half_widths(
    cells: Cells,
    n_reads: NDArray[np.int64],
    *,
    target: Target,
    confidence: float = 0.95,
    effects: Effects | None = None,
) -> NDArray[np.float64]:
    """Return half of the interval's width after each number of readings.

    Args:
        cells: cells of binary findings (absent, present); ``n_exams`` has shape (..., n_cells).
        n_reads: shape (n_points,); total readings of a class, with as many per exam as now.
        target: the coefficient.
        confidence: confidence level of the interval.
        effects: as in ``forecast``.

    Returns:
        Shape (n_points, ...), NaN where no forecast is possible.

    Raises:
        BadTable: as in ``forecast``.
        BadWidth: a number of readings is not positive.
        BadConfidence: ``confidence`` is not between 0 and 1.
    """
    if (n_reads <= 0).any():
        raise BadWidth("a number of readings is not positive")
    z = _standard_errors(confidence)
    of_exam = cells.compared_readings.sum(axis=-1) / np.maximum(cells.n_compared, 1)
    scatter = _scatter(cells, target).values * np.sqrt(_spread(cells, effects))
    errors = np.sqrt(np.multiply.outer(1 / n_reads, of_exam)) * scatter
    return np.asarray(z * errors)


def _standard_errors(confidence: float) -> float:
    """Return the number of standard errors on each side of an estimate."""
    return float(stats.norm.ppf(1 - tail_of(confidence)))


def _of_class(
    scatter: float,
    reason: str,
    n_exams: float,
    n_marked: float,
    n_reads: float,
    *,
    z: float,
    target_width: float,
) -> Forecast:
    """Return the forecast of one class.

    Args:
        scatter: the standard error times the square root of the number of exams; NaN if unknown.
        reason: why it is unknown.
        n_exams: exams compared.
        n_marked: exams among these in which at least one reader marked the class.
        n_reads: readings of the ``n_exams`` exams.
        z: standard errors on each side of the estimate.
        target_width: half of the interval's width.
    """
    counts = round(n_exams), round(n_marked), round(n_reads)
    if math.isnan(scatter):
        return Forecast(None, *counts, None, None, reason)
    needed = math.ceil((z * scatter / target_width) ** 2 * n_reads / n_exams)
    return Forecast(
        z * scatter / math.sqrt(n_exams),
        *counts,
        needed,
        max(0, needed - counts[2]),
        Reason.ROUGH_FORECAST if n_marked < ENOUGH_MARKED else "",
    )


def _spread(cells: Cells, effects: Effects | None) -> Effects:
    """Return the effects of classes, 1 if no patient has several exams."""
    shape = cells.n_exams.shape[:-1]
    if effects is None:
        return np.ones(shape)
    if effects.shape != shape or not (np.isfinite(effects).all() and (effects >= 1).all()):
        raise BadTable("design effects must be one finite number of 1 or more per class")
    return effects


def _scatter(cells: Cells, target: Target) -> Estimates:
    """Return the standard error times the square root of the number of exams, shape (...).

    The prior of the posterior is added to the cells. Otherwise readers who have agreed so far
    would seem to need no further exams.
    """
    _refuse_bad(cells)
    positive = cells.compared_readings[..., _PRESENT]
    causes = [(cells.n_compared == 0, Reason.NOT_COMPARED), (positive == 0, Reason.NEVER_GIVEN)]
    if target is Target.FLEISS_KAPPA:
        causes.append((positive == cells.compared_readings.sum(axis=-1), Reason.ALL_ALIKE))
    complete = _with_all_divisions(cells)
    smoothed = Cells(complete.table, complete.n_exams + resampling.prior_of_cells(complete))
    error = _ERRORS[target](smoothed).values * np.sqrt(smoothed.n_compared)
    return ratio(error, np.ones_like(error), unless=causes)


_ERRORS: dict[Target, Callable[[Cells], Estimates]] = {
    Target.FLEISS_KAPPA: standard_errors.fleiss_kappa,
    Target.POSITIVE_AGREEMENT: standard_errors.positive_agreement,
}


def _with_all_divisions(cells: Cells) -> Cells:
    """Merge equal cells, and add possible cells that have no exams."""
    sizes = np.unique(cells.n_readings).astype(int).tolist()
    possible = [[size - k, k] for size in sizes for k in range(size + 1)]
    table, place = np.unique(
        np.concatenate([cells.table, np.reshape(possible, (-1, 2))]), axis=0, return_inverse=True
    )
    is_of = place.reshape(-1)[: len(cells.table), None] == np.arange(len(table))
    return Cells(table, cells.n_exams @ is_of.astype(np.float64))


def _refuse_bad(cells: Cells) -> None:
    if cells.n_categories != 2:
        raise BadTable(f"there are {cells.n_categories} categories, not absent and present")
    if not (np.isfinite(cells.n_exams).all() and (cells.n_exams >= 0).all()):
        raise BadTable("a count of exams is negative or not finite")
