"""Numbers that come from outside, as arrays that can be counted with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 2.0**53
"""Beyond it counts are no longer exact, and their products overflow."""


def numbers(values: object, refusal: type[ValueError], what: str) -> NDArray[np.float64]:
    """Return ``values`` as float64, NaN and infinity among them.

    Args:
        values: numbers, nested as you like.
        refusal: the error to raise.
        what: these are, for its message.

    Raises:
        refusal: they are no real numbers, or rows differ in length.
    """
    try:
        found = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise refusal(f"{what} are no table of numbers") from error
    if found.dtype.kind not in "biuf":
        raise refusal(f"{what} are {found.dtype}, not real numbers")
    return found.astype(np.float64)


def counts(values: object, refusal: type[ValueError], what: str) -> NDArray[np.float64]:
    """Return ``values`` as numbers of something, whole or not: of replicates they need not be.

    Raises:
        refusal: as ``numbers``; or a count that is negative, not finite or too large to be exact.
    """
    found = numbers(values, refusal, what)
    if not np.isfinite(found).all() or (found < 0).any():
        raise refusal(f"of {what} one is negative or not finite")
    if found.size and found.sum() > LARGEST:
        raise refusal(f"{what} are more than can be counted exactly")
    return found
