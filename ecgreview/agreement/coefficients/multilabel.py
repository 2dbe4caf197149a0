"""Agreement on groups of classes, such as those of the taxonomy."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts import groups as grouping
from ecgreview.agreement.counts import states
from ecgreview.agreement.counts.patterns import ABSENT, MISSING, PRESENT


def grouped(ratings: NDArray[np.int8], groups: Sequence[Collection[int]]) -> NDArray[np.int8]:
    """Return the ratings of groups of classes, for the ordinary coefficients.

    A group is present if the reader called any of its classes present. Otherwise it is missing if
    the reader did not answer all of its classes, because one of those may be present; else it is
    absent. Two readers who mark different blocks of one branch thus agree about the branch.

    Args:
        ratings: shape (n_readers, n_exams, n_classes), int8; 0 missing, 1 absent, 2 present.
        groups: for each group the indexes of its classes; groups may overlap.

    Returns:
        Shape (n_readers, n_exams, n_groups), int8, in the same states.

    Raises:
        BadRatings: wrong shape or an unknown state.
        BadGroups: a group is empty or has an invalid class index.
    """
    states.refuse_bad(ratings, "readers, exams, classes")
    n_readers, n_exams, n_classes = ratings.shape
    result = np.empty((n_readers, n_exams, len(groups)), dtype=np.int8)
    for place, members in enumerate(grouping.members(groups, n_classes)):
        answers = ratings[:, :, members]
        unknown = np.where((answers == MISSING).any(axis=2), MISSING, ABSENT)
        result[:, :, place] = np.where((answers == PRESENT).any(axis=2), PRESENT, unknown)
    return result
