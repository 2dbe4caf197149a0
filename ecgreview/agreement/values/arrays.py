"""Conversion of user-supplied numbers to arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Above this, counts are inexact and their products overflow.
MAX_EXACT = 2.0**53


def numbers(values: object, refusal: type[ValueError], name: str) -> NDArray[np.float64]:
    """Return ``values`` as float64; NaN and infinity are allowed.

    Args:
        values: numbers, nested to any depth.
        refusal: the exception class to raise.
        name: name of the values in the error message.

    Raises:
        refusal: the values are not real numbers, or rows differ in length.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise refusal(f"{name} are not a table of numbers") from error
    if array.dtype.kind not in "biuf":
        raise refusal(f"{name} are {array.dtype}, not real numbers")
    return array.astype(np.float64)


def counts(values: object, refusal: type[ValueError], name: str) -> NDArray[np.float64]:
    """Return ``values`` as counts. Fractions are allowed, because counts of replicates are not
    whole.

    Raises:
        refusal: as in ``numbers``; or a count is negative, not finite or too large to be exact.
    """
    array = numbers(values, refusal, name)
    if not np.isfinite(array).all() or (array < 0).any():
        raise refusal(f"{name} contain a negative or non-finite number")
    if array.size and array.sum() > MAX_EXACT:
        raise refusal(f"{name} are too large to be counted exactly")
    return array
