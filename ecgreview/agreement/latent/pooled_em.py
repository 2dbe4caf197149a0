"""EM for the penalized maximum of a model in which classes and readers share parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecgreview.agreement.counts.patterns import MISSING, PRESENT, PatternCount

from . import additive_logits
from .additive_logits import Spread
from .em import Floats, Model

# Number of exams with the class, and of exams without it, that are added to each class to keep its
# prevalence away from 0 and 1.
HALF_EXAM = 0.5
_LONGEST_JUMP = 64.0
_FIRST_STEPS = 12
_FIRST_SENSITIVITY, _FIRST_FALSE_ALARMS = 1.5, -3.0  # logits: 82% and 5%


@dataclass(frozen=True, slots=True, eq=False)
class PooledModel:
    """The likelihood of several classes with additive logits, and the ridge penalty on the logits.

    Its parameters are one vector: the logits of the prevalences, then the parts of the logits
    of sensitivity (mean, classes, readers, within), then those of the false alarm rates.

    Attributes:
        model: the likelihood of the patterns.
        counts: shape (n_classes, n_patterns), float64.
        hits: weights of the ridge penalty on the parts of sensitivity, see
            ``additive_logits.Parts``.
        alarms: the same for the false alarm rate.
    """

    model: Model
    counts: Floats
    hits: Floats
    alarms: Floats

    @classmethod
    def of(
        cls, patterns: PatternCount, counts: Floats, sensitivity: Spread, false_alarms: Spread
    ) -> PooledModel:
        shape = len(counts), patterns.patterns.shape[1]
        return cls(
            Model.of(patterns.patterns),
            counts,
            sensitivity.precision(*shape),
            false_alarms.precision(*shape),
        )

    @property
    def n_classes(self) -> int:
        """Number of classes fitted together."""
        return len(self.counts)

    def parts(self, vector: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the logits of prevalence, the parts of sensitivity and those of false alarms."""
        prevalence, hits, alarms = np.split(
            vector, [self.n_classes, self.n_classes + len(self.hits)]
        )
        return prevalence, hits, alarms

    def theta(self, vector: Floats) -> Floats:
        """Return the parameters in the form of ``em.Ascent.theta``."""
        prevalence, hits, alarms = self.parts(vector)
        rates = [additive_logits.probabilities(part, self.n_classes) for part in (hits, alarms)]
        return np.concatenate([1 / (1 + np.exp(-prevalence[:, None])), *rates], axis=1)

    def start(self, patterns: PatternCount) -> Floats:
        """Return starting parameters, computed from the majority of each pattern's readers."""
        n_present = (patterns.patterns == PRESENT).sum(axis=1)
        n_read = (patterns.patterns != MISSING).sum(axis=1)
        share = n_present / np.maximum(n_read, 1)
        hits, alarms = np.zeros_like(self.hits), np.zeros_like(self.alarms)
        hits[0], alarms[0] = _FIRST_SENSITIVITY, _FIRST_FALSE_ALARMS
        vector = np.concatenate([np.zeros(self.n_classes), hits, alarms])
        posterior = np.broadcast_to(np.stack([share, 1 - share]), (self.n_classes, 2, len(share)))
        for _ in range(_FIRST_STEPS):
            vector = self._maximize(vector, posterior)
        return vector

    def step(self, vector: Floats) -> tuple[Floats, float]:
        """Return the parameters after one EM step, and the objective before it."""
        posterior, log_probability = self.model.posterior(self.theta(vector))
        prevalence, hits, alarms = self.parts(vector)
        objective = float((self.counts * log_probability).sum())
        objective -= additive_logits.penalty(hits, self.hits)
        objective -= additive_logits.penalty(alarms, self.alarms)
        # log p + log (1 - p) of a logit x is -log (2 + 2 cosh x).
        objective -= HALF_EXAM * float(np.log(2 + 2 * np.cosh(prevalence)).sum())
        return self._maximize(vector, posterior), objective

    def climb(
        self, vector: Floats, *, tolerance: float, max_steps: int
    ) -> tuple[Floats, int, bool]:
        """Maximize as ``em.climb`` does, with all classes as one row.

        Returns:
            The parameters, the number of EM steps, and whether the last step gained at most
            ``tolerance`` per exam and class.
        """
        enough = tolerance * float(self.counts.sum())
        n_steps, was_still = 0, False
        while self.n_classes and n_steps < max_steps:
            first, before = self.step(vector)
            second, after = self.step(first)
            n_steps += 2
            is_still = after - before <= enough
            if is_still and was_still:
                return second, n_steps, True
            was_still = is_still
            third, there = self.step(_jump(vector, first, second))
            n_steps += 1
            vector = third if there >= after else second
        return vector, n_steps, not self.n_classes

    def _maximize(self, vector: Floats, posterior: Floats) -> Floats:
        """Return the parameters after one Newton step towards those that best fit ``posterior``."""
        _, hits, alarms = self.parts(vector)
        weights = self.counts[:, None, :] * posterior
        expected = weights @ self.model.indicators  # (n_classes, 2, 1 + 2 n_readers)
        n_readers = self.model.n_readers
        with_class, without = (expected[:, :, 0] + HALF_EXAM).T
        present, absent = expected[:, :, 1 : 1 + n_readers], expected[:, :, 1 + n_readers :]
        return np.concatenate(
            [
                np.log(with_class / without),
                additive_logits.improved(hits, present[:, 0], absent[:, 0], self.hits),
                additive_logits.improved(alarms, present[:, 1], absent[:, 1], self.alarms),
            ]
        )


def _jump(start: Floats, first: Floats, second: Floats) -> Floats:
    """Return the extrapolation of two steps from ``start``, as in ``em``."""
    step = first - start
    bend = second - first - step
    bends = float(bend @ bend)
    length = np.sqrt(float(step @ step) / bends) if bends else 1.0
    length = min(max(length, 1.0), _LONGEST_JUMP)
    return start + 2 * length * step + length**2 * bend
