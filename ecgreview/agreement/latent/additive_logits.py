"""Probabilities whose logits are a class's part plus a reader's part, and their penalised fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .em import Floats

_SD_OF_MEAN = 4.0  # logits; nothing between 0.04% and 99.96% surprises
_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Spread:
    """How far logits are expected to lie from their mean: the standard deviations of the ridge.

    Attributes:
        classes: of the classes' parts.
        readers: of the readers' parts.
    """

    classes: float
    readers: float

    def precision(self, n_classes: int, n_readers: int) -> Floats:
        """Return the penalty's weights, in the order of the parts: mean, classes, readers."""
        deviations = np.repeat([_SD_OF_MEAN, self.classes, self.readers], [1, n_classes, n_readers])
        return np.asarray(1 / deviations**2)


def probabilities(parts: Floats, n_classes: int) -> Floats:
    """Return the probabilities, shape (n_classes, n_readers), of their ``parts``."""
    return np.asarray(1 / (1 + np.exp(-_logits(parts, n_classes))))


def penalty(parts: Floats, precision: Floats) -> float:
    """Return what the ridge takes from the log-likelihood."""
    return float((precision * parts**2).sum() / 2)


def improved(parts: Floats, hits: Floats, misses: Floats, precision: Floats) -> Floats:
    """Return ``parts`` after a Newton step, halved until it makes the fit no worse.

    Args:
        parts: shape (1 + n_classes + n_readers,); the mean, and what classes and readers add.
        hits: shape (n_classes, n_readers); cases in which it happened, whole or not.
        misses: the same shape; cases in which it did not.
        precision: the shape of ``parts``; the weights of the ridge.
    """
    n_classes = len(hits)
    rates = probabilities(parts, n_classes)
    slope = _margins(hits - (hits + misses) * rates) - precision * parts
    step = np.linalg.solve(_curvature((hits + misses) * rates * (1 - rates), precision), slope)
    before = _fit(parts, hits, misses, precision)
    for halving in range(_HALVINGS):
        candidate = parts + step / 2**halving
        if _fit(candidate, hits, misses, precision) >= before:
            return np.asarray(candidate)
    return parts


def _logits(parts: Floats, n_classes: int) -> Floats:
    return np.asarray(parts[0] + parts[1 : 1 + n_classes, None] + parts[1 + n_classes :])


def _fit(parts: Floats, hits: Floats, misses: Floats, precision: Floats) -> float:
    logits = _logits(parts, len(hits))
    lost = hits * np.logaddexp(0, -logits) + misses * np.logaddexp(0, logits)
    return -float(lost.sum()) - penalty(parts, precision)


def _margins(table: Floats) -> Floats:
    """Return the sums of a table that belong to the parts: all, by class, by reader."""
    return np.concatenate([[table.sum()], table.sum(axis=1), table.sum(axis=0)])


def _curvature(weights: Floats, precision: Floats) -> Floats:
    """Return the negative second derivatives by the parts, shape (n_parts, n_parts)."""
    n_classes = len(weights)
    margins = _margins(weights)
    curvature = np.diag(margins + precision)
    curvature[0, 1:] = curvature[1:, 0] = margins[1:]
    curvature[1 : 1 + n_classes, 1 + n_classes :] = weights
    curvature[1 + n_classes :, 1 : 1 + n_classes] = weights.T
    return curvature
