"""States that readers gave, as arrays: refusing what is none, finding what is alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .patterns import MISSING, PRESENT, BadRatings


def refuse_bad(states: NDArray[np.int8], axes: str) -> None:
    """Refuse what cannot be states.

    Args:
        states: 0 missing, 1 absent, 2 present.
        axes: the names of the axes there must be, between commas.

    Raises:
        BadRatings: other axes, another type than int8 or an unknown state.
    """
    if not isinstance(states, np.ndarray):
        raise BadRatings(f"ratings are a {type(states).__name__}, not an array")
    if states.ndim != len(axes.split(",")):
        raise BadRatings(f"ratings have {states.ndim} axes, which should be {axes}")
    if states.dtype != np.int8:
        raise BadRatings(f"ratings are {states.dtype}, not int8")
    if states.size and (states.min() < MISSING or states.max() > PRESENT):
        raise BadRatings("a state is neither 0 (missing), 1 (absent) nor 2 (present)")


def distinct(states: NDArray[np.int8]) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return the distinct rows, and for each row its index among them.

    Rows are compared as bit masks, one of what is present and one of what is not missing.

    Args:
        states: shape (n, n_columns), int8; at least one column unless there is no row.
    """
    if not states.size:
        return states[:0], np.empty(0, dtype=np.int64)
    masks = np.concatenate(
        [np.packbits(states == PRESENT, axis=1), np.packbits(states != MISSING, axis=1)], axis=1
    )
    words = np.ascontiguousarray(masks).view(np.dtype((np.void, masks.shape[1]))).reshape(-1)
    _, where, index = np.unique(words, return_index=True, return_inverse=True)
    return states[where], index
