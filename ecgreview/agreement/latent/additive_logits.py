"""Probabilities whose logits are a class part plus a reader part, with a penalized fit.

A third part is a reader's deviation in one class from the sum of these two. It is shrunk towards 0,
because these deviations are smaller than the differences between classes and between readers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .em import Floats

_SD_OF_MEAN = 4.0  # logits; any probability between 0.04% and 99.96% is plausible
_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Spread:
    """Expected deviations of logits from their mean: the standard deviations of the ridge penalty.

    Attributes:
        classes: standard deviation of the class parts.
        readers: standard deviation of the reader parts.
        within: standard deviation of a reader's deviations in single classes; above 0.
    """

    classes: float
    readers: float
    within: float = 0.5

    def precision(self, n_classes: int, n_readers: int) -> Floats:
        """Return the penalty's weights, in the order of ``Parts``."""
        sizes = [1, n_classes, n_readers, n_classes * n_readers]
        deviations = [_SD_OF_MEAN, self.classes, self.readers, self.within]
        return np.asarray(1 / np.repeat(deviations, sizes) ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The parts that add up to the logits, which have shape (n_classes, n_readers).

    Attributes:
        mean: shape (1,).
        classes: shape (n_classes,).
        readers: shape (n_readers,).
        within: shape (n_classes, n_readers).
    """

    mean: Floats
    classes: Floats
    readers: Floats
    within: Floats

    @classmethod
    def of(cls, vector: Floats, n_classes: int) -> Parts:
        """Split ``vector`` into its parts."""
        n_readers = (len(vector) - 1 - n_classes) // (1 + n_classes)
        mean, classes, readers, within = np.split(
            vector, [1, 1 + n_classes, 1 + n_classes + n_readers]
        )
        return cls(mean, classes, readers, within.reshape(n_classes, n_readers))

    @property
    def logits(self) -> Floats:
        """Shape (n_classes, n_readers)."""
        return np.asarray(self.mean + self.classes[:, None] + self.readers + self.within)


def probabilities(vector: Floats, n_classes: int) -> Floats:
    """Return the probabilities for the parts in ``vector``, shape (n_classes, n_readers)."""
    return np.asarray(1 / (1 + np.exp(-Parts.of(vector, n_classes).logits)))


def penalty(vector: Floats, precision: Floats) -> float:
    """Return the ridge penalty to subtract from the log-likelihood."""
    return float((precision * vector**2).sum() / 2)


def improved(vector: Floats, hits: Floats, misses: Floats, precision: Floats) -> Floats:
    """Return the parts after a Newton step, halved until the fit is no worse.

    Args:
        vector: the concatenated parts.
        hits: shape (n_classes, n_readers); number of events, whole or not.
        misses: the same shape; number of non-events.
        precision: same shape as ``vector``; the weights of the ridge penalty.
    """
    step = _step(vector, hits, misses, precision)
    before = _fit(vector, hits, misses, precision)
    for halving in range(_HALVINGS):
        candidate = vector + step / 2**halving
        if _fit(candidate, hits, misses, precision) >= before:
            return np.asarray(candidate)
    return vector


def _step(vector: Floats, hits: Floats, misses: Floats, precision: Floats) -> Floats:
    """Return the Newton step, with the ``within`` parts eliminated first.

    These parts are mutually independent. Eliminating them reduces the linear system to the size of
    the other parts.
    """
    n_classes = len(hits)
    within = Parts.of(vector, n_classes).within
    ridge = Parts.of(precision, n_classes).within
    n_outer = len(vector) - within.size
    rates = probabilities(vector, n_classes)
    weights = (hits + misses) * rates * (1 - rates)
    slope = hits - (hits + misses) * rates
    shrunk = ridge / (weights + ridge)
    outer_slope = _margins(shrunk * (slope + weights * within))
    outer_slope -= precision[:n_outer] * vector[:n_outer]
    outer = np.linalg.solve(_curvature(shrunk * weights, precision[:n_outer]), outer_slope)
    moved = Parts.of(np.concatenate([outer, np.zeros(within.size)]), n_classes).logits
    inner = (slope - ridge * within - weights * moved) / (weights + ridge)
    return np.concatenate([outer, inner.ravel()])


def _fit(vector: Floats, hits: Floats, misses: Floats, precision: Floats) -> float:
    logits = Parts.of(vector, len(hits)).logits
    lost = hits * np.logaddexp(0, -logits) + misses * np.logaddexp(0, logits)
    return -float(lost.sum()) - penalty(vector, precision)


def _margins(table: Floats) -> Floats:
    """Return the sums of a table in total, by class and by reader: all parts but ``within``."""
    return np.concatenate([[table.sum()], table.sum(axis=1), table.sum(axis=0)])


def _curvature(weights: Floats, precision: Floats) -> Floats:
    """Return the negative second derivatives for all parts but ``within``, a square matrix."""
    n_classes = len(weights)
    margins = _margins(weights)
    curvature = np.diag(margins + precision)
    curvature[0, 1:] = curvature[1:, 0] = margins[1:]
    curvature[1 : 1 + n_classes, 1 + n_classes :] = weights
    curvature[1 + n_classes :, 1 : 1 + n_classes] = weights.T
    return curvature
