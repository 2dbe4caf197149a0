"""Numbers of readings per class, and whether they identify prevalence and error rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import MISSING, PRESENT, PatternCount
from ecgreview.agreement.values import arrays
from ecgreview.agreement.values.coefficient import Causes
from ecgreview.agreement.values.reasons import Reason

from .em import Floats

# Below this many informative exams (``Design.n_informative``), a fit is weak.
FEW = 20


class BadPatterns(ValueError):
    """Patterns and counts do not match, a state is unknown, or a count is invalid."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The number of readings of each class, by reader and by number of readers per exam.

    Attributes:
        counts: shape (n_classes, n_patterns), float64; number of exams with each pattern, 0 for the
            pattern of exams that nobody read.
        n_readings: shape (n_classes, n_readers); number of readings.
        n_present: the same shape; number of readings that mark the class.
        n_paired: shape (n_classes,); number of exams with at least two readings.
        n_thrice: the same shape; number of exams with at least three readings.
        n_triples: the same shape; number of exams read by at least three readers whose answers
            vary.
        n_informative: the same shape; the smaller of two numbers among those exams: exams in which
            at least one reader marked the class, and exams in which at least one did not.
    """

    counts: Floats
    n_readings: Floats
    n_present: Floats
    n_paired: Floats
    n_thrice: Floats
    n_triples: Floats
    n_informative: Floats

    @classmethod
    def of(cls, patterns: PatternCount) -> Design:
        """Return the numbers of readings in ``patterns``.

        Raises:
            BadPatterns: the counts do not match the patterns, or are invalid; a state is unknown.
        """
        checked_patterns = checked(patterns)
        states, counts = checked_patterns.patterns, checked_patterns.counts
        is_read = (states != MISSING).astype(np.float64)
        gives = (states == PRESENT).astype(np.float64)
        n_readings, n_present = counts @ is_read, counts @ gives
        varies = ((n_present > 0) & (n_present < n_readings)).astype(np.float64)
        n_varying, n_giving = varies @ is_read.T, varies @ gives.T
        in_triples = np.where(n_varying >= 3, counts, 0.0)
        n_together = is_read.sum(axis=1)
        return cls(
            np.where(n_together > 0, counts, 0.0),
            n_readings,
            n_present,
            counts @ (n_together >= 2).astype(np.float64),
            counts @ (n_together >= 3).astype(np.float64),
            in_triples.sum(axis=1),
            np.minimum(
                (in_triples * (n_giving > 0)).sum(axis=1),
                (in_triples * (n_giving < n_varying)).sum(axis=1),
            ),
        )

    def refusals(self) -> Causes:
        """Return the reasons why classes are not identified, with masks of shape (n_classes,)."""
        n_present, n_readings = self.n_present.sum(axis=1), self.n_readings.sum(axis=1)
        return (
            (self.n_paired == 0, Reason.NOT_COMPARED),
            (n_present == 0, Reason.NEVER_GIVEN),
            (n_present == n_readings, Reason.ALWAYS_GIVEN),
            ((self.n_readings > 0).sum(axis=1) < 3, Reason.TWO_READERS),
            (self.n_thrice == 0, Reason.NO_TRIPLES),
            (self.n_triples == 0, Reason.TOO_FEW_VARY),
        )

    @property
    def is_constant(self) -> NDArray[np.bool_]:
        """Shape (n_classes, n_readers): whether a reader's answers are the same in all exams."""
        return np.asarray((self.n_present == 0) | (self.n_present == self.n_readings))


def checked(patterns: PatternCount) -> PatternCount:
    """Return ``patterns`` as validated arrays.

    Raises:
        BadPatterns: shapes do not match, a state is unknown, or a count is invalid.
    """
    states = np.asarray(patterns.patterns)
    counts = arrays.counts(patterns.counts, BadPatterns, "counts")
    if states.dtype != np.int8:
        raise BadPatterns(f"patterns are {states.dtype}, not int8")
    if states.ndim != 2 or counts.ndim != 2 or counts.shape[1] != len(states):
        raise BadPatterns(f"counts of shape {counts.shape} do not fit patterns {states.shape}")
    if states.size and (states.min() < MISSING or states.max() > PRESENT):
        raise BadPatterns("a state is neither 0 (missing), 1 (absent) nor 2 (present)")
    return PatternCount(states, counts)
