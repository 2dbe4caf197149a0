"""What the answers to classes say of groups of classes, such as those of the taxonomy."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from .answers import Answers
from .patterns import ABSENT, MISSING, PRESENT


class BadGroups(ValueError):
    """A group has no class, or names one that the ratings do not have."""


def members(groups: Sequence[Collection[int]], n_classes: int) -> Iterator[list[int]]:
    """Yield the classes of each group, ascending.

    Raises:
        BadGroups: a group is empty or has an index that is not one of a class.
    """
    for place, group in enumerate(groups):
        try:
            found = sorted(group)
        except TypeError as error:
            raise BadGroups(f"group {place} is no list of classes") from error
        if not all(isinstance(one, Integral) for one in found):
            raise BadGroups(f"group {place} names a class by something else than its index")
        if not found:
            raise BadGroups(f"group {place} has no class")
        if found[0] < 0 or found[-1] >= n_classes:
            raise BadGroups(f"group {place} names a class that is not one of 0 to {n_classes - 1}")
        yield found


def grouped(answers: Answers, groups: Sequence[Collection[int]]) -> Answers:
    """Return what the readers say of groups of classes, for the ordinary coefficients.

    The rules are those of ``coefficients.multilabel.grouped``: a group is present where any of its
    classes is, else missing where any is missing, else absent. Exams of a patient stay together.

    Args:
        answers: to classes.
        groups: for each group the indexes of its classes; groups may overlap.

    Raises:
        BadGroups: a group is empty or has an index that is not one of a class.
    """
    parts = [
        _group(answers, np.isin(answers.column, group))
        for group in members(groups, answers.n_classes)
    ]
    said = np.concatenate([answers.patterns, *(states for _, states in parts)])
    patterns, index = np.unique(said, axis=0, return_inverse=True)
    known, pattern = np.split(index.reshape(-1).astype(np.intp), [len(answers.patterns)])
    base = known[answers.base]
    row = np.concatenate([_NONE, *(rows for rows, _ in parts)])
    column = np.repeat(np.arange(len(parts)), [len(rows) for rows, _ in parts])
    differs = pattern != base[row]
    return replace(
        answers,
        patterns=patterns,
        n_classes=len(parts),
        base=base,
        row=row[differs],
        column=column[differs],
        pattern=pattern[differs],
    )


_NONE = np.zeros(0, dtype=np.intp)


def _group(
    answers: Answers, is_member: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.int8]]:
    """Return the rows that say anything of a group, and what they say: shape (n, n_readers).

    A class without an entry is absent for whoever has read the exam.
    """
    order = np.flatnonzero(is_member)
    order = order[np.argsort(answers.row[order], kind="stable")]
    rows = answers.row[order]
    if not rows.size:
        return _NONE, np.zeros((0, answers.n_readers), dtype=np.int8)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    said = answers.patterns[answers.pattern[order]]
    is_present = np.logical_or.reduceat(said == PRESENT, starts, axis=0)
    is_missing = np.logical_or.reduceat(said == MISSING, starts, axis=0)
    states = np.where(is_present, PRESENT, np.where(is_missing, MISSING, ABSENT)).astype(np.int8)
    return rows[starts], states
