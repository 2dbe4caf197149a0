"""Replicates of the counts of answers, from which intervals are computed.

Every coefficient is a function of the number of exams with each answer pattern. Drawing exams with
replacement (the exam bootstrap) means drawing these counts from a multinomial distribution: the
distribution is the same, and the cost does not depend on the number of exams. Where a class has too
few informative exams, bootstrap intervals are too narrow (coverage .80 at 5 exams), so the counts
are drawn from their Dirichlet posterior instead.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.cells import Cells
from ecgreview.agreement.counts.patterns import ABSENT, MISSING, PRESENT, PatternCount

# Jeffreys' prior of the multinomial, for each type of exam (all, none or some readers mark the
# class).
PRIOR = 0.5

# The share of the posterior's replicates that use ``weakening``, a weaker prior on unanimity.
# Half an exam in which all of ten readers mark the class is 22 agreeing pairs, more than a rare
# class has if readers agree little: 95% intervals of positive agreement then covered it in 89%
# of studies. With ``weakening`` in all replicates, coverage is 87% where readers agree well; with
# two fifths, it is 92.5% or more in both cases (``bench.agreement.coverage``).
SHARE_WEAK = 0.4

N_REPLICATES = 1000
CONFIDENCE = 0.95


class BadResampling(ValueError):
    """A number of replicates, a confidence level or a seed is invalid."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are computed.

    Attributes:
        n_replicates: number of replicates; 0 for no intervals.
        confidence: confidence level of the intervals, between 0 and 1.
        seed: a non-negative integer; the same counts and seed give the same intervals.

    Raises:
        BadResampling: an attribute is invalid.
    """

    n_replicates: int = N_REPLICATES
    confidence: float = CONFIDENCE
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject values that would fail later or give wrong intervals."""
        if not _is_whole(self.n_replicates):
            raise BadResampling(
                f"n_replicates must be a whole number, such as {N_REPLICATES}, or 0 for no "
                f"intervals, got {self.n_replicates!r}"
            )
        if not (_is_real(self.confidence) and 0 < self.confidence < 1):
            raise BadResampling(
                "confidence must be above 0 and below 1, such as 0.95 for 95%, got "
                f"{self.confidence!r}"
            )
        if not _is_whole(self.seed):
            raise BadResampling(f"seed must be a whole number of at least 0, got {self.seed!r}")

    def rng(self, counts: NDArray[np.float64] | None = None) -> np.random.Generator:
        """Return a new generator for ``seed``, or one specific to ``counts``."""
        own = () if counts is None else counts.astype(np.int64).tolist()
        return np.random.default_rng((self.seed, *own))


