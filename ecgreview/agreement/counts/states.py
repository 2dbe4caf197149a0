"""Arrays of reader states: validation and distinct rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .patterns import MISSING, PRESENT, BadRatings


def refuse_bad(states: NDArray[np.int8], axes: str) -> None:
    """Raise BadRatings unless ``states`` is a valid array of states.

    Args:
        states: 0 missing, 1 absent, 2 present.
        axes: names of the required axes, separated by commas.

    Raises:
        BadRatings: ``states`` has other axes, is not int8, or contains an unknown state.
    """
    if not isinstance(states, np.ndarray):
        raise BadRatings(f"ratings must be an array, not {type(states).__name__}")
    if states.ndim != len(axes.split(",")):
        raise BadRatings(f"ratings have {states.ndim} axes; expected {axes}")
    if states.dtype != np.int8:
        raise BadRatings(f"ratings are {states.dtype}, not int8")
    if states.size and (states.min() < MISSING or states.max() > PRESENT):
        raise BadRatings("a state is neither 0 (missing), 1 (absent) nor 2 (present)")


def distinct(states: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return the distinct rows, and for each row its index among them.

    Each row is compared as two bit masks, one for present and one for non-missing states.

    Args:
        states: shape (n, n_columns), int8; at least one column unless there are no rows.
    """
    if not states.size:
        return states[:0], np.empty(0, dtype=np.int64)
    masks = np.concatenate(
        [np.packbits(states == PRESENT, axis=1), np.packbits(states != MISSING, axis=1)], axis=1
    )
    words = np.ascontiguousarray(masks).view(np.dtype((np.void, masks.shape[1]))).reshape(-1)
    _, where, index = np.unique(words, return_index=True, return_inverse=True)
    return states[where], index
