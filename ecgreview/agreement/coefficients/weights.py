"""Weights of agreement between two categories, from 0 to 1; 1 if they are the same.

The schemes are those of Gwet 2014, Handbook of Inter-Rater Reliability, 4th ed., chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement.values import arrays

__all__ = [
    "SCHEMES",
    "BadWeights",
    "Weights",
    "bipolar",
    "circular",
    "custom",
    "identity",
    "linear",
    "of_disagreement",
    "ordinal",
    "quadratic",
    "radical",
    "ratio",
]

# Maximum absolute score, whose square can still be represented.
_LARGEST = 1e100

# Shape (n_categories, n_categories): agreement of two categories, 1 on the diagonal.
Weights = NDArray[np.float64]


class BadWeights(ValueError):
    """The matrix is not a valid weight matrix, or the scores do not separate the categories."""


def custom(matrix: ArrayLike, n_categories: int | None = None) -> Weights:
    """Return ``matrix`` as weights of agreement; it need not be symmetric.

    Args:
        matrix: shape (n_categories, n_categories), from 0 to 1 with 1 on the diagonal.
        n_categories: number of categories, if known.

    Raises:
        BadWeights: wrong shape, not finite, outside 0 to 1, a diagonal element other than 1, or
            full agreement between all categories, if there are several.
    """
    weights = _square(matrix)
    if n_categories is not None and len(weights) != n_categories:
        raise BadWeights(f"weights are for {len(weights)} categories, but there are {n_categories}")
    if (np.diagonal(weights) != 1).any():
        raise BadWeights("weights on the diagonal must be 1")
    if weights.min() < 0 or weights.max() > 1:
        raise BadWeights("weights must be between 0 and 1")
    if len(weights) > 1 and weights.min() == 1:
        raise BadWeights("all weights are 1, so disagreement is impossible")
    return weights


def of_disagreement(matrix: ArrayLike) -> Weights:
    """Convert weights of disagreement, which are 0 for the same category, to weights of agreement.

    Their scale does not matter: the worst disagreement becomes an agreement of 0.

    Args:
        matrix: shape (n_categories, n_categories), 0 or more, with 0 on the diagonal.

    Raises:
        BadWeights: as in ``custom``, or a negative disagreement.
    """
    apart = _square(matrix)
    if apart.min() < 0:
        raise BadWeights("weights of disagreement must not be negative")
    if np.diagonal(apart).any():
        raise BadWeights("weights of disagreement on the diagonal must be 0")
    return custom(_agreement(apart))


def disagreement(weights: ArrayLike | None, n_categories: int) -> NDArray[np.float64]:
    """Return 1 - ``weights``; without weights, only equal categories agree.

    Raises:
        BadWeights: as in ``custom``.
    """
    agreed = np.eye(n_categories) if weights is None else custom(weights, n_categories)
    return np.asarray(1 - agreed)


def identity(scores: Sequence[float]) -> Weights:
    """Return weights by which only equal categories agree."""
    return _agreement(_apart(scores) != 0)


def linear(scores: Sequence[float]) -> Weights:
    """Return weights that decrease with the distance of the scores."""
    return _agreement(np.abs(_apart(scores)))


def quadratic(scores: Sequence[float]) -> Weights:
    """Return weights that decrease with the squared distance of the scores (interval data)."""
    return _agreement(_apart(scores) ** 2)


def radical(scores: Sequence[float]) -> Weights:
    """Return weights that decrease with the square root of the distance of the scores."""
    return _agreement(np.sqrt(np.abs(_apart(scores))))


def ordinal(scores: Sequence[float]) -> Weights:
    """Return Gwet's ordinal weights, which depend only on the order of the scores.

    They decrease with the number of pairs among the ranks from one category to the other.
    Krippendorff's ordinal weights depend on the readings: see ``krippendorff_ordinal``.
    """
    ranks = np.argsort(np.argsort(_checked(scores)))
    distance = np.abs(np.subtract.outer(ranks, ranks))
    return _agreement(distance * (distance + 1) / 2)


def ratio(scores: Sequence[float]) -> Weights:
    """Return weights that decrease with the square of distance / sum of the scores (ratio data).

    Raises:
        BadWeights: a score is negative, not finite or used twice.
    """
    checked = _checked(scores)
    apart, total = _apart(checked), np.add.outer(checked, checked)
    if checked.min() < 0:
        raise BadWeights("scores on a ratio scale must not be negative")
    share = np.divide(apart, total, out=np.zeros_like(apart), where=apart != 0)
    return _agreement(share**2)


def circular(scores: Sequence[float]) -> Weights:
    """Return weights that decrease with the squared chord of scores on a circle.

    The first score follows the last one.
    """
    apart = _apart(scores)
    return _agreement(np.sin(np.pi * apart / (apart.max() + 1)) ** 2)


def bipolar(scores: Sequence[float]) -> Weights:
    """Return weights that decrease faster between scores on the same side of the middle."""
    checked = _checked(scores)
    apart, total = _apart(checked), np.add.outer(checked, checked)
    room = (total - 2 * checked.min()) * (2 * checked.max() - total)
    return _agreement(np.divide(apart**2, room, out=np.zeros_like(apart), where=apart != 0))


# Weight schemes for category scores; categories that are only ordered score 1, 2, ...
SCHEMES: Mapping[str, Callable[[Sequence[float]], Weights]] = MappingProxyType(
    {
        "identity": identity,
        "linear": linear,
        "quadratic": quadratic,
        "ordinal": ordinal,
        "radical": radical,
        "ratio": ratio,
        "circular": circular,
        "bipolar": bipolar,
    }
)


def krippendorff_ordinal(readings: NDArray[np.float64]) -> Weights:
    """Return Krippendorff's ordinal weights.

    They decrease with the number of readings between two categories.

    Args:
        readings: shape (..., n_categories); readings of each category, lowest category first.

    Returns:
        Shape (..., n_categories, n_categories); all 1 if there are no readings.

    Source:
        Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section D.
    """
    return _agreement(between(readings) ** 2)


def between(readings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the number of readings between two categories, counting half of those in the two.

    Args:
        readings: shape (..., n_categories).

    Returns:
        Shape (..., n_categories, n_categories); negative below the diagonal.
    """
    middles = np.cumsum(readings, axis=-1) - readings / 2
    return np.asarray(middles[..., None, :] - middles[..., :, None])


def _square(matrix: ArrayLike) -> NDArray[np.float64]:
    weights = arrays.numbers(matrix, BadWeights, "weights")
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or not weights.size:
        raise BadWeights(f"weights must be square, got shape {weights.shape}")
    if not np.isfinite(weights).all():
        raise BadWeights("a weight is not a finite number")
    return weights


def _checked(scores: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``scores`` as an array; raise BadWeights unless they are finite and distinct."""
    checked = arrays.numbers(scores, BadWeights, "scores")
    if checked.ndim != 1 or not checked.size or not (np.abs(checked) <= _LARGEST).all():
        raise BadWeights("expected one finite score per category")
    if np.unique(checked).size != checked.size:
        raise BadWeights("two categories have the same score")
    return checked


def _apart(scores: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the differences between all pairs of scores."""
    checked = _checked(scores)
    return np.asarray(np.subtract.outer(checked, checked))


def _agreement(disagreement: NDArray[np.float64] | NDArray[np.bool_]) -> Weights:
    """Scale disagreement to weights: 1 for no disagreement, 0 for the worst."""
    worst = disagreement.max(axis=(-2, -1), keepdims=True)
    return np.asarray(1 - disagreement / np.where(worst == 0, 1, worst))