def _is_real(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def _is_whole(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Integral) and int(value) >= 0


DEFAULT = Resampling()


def draw(
    counts: NDArray[np.float64],
    prior: NDArray[np.float64],
    is_rare: NDArray[np.bool_],
    how: Resampling,
    effects: NDArray[np.float64] | None = None,
    *,
    weakening: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return replicates of ``counts``: from a posterior for rare classes, else by bootstrap.

    Each class has a random generator of its own, seeded by its counts, so an interval does not
    depend on which other classes are requested.

    Args:
        counts: shape (n_classes, n_cells).
        prior: the same shape.
        is_rare: shape (n_classes,).
        how: number of replicates and seed.
        effects: shape (n_classes,); as in ``bootstrap``. None: one exam per patient.
        weakening: shape (n_cells,); as in ``posterior``.

    Returns:
        Shape (n_replicates, n_classes, n_cells).
    """
    times_fewer = np.ones(len(counts)) if effects is None else effects
    drawn = np.empty((how.n_replicates, *counts.shape))

    def draw_class(row: int) -> None:
        rng = how.rng(counts[row])
        part = slice(row, row + 1)
        drawn[:, part] = (
            posterior(
                counts[part],
                prior[part],
                how.n_replicates,
                rng,
                times_fewer[part],
                weakening=weakening,
            )
            if is_rare[row]
            else bootstrap(counts[part], how.n_replicates, rng, times_fewer[part])
        )

    # NumPy releases the GIL while drawing, so classes are drawn in parallel.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(draw_class, range(len(counts))):
            pass
    return drawn


def bootstrap(
    counts: NDArray[np.float64],
    n_replicates: int,
    rng: np.random.Generator,
    effects: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the counts of exams drawn with replacement, independently for each class.

    Args:
        counts: shape (n_classes, n_cells); whole numbers of exams.
        n_replicates: number of draws.
        rng: random generator.
        effects: shape (n_classes,), 1 or more; the design effect of patients with several exams.
            The number of exams drawn is divided by it, and each exam is weighted by it.

    Returns:
        Shape (n_replicates, n_classes, n_cells); the sum over cells is the number of exams of the
        class.

    Source:
        Efron 1979, Ann Statist 7(1):1-26; for agreement Zapf et al. 2016, BMC Med Res Methodol
        16:93, who find the asymptotic intervals of Fleiss' kappa inadequate.
    """
    drawn = np.zeros((n_replicates, *counts.shape))
    for row, of_class in enumerate(counts):
        occurs = np.flatnonzero(of_class)
        if not occurs.size:
            continue
        # The last cell of a multinomial is the remainder and costs nothing, so put the
        # largest last.
        order = occurs[np.argsort(of_class[occurs])]
        n_exams = of_class.sum()
        n_drawn = int(n_exams) if effects is None else max(1, round(n_exams / effects[row]))
        draws = rng.multinomial(n_drawn, of_class[order] / n_exams, size=n_replicates)
        drawn[:, row, order] = draws if n_drawn == n_exams else draws * (n_exams / n_drawn)
    return drawn


def posterior(
    counts: NDArray[np.float64],
    prior: NDArray[np.float64],
    n_replicates: int,
    rng: np.random.Generator,
    effects: NDArray[np.float64] | None = None,
    *,
    weakening: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return counts drawn from the Dirichlet posterior, scaled to the number of exams.

    Args:
        counts: shape (n_classes, n_cells).
        prior: shape (n_classes, n_cells); added to each possible cell.
        n_replicates: number of draws.
        rng: random generator.
        effects: shape (n_classes,), 1 or more; divides the number of exams, see ``bootstrap``.
        weakening: shape (n_cells,); factor of the prior in the last SHARE_WEAK of the
            replicates. None: not used.

    Returns:
        Shape (n_replicates, n_classes, n_cells), not whole numbers; zeros for a class without
        exams.

    Source:
        Gelman et al. 2013, Bayesian Data Analysis, 3rd ed., section 3.4.
    """
    effective = counts if effects is None else counts / effects[:, None]
    factor = np.ones(counts.shape[1]) if weakening is None else weakening
    n_weak = round(SHARE_WEAK * n_replicates) if (factor != 1).any() else 0
    weights = rng.standard_gamma(effective + prior, size=(n_replicates - n_weak, *counts.shape))
    if n_weak:
        weak = rng.standard_gamma(effective + prior * factor, size=(n_weak, *counts.shape))
        weights = np.concatenate([weights, weak])
    totals = weights.sum(axis=-1, keepdims=True)
    scale = counts.sum(axis=-1, keepdims=True) / np.maximum(totals, np.finfo(float).tiny)
    return np.asarray(weights * scale)


def complete_patterns(patterns: PatternCount) -> PatternCount:
    """Return ``patterns`` with all other patterns that are possible for the same sets of readers.

    Args:
        patterns: patterns of a few readers; the result has up to 3**n_readers patterns.
    """
    n_readers = patterns.n_readers
    sets = np.unique(patterns.patterns != MISSING, axis=0)
    numbers = np.arange(2**n_readers)[:, None] >> np.arange(n_readers) & 1
    states = np.where(numbers == 1, PRESENT, ABSENT)
    possible = np.where(sets[:, None, :], states, MISSING).astype(np.int8)
    possible = possible.reshape(len(sets) * len(states), n_readers)
    complete, index = np.unique(
        np.concatenate([patterns.patterns, possible]), axis=0, return_inverse=True
    )
    counts = np.zeros((*patterns.counts.shape[:-1], len(complete)))
    counts[..., index.reshape(-1)[: len(patterns.patterns)]] = patterns.counts
    return PatternCount(complete, counts)


def complete_cells(cells: Cells) -> Cells:
    """Return binary ``cells`` with all other cells that are possible for the same numbers of
    readers.
    """
    sizes = np.unique(cells.n_readings).astype(int).tolist()
    possible = [[size - k, k] for size in sizes for k in range(size + 1)]
    complete = np.array(possible, dtype=np.int64).reshape(-1, 2)
    width = int(cells.table.sum(axis=1).max(initial=0)) + 1
    place = {code: row for row, code in enumerate((complete @ [width, 1]).tolist())}
    counts = np.zeros((*cells.n_exams.shape[:-1], len(complete)))
    counts[..., [place[int(code)] for code in cells.table @ [width, 1]]] = cells.n_exams
    return Cells(complete.astype(np.float64), counts)


def prior_of_cells(cells: Cells) -> NDArray[np.float64]:
    """Return what the posterior adds to each cell: PRIOR for each type of exam.

    There are three types: the class is marked by all readers, by none, or by some. All cells of the
    last type share its prior. Otherwise, with many readers, the prior would add more such exams
    than a rare class has: with a full PRIOR per cell, intervals of percent agreement covered the
    truth in 55% of studies of 12 readers at prevalence .0005; with this prior, in 94%.

    Where exams differ in their number of readings, the prior is split in proportion to the number
    of exams with each number of readings. Exams with fewer than two readings get no prior.

    Returns:
        The shape of ``cells.n_exams``.
    """
    sizes = cells.n_readings
    is_same = (sizes[:, None] == sizes) & cells.is_compared
    of_size = cells.n_exams @ is_same.astype(np.float64).T
    share = of_size / np.maximum(cells.n_compared, 1)[..., None]
    is_divided = (cells.table > 0).all(axis=1)
    of_type = np.where(is_divided, PRIOR / np.maximum(sizes - 1, 1), PRIOR)
    return np.asarray(np.where(cells.is_compared, of_type * share, 0.0))


def prior_of_patterns(patterns: PatternCount) -> NDArray[np.float64]:
    """Return the prior of each pattern: the prior of its cell (``prior_of_cells``), split equally
    among the patterns of the cell.

    As a result, intervals are the same whether or not the identity of readers is kept.

    Returns:
        The shape of ``patterns.counts``.
    """
    n_absent = (patterns.patterns == ABSENT).sum(axis=1)
    n_present = (patterns.patterns == PRESENT).sum(axis=1)
    table = np.stack([n_absent, n_present], axis=1).astype(np.float64)
    is_same = (table[:, None] == table).all(axis=2)
    return np.asarray(prior_of_cells(Cells(table, patterns.counts)) / is_same.sum(axis=1))


def weakening_of_cells(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factor of the prior for each cell in replicates with a weak prior.

    In those, a cell in which all of r readers agree has the same prior as a cell in which they
    differ: factor 1 for 2 readers, 1 / 9 for 10. The weak prior expects a positive agreement of
    2 / 3 for any number of readers; the full prior expects .86 for ten.

    Args:
        table: shape (n_cells, 2); readers who answered absent and present.

    Returns:
        Shape (n_cells,); 1 for cells in which readers differ.
    """
    is_divided = (table > 0).all(axis=1)
    return np.where(is_divided, 1.0, 1 / np.maximum(table.sum(axis=1) - 1, 1))


def weakening_of_patterns(patterns: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return ``weakening_of_cells`` of patterns, shape (n_patterns,)."""
    table = [(patterns == state).sum(axis=1) for state in (ABSENT, PRESENT)]
    return weakening_of_cells(np.stack(table, axis=1).astype(np.float64))
