"""Check whether a fit of the latent model is plausible.

Where false alarms outnumber true positives, the global maximum of the likelihood may describe a
common class that readers almost always miss: prevalence .289 and sensitivities of .04 in a study
with one true positive among 3,000 exams. Such fits are recognized by comparing them with the
readings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import PRESENT, PatternCount
from ecgreview.agreement.values.coefficient import Causes
from ecgreview.agreement.values.reasons import Reason

from .design import Design
from .em import Floats

# With a lower mean sensitivity, readers would miss the class more often than they mark it.
MIN_SENSITIVITY = 0.5

# Minimum true positives of a class fitted alone: with fewer, intervals of sensitivity are too
# narrow.

# Source:
#     By simulation (``bench.agreement.latent_coverage``): 95% intervals of sensitivity cover it in
#     81 to 87% with 5 to 20 expected true positives, 91% with 20 to 30, 94% from 30 on.
FEW_TRUE_POSITIVES = 30

# Minimum for the pooled fit: with fewer, half of the prevalence estimates are off by a factor of
# 2.5.
MIN_TRUE_POSITIVES = 1


@dataclass(frozen=True, slots=True, eq=False)
class Plausibility:
    """What a fit implies about the readings.

    Attributes:
        n_true_positives: shape (n_classes,); expected true positives among the exams in which at
            least two readers marked the class.
        share_marked: the same shape; proportion of exams read in which at least one reader marked
            the class.
        mean_sensitivity: the same shape; mean sensitivity of the readers, weighted by their
            numbers of readings; NaN without readings.
        prevalence: the same shape; the estimated prevalence.
    """

    n_true_positives: Floats
    share_marked: Floats
    mean_sensitivity: Floats
    prevalence: Floats

    @classmethod
    def of(
        cls, patterns: PatternCount, design: Design, theta: Floats, posterior: Floats
    ) -> Plausibility:
        """Return what the fit ``theta`` implies about the readings in ``patterns``.

        Args:
            patterns: the answers of the readers.
            design: ``Design.of(patterns)``, the numbers of readings.
            theta: shape (n_classes, 1 + 2 n_readers), as in ``em.Ascent``.
            posterior: shape (n_classes, n_patterns); P(class is present | answers).
        """
        n_giving = (patterns.patterns == PRESENT).sum(axis=1)
        n_read = design.counts.sum(axis=1)
        n_readers = design.n_readings.shape[1]
        hits = np.nan_to_num(theta[:, 1 : 1 + n_readers])
        n_readings = design.n_readings.sum(axis=1)
        return cls(
            (design.counts * posterior) @ (n_giving >= 2).astype(np.float64),
            _share(design.counts @ (n_giving >= 1).astype(np.float64), n_read),
            _share((hits * design.n_readings).sum(axis=1), n_readings),
            theta[:, 0],
        )

    def refusals(self, fewest: float, effects: Floats | float = 1.0) -> Causes:
        """Return the reasons why fits are implausible, with masks of shape (n_classes,).

        Args:
            fewest: minimum number of true positives.
            effects: shape (n_classes,); design effects, which divide the number of exams.
        """
        is_blind = self.mean_sensitivity < MIN_SENSITIVITY
        is_few = self.n_true_positives / effects < fewest
        return (
            (self.is_above & is_blind, Reason.PREVALENCE_ABOVE_GIVEN),
            (is_blind, Reason.LOW_SENSITIVITY),
            (is_few, Reason.FEW_TRUE_POSITIVES),
        )

    def cautions(self) -> Causes:
        """Return cautions about fits whose prevalence exceeds the proportion of exams marked.

        Such a prevalence is possible, because all readers may miss the class in the same exam: two
        readers with a sensitivity of .6 both miss one sixth of the exams with the class.
        """
        return ((self.is_above, Reason.PREVALENCE_ABOVE_GIVEN),)

    @property
    def is_above(self) -> NDArray[np.bool_]:
        """Shape (n_classes,): whether the prevalence exceeds ``share_marked``."""
        return np.asarray(self.prevalence > self.share_marked)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))
