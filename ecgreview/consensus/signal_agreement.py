"""Agreement between readers on signal quality, and on each problem of the signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import standard_errors, weighted, weights
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.values.bounded import Measure
from ecgreview.agreement.values.coefficient import Estimates
from ecgreview.agreement.values.intervals import LINEARIZED

from .signal import LEVELS

# Quadratic weights of the four levels, for Gwet's AC2.
_QUADRATIC = weights.quadratic(range(len(LEVELS)))


@dataclass(frozen=True, slots=True)
class SignalVotes:
    """The votes of the readers on one exam, and how many exams have the same votes.

    Attributes:
        quality: number of readings by level.
        problems: number of readings that name each problem.
        n_exams: number of exams.
    """

    quality: Mapping[str, int]
    problems: Mapping[str, int]
    n_exams: int = 1


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    """The agreement on one item: the quality, or a problem such as ``noise`` or ``noise:V1``.

    Attributes:
        item: ``quality`` or the problem.
        n_exams: number of exams that at least two readers read.
        n_any: of these, the number in which a reader named the problem or, for the quality, called
            it anything but good.
        statistics: by name, with 95% intervals over the sampling of exams; ``n`` is the number of
            exams.
    """

    item: str
    n_exams: int
    n_any: int
    statistics: Mapping[str, Measure]


def signal_agreement(votes: Iterable[SignalVotes]) -> list[ItemAgreement]:
    """Return the agreement on the quality, then on every problem that a reader named.

    The levels of quality are ordered: Krippendorff's ordinal alpha and, because most signals are
    good, Gwet's AC2 with quadratic weights. For a problem, Fleiss' kappa and PABAK, the same
    corrected for a prevalence of one half; with more than two readers it is Brennan and Prediger's
    coefficient. Exams with fewer than two readings are left out.

    Source:
        See ``ecgreview.agreement.coefficients.weighted`` and ``standard_errors``.
    """
    rows = [row for row in votes if sum(row.quality.values()) > 1]
    if not rows:
        return []
    n_exams = np.array([row.n_exams for row in rows], dtype=np.float64)
    levels = np.array([[row.quality.get(level, 0) for level in LEVELS] for row in rows], float)
    result = [_of_quality(Cells(levels, n_exams))]
    n_readings = levels.sum(axis=1)
    for code in sorted({code for row in rows for code in row.problems}):
        named = np.array([row.problems.get(code, 0) for row in rows], dtype=np.float64)
        result.append(_of_problem(code, Cells(np.stack([n_readings - named, named], 1), n_exams)))
    return result


def _of_quality(cells: Cells) -> ItemAgreement:
    is_any = cells.table[:, 1:].sum(axis=1) > 0
    return _item("quality", cells, is_any, {
        "percent_agreement": (weighted.percent_agreement, standard_errors.percent_agreement),
        "ordinal_alpha": (
            weighted.krippendorff_ordinal_alpha, standard_errors.krippendorff_ordinal_alpha,
        ),
        "quadratic_ac2": (
            lambda cells: weighted.gwet_ac2(cells, _QUADRATIC),
            lambda cells: standard_errors.gwet_ac2(cells, _QUADRATIC),
        ),
    })  # fmt: skip


def _of_problem(code: str, cells: Cells) -> ItemAgreement:
    return _item(code, cells, cells.table[:, 1] > 0, {
        "percent_agreement": (weighted.percent_agreement, standard_errors.percent_agreement),
        "fleiss_kappa": (weighted.fleiss_kappa, standard_errors.fleiss_kappa),
        "pabak": (weighted.brennan_prediger, standard_errors.brennan_prediger),
    })  # fmt: skip


_OfCells = Callable[[Cells], Estimates]


def _item(
    item: str,
    cells: Cells,
    is_any: NDArray[np.bool_],
    functions: Mapping[str, tuple[_OfCells, _OfCells]],
) -> ItemAgreement:
    n_exams = int(cells.n_exams.sum())
    statistics = {
        name: _measure(value(cells), error(cells), n_exams)
        for name, (value, error) in functions.items()
    }
    return ItemAgreement(item, n_exams, int(cells.n_exams[is_any].sum()), statistics)


def _measure(estimates: Estimates, errors: Estimates, n_exams: int) -> Measure:
    estimate, error = estimates.values.item(), errors.values.item()
    if np.isnan(estimate):
        return Measure.undefined(n_exams, estimates.reasons.item())
    if np.isnan(error) or error == 0:
        return Measure.alone(estimate, n_exams, errors.reasons.item())
    low, high = standard_errors.t_interval(estimates, errors, np.array(n_exams))
    return Measure.between(estimate, low.item(), high.item(), n_exams, LINEARIZED)
