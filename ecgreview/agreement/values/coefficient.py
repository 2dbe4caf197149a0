"""A coefficient that may be undefined, and then has a code that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray


class CoefficientJson(TypedDict):
    """A coefficient as it is stored in a report."""

    value: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One coefficient of agreement.

    Attributes:
        value: None when undefined; never NaN, and never 1 where agreement beyond chance has no
            meaning.
        reason: a ``Reason``: why there is no value; beside a value, what to mind when reading it.
            Mostly empty.
    """

    value: float | None
    reason: str = ""

    def to_json(self) -> CoefficientJson:
        """Return the coefficient as plain values."""
        return {"value": self.value, "reason": self.reason}


Causes = tuple[tuple[NDArray[np.bool_], str], ...]
"""Masks, each with its ``Reason``; where several hold, the first one counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """A coefficient of many classes (or pairs, or replicates) at once.

    Attributes:
        values: any shape; NaN where undefined, for arithmetic only.
        causes: masks that fit the shape, each with its ``Coefficient.reason``: kept apart,
            because replicates need no array of reasons.
    """

    values: NDArray[np.float64]
    causes: Causes = ()

    @property
    def reasons(self) -> NDArray[np.str_]:
        """The reason of each value, mostly empty; same shape as ``values``."""
        masks = [np.broadcast_to(mask, np.shape(self.values)) for mask, _ in self.causes]
        codes = [str(reason) for _, reason in self.causes]
        empty = np.full(np.shape(self.values), "")
        return np.asarray(np.select(masks, codes, default="") if masks else empty)

    @property
    def is_defined(self) -> NDArray[np.bool_]:
        """Where there is a value."""
        return ~np.isnan(self.values)

    def coefficients(self) -> list[Coefficient]:
        """Return the estimates one by one, in C order."""
        return [
            Coefficient(None if np.isnan(value) else float(value), str(reason))
            for value, reason in zip(self.values.flat, self.reasons.flat, strict=True)
        ]

    def with_caution(self, where: NDArray[np.bool_], reason: str) -> Estimates:
        """Return the same values; those of ``where`` that are defined carry ``reason``."""
        return Estimates(self.values, ((where & self.is_defined, reason), *self.causes))

    def with_remark(self, where: NDArray[np.bool_], reason: str) -> Estimates:
        """Return the same; values of ``where`` that carry no reason yet carry this one."""
        return Estimates(self.values, (*self.causes, (where & self.is_defined, reason)))


def ratio(
    numerator: NDArray[np.float64],
    denominator: NDArray[np.float64],
    *,
    unless: Sequence[tuple[NDArray[np.bool_], str]],
) -> Estimates:
    """Return the quotients, undefined where a mask of ``unless`` holds; the first one says why.

    Args:
        numerator: any shape.
        denominator: the same shape; not 0 wherever no mask holds.
        unless: masks of the same shape, each with its reason.
    """
    is_undefined = np.logical_or.reduce([mask for mask, _ in unless])
    values = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=values, where=~is_undefined)
    return Estimates(values, tuple(unless))


def complement(quotient: Estimates) -> Estimates:
    """Return 1 - ``quotient``: of disagreement, the form that loses no digits for rare classes."""
    return Estimates(1 - quotient.values, quotient.causes)
