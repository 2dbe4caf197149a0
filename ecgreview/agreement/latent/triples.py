"""Check whether three readers agree as often as independent errors imply.

Exams that are hard for everybody make readers err together. The model then mistakes shared errors
for skill, and three readers agree more often than it expects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgreview.agreement.counts.patterns import MISSING, PRESENT, PatternCount
from ecgreview.agreement.values.coefficient import Causes, Estimates
from ecgreview.agreement.values.reasons import Reason

from .design import Design, checked
from .em import Floats
from .two_states import Latent


@dataclass(frozen=True, slots=True, eq=False)
class Triples:
    """How often three readers of one exam agree, observed and expected by the model.

    Every set of three readers of an exam is counted, so an exam with four readings counts four
    times.

    Attributes:
        n: shape (n_classes,); number of triples of readers.
        observed_present: shape (n_classes,); proportion of triples in which all three mark the
            class.
        expected_present: the same, as expected by the model.
        observed_alike: shape (n_classes,); proportion of triples in which all three give the same
            answer.
        expected_alike: the same, as expected by the model.
    """

    n: Floats
    observed_present: Estimates
    expected_present: Estimates
    observed_alike: Estimates
    expected_alike: Estimates


def compare(patterns: PatternCount, estimates: Latent) -> Triples:
    """Return the triple agreement observed in ``patterns`` and expected by the fitted model.

    Raises:
        BadPatterns: the counts do not match the patterns.
    """
    patterns = checked(patterns)
    design = Design.of(patterns)
    is_read = (patterns.patterns != MISSING).astype(np.float64)
    n_read = is_read.sum(axis=1)
    n_present = (patterns.patterns == PRESENT).sum(axis=1).astype(np.float64)
    n = design.counts @ _threes(n_read)
    all_present, all_absent = _threes(n_present), _threes(n_read - n_present)

    prevalence = np.nan_to_num(estimates.prevalence.values)[:, None]
    hits = np.nan_to_num(estimates.sensitivity.values)
    alarms = 1 - np.nan_to_num(estimates.specificity.values, nan=1.0)

    def expected(if_present: Floats, if_absent: Floats) -> Floats:
        of_pattern = prevalence * _products(if_present, is_read)
        of_pattern += (1 - prevalence) * _products(if_absent, is_read)
        return np.asarray((design.counts * of_pattern).sum(axis=1))

    present, absent = expected(hits, alarms), expected(1 - hits, 1 - alarms)
    not_read: Causes = ((n == 0, Reason.NO_TRIPLES),)
    not_fitted = (*not_read, (~estimates.prevalence.is_defined, Reason.NOT_FITTED))
    cautions: Causes = (((design.n_readings > 0).sum(axis=1) <= 3, Reason.SATURATED),)
    return Triples(
        n,
        _share(design.counts @ all_present, n, not_read),
        _share(present, n, not_fitted, cautions),
        _share(design.counts @ (all_present + all_absent), n, not_read),
        _share(present + absent, n, not_fitted, cautions),
    )


def _threes(n: Floats) -> Floats:
    """Return n choose 3."""
    return n * (n - 1) * (n - 2) / 6


def _products(rates: Floats, is_read: Floats) -> Floats:
    """Return the sum, over all sets of three readers of a pattern, of the product of their
    rates.

    It is computed by Newton's identities from the sums of the first, second and third powers.

    Args:
        rates: shape (n_classes, n_readers).
        is_read: shape (n_patterns, n_readers).

    Returns:
        Shape (n_classes, n_patterns).
    """
    first, second, third = (rates**power @ is_read.T for power in (1, 2, 3))
    return np.asarray((first**3 - 3 * first * second + 2 * third) / 6)


def _share(part: Floats, n: Floats, refusals: Causes, cautions: Causes = ()) -> Estimates:
    is_refused = np.logical_or.reduce([mask for mask, _ in refusals])
    values = np.divide(part, n, out=np.full(n.shape, np.nan), where=~is_refused)
    return Estimates(values, (*refusals, *cautions))
