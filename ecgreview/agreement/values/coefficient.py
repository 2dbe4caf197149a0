"""A coefficient, or the reason code why it is undefined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray


class CoefficientJson(TypedDict):
    """A coefficient as stored in a report."""

    value: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of agreement.

    Attributes:
        value: None when undefined, for example where agreement beyond chance has no meaning; never
            NaN.
        reason: a ``Reason``: why there is no value, or a caution about the value. Usually empty.
    """

    value: float | None
    reason: str = ""

    def to_json(self) -> CoefficientJson:
        return {"value": self.value, "reason": self.reason}


# Masks, each with its ``Reason``; where several masks hold, the first reason applies.
Causes = tuple[tuple[NDArray[np.bool_], str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """One coefficient for many classes (or pairs, or replicates) together.

    Attributes:
        values: any shape; NaN where undefined, for arithmetic only.
        causes: masks broadcastable to that shape, each with its ``Coefficient.reason``. Stored as
            masks, because replicates need no array of reasons.
    """

    values: NDArray[np.float64]
    causes: Causes = ()

    @property
    def reasons(self) -> NDArray[np.str_]:
        """The reason of each value, usually empty; same shape as ``values``."""
        masks = [np.broadcast_to(mask, np.shape(self.values)) for mask, _ in self.causes]
        codes = [str(reason) for _, reason in self.causes]
        empty = np.full(np.shape(self.values), "")
        return np.asarray(np.select(masks, codes, default="") if masks else empty)

    @property
    def is_defined(self) -> NDArray[np.bool_]:
        """Whether each value is defined; same shape as ``values``."""
        return ~np.isnan(self.values)

    def coefficients(self) -> list[Coefficient]:
        """Return the estimates as a list, in C order."""
        return [
            Coefficient(None if np.isnan(value) else float(value), str(reason))
            for value, reason in zip(self.values.flat, self.reasons.flat, strict=True)
        ]

    def with_caution(self, where: NDArray[np.bool_], reason: str) -> Estimates:
        """Return the same values, with ``reason`` on the defined values where ``where`` holds."""
        return Estimates(self.values, ((where & self.is_defined, reason), *self.causes))

    def with_remark(self, where: NDArray[np.bool_], reason: str) -> Estimates:
        """Return the same values, with ``reason`` where ``where`` holds and no reason is set."""
        return Estimates(self.values, (*self.causes, (where & self.is_defined, reason)))


def ratio(
    numerator: NDArray[np.float64],
    denominator: NDArray[np.float64],
    *,
    unless: Sequence[tuple[NDArray[np.bool_], str]],
) -> Estimates:
    """Return the quotients, undefined where a mask of ``unless`` holds.

    Args:
        numerator: any shape.
        denominator: the same shape; not 0 where no mask holds.
        unless: masks of the same shape, each with its reason; the reason is that of the first mask
            that holds.
    """
    is_undefined = np.logical_or.reduce([mask for mask, _ in unless])
    values = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=values, where=~is_undefined)
    return Estimates(values, tuple(unless))


def complement(quotient: Estimates) -> Estimates:
    """Return 1 - ``quotient``. Computing disagreement first keeps precision for rare classes."""
    return Estimates(1 - quotient.values, quotient.causes)
