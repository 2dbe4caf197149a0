"""Search for the highest of several local maxima from different starting points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import MISSING, PRESENT

from . import em
from .em import Ascent, Floats, Model

_FIRST_TOLERANCE = 1e-7
_SAME_PLACE = 0.01  # below this distance between parameters, two ascents approach the same maximum
_ALIKE = 1e-11  # smaller gains per exam do not make a start better than an earlier one


def highest(
    model: Model,
    states: NDArray[np.int8],
    counts: Floats,
    *,
    is_identified: NDArray[np.bool_],
    tolerance: float,
    max_steps: int,
) -> Ascent:
    """Return for each class the highest local maximum that EM reaches from several starts.

    All starts are first improved together, because a step for three costs little more than a step
    for one. Starts that reach the same point continue as one. Where the model is not identified,
    only the highest continues.

    Args:
        model: the likelihood of ``states``.
        states: shape (n_patterns, n_readers), int8.
        counts: shape (n_classes, n_patterns), float64.
        is_identified: shape (n_classes,); whether the model is identified.
        tolerance: gain per exam below which EM stops.
        max_steps: maximum number of EM steps.
    """
    starts = _starts(states)
    n_starts, n_classes, n_parameters = len(starts), len(counts), model.indicators.shape[1]
    guess = np.repeat(np.stack([starts, 1 - starts], axis=1), n_classes, axis=0)
    from_each = np.tile(counts, (n_starts, 1))
    begun = em.climb(
        model,
        model.maximum(from_each, guess),
        from_each,
        tolerance=max(tolerance, _FIRST_TOLERANCE),
        max_steps=max_steps,
    )
    goes_on = _apart(begun.theta.reshape(n_starts, n_classes, n_parameters)) & is_identified
    goes_on |= _is_first(begun.log_likelihood.reshape(n_starts, n_classes), 0.0)
    rows = np.flatnonzero(goes_on.reshape(-1))
    ended = em.climb(
        model, begun.theta[rows], from_each[rows], tolerance=tolerance, max_steps=max_steps
    )
    heights = np.full(n_starts * n_classes, -np.inf)
    heights[rows] = ended.log_likelihood
    is_best = _is_first(heights.reshape(n_starts, n_classes), _ALIKE * counts.sum(axis=1))
    best = np.flatnonzero(is_best.T.reshape(-1)) % n_starts * n_classes + np.arange(n_classes)
    places = np.searchsorted(rows, best)
    return Ascent(
        ended.theta[places],
        ended.log_likelihood[places],
        begun.n_steps[best] + ended.n_steps[places],
        ended.is_converged[places],
    )


def _starts(states: NDArray[np.int8]) -> Floats:
    """Return starting posteriors, shape (n_starts, n_patterns); the first is the vote share."""
    gives = (states == PRESENT).sum(axis=1)
    n_readings = (states != MISSING).sum(axis=1)
    share = gives / np.maximum(n_readings, 1)
    anyone, everyone = gives > 0, (gives == n_readings) & (gives > 0)
    # Smoothing keeps probabilities away from 0 and 1, which EM would never leave.
    return np.stack([share, 0.9 * anyone + 0.1 * share, 0.9 * everyone + 0.1 * share])


def _apart(theta: Floats) -> NDArray[np.bool_]:
    """Return whether each start differs from all earlier starts, shape (n_starts, n_classes)."""
    gaps = np.abs(theta[:, None] - theta[None]).max(axis=3, initial=0.0)
    is_earlier = np.tri(len(theta), k=-1, dtype=np.bool_)[:, :, None]
    return np.asarray(~((gaps < _SAME_PLACE) & is_earlier).any(axis=1))


def _is_first(heights: Floats, margin: Floats | float) -> NDArray[np.bool_]:
    """Return a mask of the first start of each class within ``margin`` of the highest."""
    first = np.argmax(heights >= heights.max(axis=0) - margin, axis=0)
    return np.asarray(np.arange(len(heights))[:, None] == first)
