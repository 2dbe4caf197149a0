"""Agreement of all readers, class by class: every coefficient with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.coefficients import kernels, linearized
from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.patterns import MISSING, PRESENT, PatternCount
from ecgreview.agreement.sampling.resampling import (
    Resampling,
    complete_cells,
    complete_patterns,
    draw,
    prior_of_cells,
    prior_of_patterns,
    weakening_of_cells,
    weakening_of_patterns,
)
from ecgreview.agreement.values.coefficient import Estimates, ratio
from ecgreview.agreement.values.intervals import Measures, measures
from ecgreview.agreement.values.reasons import Reason

from .design_effects import Effects

# With fewer informative exams, an interval comes from a posterior.
RARE = 20

# With this many readers or more, Light's and Conger's kappa have linearized intervals.
MANY_READERS = 6

_ABSENT, _PRESENT = 0, 1  # the columns of binary cells


def coefficients(cells: Cells) -> dict[str, Estimates]:
    """Return the coefficients that ignore who answered what, each of shape (..., n_classes)."""
    totals = cells.compared_readings
    never = totals[..., _PRESENT] == 0
    nothing = (cells.n_compared == 0, Reason.NOT_COMPARED)
    return {
        "prevalence": ratio(totals[..., _PRESENT], totals.sum(axis=-1), unless=[nothing]),
        "percent_agreement": kernels.percent_agreement(cells).with_caution(
            never, Reason.ABSENCE_ONLY
        ),
        "positive_agreement": kernels.specific_agreement(
            cells, _PRESENT, unused=Reason.NEVER_GIVEN
        ),
        "negative_agreement": kernels.specific_agreement(
            cells, _ABSENT, unused=Reason.ALWAYS_GIVEN
        ),
        "fleiss_kappa": kernels.fleiss_kappa(cells),
        "krippendorff_alpha": kernels.krippendorff_alpha(cells),
        "gwet_ac1": kernels.gwet_ac1(cells).with_caution(never, Reason.ABSENCE_ONLY),
        "pabak": kernels.brennan_prediger(cells).with_caution(never, Reason.ABSENCE_ONLY),
    }


def of_readers(patterns: PatternCount) -> dict[str, Estimates]:
    """Return the coefficients that depend on who answered what, each of shape (..., n_classes)."""
    return {"light_kappa": light_kappa(patterns), "conger_kappa": conger_kappa(patterns)}


def light_kappa(patterns: PatternCount) -> Estimates:
    """Return Light's kappa, the mean of the defined Cohen kappas of all pairs of readers.

    Source:
        Light 1971, Psychological Bulletin 76(5):365-377.
    """
    shape = patterns.counts.shape[:-1]
    total, n_defined, n_compared = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    pairs = patterns.common_pairs()
    for start in range(0, len(pairs), linearized.PAIRS_AT_ONCE):
        tables = patterns.pairs(pairs[start : start + linearized.PAIRS_AT_ONCE])
        kappas = kernels.cohen_kappa(tables)
        total += np.where(kappas.is_defined, kappas.values, 0.0).sum(axis=-1)
        n_defined += kappas.is_defined.sum(axis=-1)
        n_compared += tables.sum(axis=(-3, -2, -1))
    masks = [(n_compared == 0, Reason.NOT_COMPARED), (n_defined == 0, Reason.NO_PAIR_DEFINED)]
    return ratio(total, n_defined, unless=masks)


def conger_kappa(patterns: PatternCount) -> Estimates:
    r"""Return Conger's kappa, whose chance agreement uses each reader's own prevalence.

    .. math:: D_e = \sum_{g \ne h} p_g (1 - p_h) \cdot 2 / (r (r - 1))

    where :math:`p_g` is how often reader g marks the class, among the exams they read.

    Source:
        Conger 1980, Psychological Bulletin 88:322-328; with missing readings Gwet 2014, chapter 2.
    """
    shape = patterns.counts.shape[:-1]
    marked_all, n_readers, own = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for (
        states
    ) in patterns.patterns.T:  # one reader at a time, because sums over a short last axis are slow
        read = patterns.counts @ (states != MISSING).astype(np.float64)
        marked = patterns.counts @ (states == PRESENT).astype(np.float64)
        share = marked / np.maximum(read, _ROUNDING)
        marked_all += share
        n_readers += read > 0
        own += share * (1 - share)
    unequal = marked_all * (n_readers - marked_all) - own
    expected = 2 * unequal / np.maximum(n_readers * (n_readers - 1), 1)
    cells = patterns.cells()
    is_one_used = np.count_nonzero(cells.compared_readings, axis=-1) <= 1
    masks = [(is_one_used | (expected <= _ROUNDING), Reason.ALL_ALIKE)]
    return kernels.beyond_chance(cells, expected, masks)


@dataclass(frozen=True, slots=True, eq=False)
class Patients:
    """Counts and replicates of exams if some patients have several.

    Attributes:
        count: counts of all exams, shape (n_classes, n_patterns).
        drawn: shape (n_replicates, n_classes, n_patterns); counts in replicates over patients.
        effects: design effects, shape (n_classes,).
    """

    count: PatternCount
    drawn: NDArray[np.float64]
    effects: Effects


def class_measures(
    patterns: PatternCount, how: Resampling, patients: Patients | None = None
) -> dict[str, Measures]:
    """Return every coefficient of every class with its interval.

    Intervals come from the bootstrap over exams, or over patients where patients have several
    exams. If fewer than RARE exams have the class marked by all readers, by none or by only some,
    they come from a Dirichlet posterior; if patients have several exams, it is based on the number
    of exams divided by the design effect.

    Args:
        patterns: counts of shape (n_classes, n_patterns).
        how: settings of the intervals.
        patients: the patients of these exams; None if no patient has several.

    Returns:
        Each of shape (n_classes,). With MANY_READERS or more, those of ``of_readers`` have the
        intervals of ``linearized``, and none where the class is rare.
    """
    cells = patterns.cells()
    estimates_of = {**coefficients(cells), **of_readers(patterns)}
    is_rare = rare(cells, patients.effects if patients else None)
    n = cells.n_compared
    values = _replicates(patterns, is_rare, how, patients)
    nothing = np.full((1, *n.shape), np.nan)
    measured = {
        name: measures(
            estimates,
            values.get(name, nothing),
            n=n,
            is_rare=is_rare,
            confidence=how.confidence,
        )
        for name, estimates in estimates_of.items()
    }
    if how.n_replicates and patterns.n_readers >= MANY_READERS:
        intervals = linearized.of_readers(
            patterns, estimates_of, is_rare=is_rare, confidence=how.confidence
        )
        measured |= {name: _widened(interval, patients) for name, interval in intervals.items()}
    return measured


def _widened(measured: Measures, patients: Patients | None) -> Measures:
    """Return ``measured`` with intervals widened by the design effects of ``patients``, if any."""
    if patients is None:
        return measured
    times = np.sqrt(patients.effects.agreement)
    reach = (measured.estimates.values - measured.low) * times
    low, high = (
        measured.estimates.values - reach,
        np.minimum(measured.estimates.values + reach, 1.0),
    )
    return replace(measured, low=low, high=high, error=measured.error * times)


def rare(cells: Cells, effects: Effects | None = None) -> NDArray[np.bool_]:
    """Return the classes with too few informative exams for the bootstrap, shape (...).

    A class needs exams in which all readers mark it, exams in which none does, and exams in which
    they differ. A type that was not observed would not occur in any bootstrap replicate, so
    intervals would wrongly imply perfect agreement or no agreement. With patients who have several
    exams, the number of exams is divided by ``effects``.

    Source:
        Coverage of 95% intervals at prevalence .0005, two readers, 8,475 exams: bootstrap .80,
        posterior .93-.97 (tests/domain/agreement/test_coverage.py).
    """
    absent, present = (cells.table[:, column] > 0 for column in (_ABSENT, _PRESENT))
    informative = np.stack([present & ~absent, absent & ~present, present & absent], axis=1)
    n_informative = cells.n_exams @ (informative & cells.is_compared[:, None]).astype(np.float64)
    n_min = n_informative.min(axis=-1)
    return np.asarray((n_min if effects is None else n_min / effects.agreement) < RARE)


def _replicates(
    patterns: PatternCount,
    is_rare: NDArray[np.bool_],
    how: Resampling,
    patients: Patients | None,
) -> Mapping[str, NDArray[np.float64]]:
    """Return the values of replicates, each of shape (n_replicates, n_classes)."""
    if not how.n_replicates:
        return {}
    if patients is None:
        possible = _possible(patterns)
        return possible.values(
            draw(possible.counts, possible.prior, is_rare, how, weakening=possible.weakening)
        )
    how = replace(how, n_replicates=len(patients.drawn))
    possible = _possible(patients.count)
    drawn = np.empty((how.n_replicates, *possible.counts.shape))
    drawn[:, ~is_rare] = possible.completed(patients.drawn[:, ~is_rare])
    effects, own = patients.effects[is_rare], (possible.counts[is_rare], possible.prior[is_rare])
    drawn[:, is_rare] = draw(
        *own, is_rare[is_rare], how, effects.agreement, weakening=possible.weakening
    )
    values = possible.values(drawn)
    marked = possible.values(
        draw(*own, is_rare[is_rare], how, effects.marked, weakening=possible.weakening)
    )
    values["prevalence"][:, is_rare] = marked["prevalence"]
    return values


class _Named:
    """All possible answer patterns of a few readers, with each reader's identity."""

    def __init__(self, patterns: PatternCount) -> None:
        self._observed = patterns.patterns
        self._complete = complete_patterns(patterns)
        self.counts, self.prior = self._complete.counts, prior_of_patterns(self._complete)
        self.weakening = weakening_of_patterns(self._complete.patterns)

    def completed(self, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return counts of the observed patterns as counts of all patterns."""
        return complete_patterns(PatternCount(self._observed, drawn)).counts

    def values(self, drawn: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the coefficients of counts."""
        replicates = PatternCount(self._complete.patterns, drawn)
        return _values_of({**coefficients(replicates.cells()), **of_readers(replicates)})


class _Unnamed:
    """All possible cells of many readers: the number of readers per answer, not their identity."""

    def __init__(self, patterns: PatternCount) -> None:
        self._observed = patterns.patterns
        self._cells = complete_cells(patterns.cells())
        self.counts, self.prior = self._cells.n_exams, prior_of_cells(self._cells)
        self.weakening = weakening_of_cells(self._cells.table)

    def completed(self, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return counts of the observed patterns as counts of all cells."""
        return complete_cells(PatternCount(self._observed, drawn).cells()).n_exams

    def values(self, drawn: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Return the coefficients of counts, without those of ``of_readers``."""
        return _values_of(coefficients(Cells(self._cells.table, drawn)))


def _possible(patterns: PatternCount) -> _Named | _Unnamed:
    return (_Named if patterns.n_readers < MANY_READERS else _Unnamed)(patterns)


def _values_of(coefficients: Mapping[str, Estimates]) -> dict[str, NDArray[np.float64]]:
    return {name: estimates.values for name, estimates in coefficients.items()}


_ROUNDING = 1e-15
