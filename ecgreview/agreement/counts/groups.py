"""Derive answers for groups of classes, such as taxonomy branches, from answers for classes."""

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
        BadGroups: a group is empty or has an invalid class index.
    """
    for place, group in enumerate(groups):
        try:
            indexes = sorted(group)
        except TypeError as error:
            raise BadGroups(f"group {place} is not a list of classes") from error
        if not all(isinstance(index, Integral) for index in indexes):
            raise BadGroups(f"group {place} must name classes by their index")
        if not indexes:
            raise BadGroups(f"group {place} has no class")
        if indexes[0] < 0 or indexes[-1] >= n_classes:
            raise BadGroups(f"group {place} names a class outside 0 to {n_classes - 1}")
        yield indexes


def grouped(answers: Answers, groups: Sequence[Collection[int]]) -> Answers:
    """Return the answers for groups of classes, to compute the usual coefficients for groups.

    The rules are those of ``coefficients.multilabel.grouped``: a group is present if any of its
    classes is, else missing if any is missing, else absent. Exams are still grouped by patient.

    Args:
        answers: the answers for single classes.
        groups: for each group the indexes of its classes; groups may overlap.

    Raises:
        BadGroups: a group is empty or has an invalid class index.
    """
    parts = [
        _group(answers, np.isin(answers.column, group))
        for group in members(groups, answers.n_classes)
    ]
    all_patterns = np.concatenate([answers.patterns, *(states for _, states in parts)])
    patterns, index = np.unique(all_patterns, axis=0, return_inverse=True)
    distinct_index, pattern = np.split(index.reshape(-1).astype(np.intp), [len(answers.patterns)])
    base = distinct_index[answers.base]
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
    """Return the rows with an entry for a group, and their states, shape (n, n_readers).

    A class without an entry is absent for every reader of the exam.
    """
    order = np.flatnonzero(is_member)
    order = order[np.argsort(answers.row[order], kind="stable")]
    rows = answers.row[order]
    if not rows.size:
        return _NONE, np.zeros((0, answers.n_readers), dtype=np.int8)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    states_of_classes = answers.patterns[answers.pattern[order]]
    is_present = np.logical_or.reduceat(states_of_classes == PRESENT, starts, axis=0)
    is_missing = np.logical_or.reduceat(states_of_classes == MISSING, starts, axis=0)
    states = np.where(is_present, PRESENT, np.where(is_missing, MISSING, ABSENT)).astype(np.int8)
    return rows[starts], states
