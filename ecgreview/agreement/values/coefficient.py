"""A coefficient that may be undefined, and then says why in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

NOT_COMPARED = "No exam was read by two readers."
ALL_ALIKE = "All readings say the same, so agreement beyond chance is undefined."
NEVER_GIVEN = "No reader gave the class."
ALWAYS_GIVEN = "Every reader gave the class to every exam."
UNUSED = "No reading is of this category."
ONE_CATEGORY = "There is only one category, so nothing else could have been said."
NO_PAIR = "No pair of readers has a defined kappa."
ABSENCE_ONLY = "No reader gave the class: this is agreement about its absence only."
NO_CLASS = "No class has a value."
TOO_MANY_SETS = "The exams have too many different sets of classes to compare all with all."
NO_SPREAD = "Every resample gives the same value, so there is no interval."
FEW_TELL = "Too few exams tell of the class for an interval."
FEW_PATIENTS = "Patients have several exams, and too few exams tell of the class for an interval."
OF_PATIENTS = "Patients have several exams: of pairs there are no intervals then."
OF_REPEATS = "Patients have several exams: of repeated readings there are no intervals then."
OF_CLASSES = "The classes of an exam go together: of pairs over all classes there are no intervals."

REASONS = (
    NOT_COMPARED,
    ALL_ALIKE,
    NEVER_GIVEN,
    ALWAYS_GIVEN,
    UNUSED,
    ONE_CATEGORY,
    NO_PAIR,
    ABSENCE_ONLY,
    NO_CLASS,
    TOO_MANY_SETS,
    NO_SPREAD,
    FEW_TELL,
    FEW_PATIENTS,
    OF_PATIENTS,
    OF_REPEATS,
    OF_CLASSES,
)
"""Every sentence a coefficient may carry, for whoever translates them."""


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
        reason: why there is no value; beside a value, what to mind when reading it, mostly empty.
    """

    value: float | None
    reason: str = ""

    def to_json(self) -> CoefficientJson:
        """Return the coefficient as plain values."""
        return {"value": self.value, "reason": self.reason}


Causes = tuple[tuple[NDArray[np.bool_], str], ...]
"""Masks, each with the sentence that holds where it does; the first one of a place counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """A coefficient of many classes (or pairs, or replicates) at once.

    Attributes:
        values: any shape; NaN where undefined, for arithmetic only.
        causes: masks that fit the shape, with the sentences of ``Coefficient.reason``: kept apart,
            because replicates have no use for a sentence each.
    """

    values: NDArray[np.float64]
    causes: Causes = ()

    @property
    def reasons(self) -> NDArray[np.str_]:
        """The shape of ``values``; the sentence of each place, mostly empty."""
        masks = [np.broadcast_to(mask, np.shape(self.values)) for mask, _ in self.causes]
        sentences = [sentence for _, sentence in self.causes]
        empty = np.full(np.shape(self.values), "")
        return np.asarray(np.select(masks, sentences, default="") if masks else empty)

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

    def with_caution(self, where: NDArray[np.bool_], sentence: str) -> Estimates:
        """Return the same values; those of ``where`` that are defined carry ``sentence``."""
        return Estimates(self.values, ((where & self.is_defined, sentence), *self.causes))

    def with_remark(self, where: NDArray[np.bool_], sentence: str) -> Estimates:
        """Return the same; values of ``where`` that carry no sentence yet carry this one."""
        return Estimates(self.values, (*self.causes, (where & self.is_defined, sentence)))


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
        unless: masks of the same shape, each with its sentence.
    """
    is_undefined = np.logical_or.reduce([mask for mask, _ in unless])
    values = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=values, where=~is_undefined)
    return Estimates(values, tuple(unless))


def complement(quotient: Estimates) -> Estimates:
    """Return 1 - ``quotient``: of disagreement, the form that loses no digits for rare classes."""
    return Estimates(1 - quotient.values, quotient.causes)
