"""Comparison of two readers' errors against one reference: McNemar's test on right and wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecgreview.agreement.coefficients import two_readers
from ecgreview.agreement.counts.patterns import MISSING

from .performance import BadComparison

# Shape (..., 4): exams on which both are right, only the first, only the second, neither.
Counts = NDArray[np.int64]


class Undefined(StrEnum):
    """Why there is no test of a class."""

    # No exam has answers of both readers and the reference for the class.
    NOTHING_COMPARED = "nothing_compared"
    # Both were right about the same exams, and wrong about the same.
    NEVER_DIFFERED = "never_differed"


@dataclass(frozen=True, slots=True)
class ErrorTest:
    """Two readers' errors in one class.

    Attributes:
        both_right: exams; right means equal to the reference, present or absent.
        first_right: exams on which only the first is right.
        second_right: exams on which only the second is right.
        both_wrong: exams.
        chi2: (b - c)**2 / (b + c) of the discordant exams, without continuity correction.
        p: of chi2 with one degree of freedom.
        exact_p: two-sided, of the binomial distribution of the discordant exams.
        holm_p: exact_p, adjusted by Holm for all classes tested here.
        undefined: why there is no test; empty where there is one.
    """

    both_right: int
    first_right: int
    second_right: int
    both_wrong: int
    chi2: float | None
    p: float | None
    exact_p: float | None
    holm_p: float | None
    undefined: Undefined | None

    @property
    def n(self) -> int:
        """Exams with answers of both readers and the reference for the class."""
        return self.both_right + self.first_right + self.second_right + self.both_wrong


def count(first: NDArray[np.int8], second: NDArray[np.int8], reference: NDArray[np.int8]) -> Counts:
    """Count the exams of each class by which of the two agrees with the reference.

    Args:
        first: shape (n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
        second: likewise, of the same exams.
        reference: likewise; an exam counts for a class when none of the three is missing.

    Returns:
        Shape (n_classes, 4).

    Raises:
        BadComparison: the three are not of the same exams and classes.
    """
    if first.ndim != 2 or not first.shape == second.shape == reference.shape:
        raise BadComparison(
            f"answers of shapes {first.shape} and {second.shape} and a reference of shape"
            f" {reference.shape} are not of the same exams and classes"
        )
    is_told = (first != MISSING) & (second != MISSING) & (reference != MISSING)
    first_right, second_right = first == reference, second == reference
    parts = (
        first_right & second_right,
        first_right & ~second_right,
        ~first_right & second_right,
        ~first_right & ~second_right,
    )
    return np.stack([(part & is_told).sum(axis=0) for part in parts], axis=-1).astype(np.int64)


def tests(counts: ArrayLike) -> list[ErrorTest]:
    """Return McNemar's test of each class, from the exams on which only one of the two is
    right.

    The test assumes independent exams, which exams of one patient are not.

    Args:
        counts: ``Counts`` of the classes, shape (n_classes, 4).

    Raises:
        BadComparison: they are not valid counts.

    Source:
        McNemar 1947, Psychometrika 12:153-157; of the errors of two classifiers Dietterich 1998,
        Neural Computation 10(7):1895-1923; for several classes Holm 1979, Scand J Stat 6:65-70.
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] != 4 or (table.size and table.min() < 0):
        raise BadComparison("the counts are not four numbers of exams for each class")
    test = two_readers.mcnemar(table.reshape(-1, 2, 2))
    columns = (
        value.coefficients() for value in (test.chi2, test.p, test.exact_p)
    )  # (both right, only the first) in the first row, so the middle two are the discordant cells
    rows = list(zip(table.tolist(), *columns, strict=True))
    adjusted = iter(holm([exact.value for *_, exact in rows if exact.value is not None]))
    return [
        ErrorTest(
            both_right=cells[0],
            first_right=cells[1],
            second_right=cells[2],
            both_wrong=cells[3],
            chi2=chi2.value,
            p=p.value,
            exact_p=exact.value,
            holm_p=None if exact.value is None else next(adjusted),
            undefined=_why(cells),
        )
        for cells, chi2, p, exact in rows
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values adjusted by Holm's step-down method, in their order.

    Source:
        Holm 1979, Scandinavian Journal of Statistics 6:65-70.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def _why(cells: Sequence[int]) -> Undefined | None:
    both_right, first_right, second_right, both_wrong = cells
    if first_right + second_right:
        return None
    if both_right + both_wrong:
        return Undefined.NEVER_DIFFERED
    return Undefined.NOTHING_COMPARED
