"""Agreement on groups of classes: a group is present if any of its classes is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import ABSENT, MISSING, PRESENT, BadRatings
from ecgreview.agreement.coefficients import kernels
from ecgreview.agreement.coefficients.multilabel import grouped
from ecgreview.agreement.counts import patterns
from ecgreview.agreement.counts.groups import BadGroups

from .tables import value

N_CLASSES = 4

states = arrays.arrays(
    np.int8,
    st.tuples(st.integers(1, 4), st.integers(0, 8), st.just(N_CLASSES)),
    elements=st.integers(0, 2),
)
groups_ = st.lists(st.sets(st.integers(0, N_CLASSES - 1), min_size=1), max_size=4)


def state_of_group(*states: int) -> int:
    ratings = np.array([[states]], dtype=np.int8)
    return int(grouped(ratings, [range(len(states))]).item())


def kappa_of(ratings: np.ndarray) -> float | None:
    return value(kernels.fleiss_kappa(patterns.PatternCount.of(ratings).cells()))


@pytest.mark.parametrize(
    ("states", "of_group"),
    [
        ((ABSENT, PRESENT), PRESENT),
        ((MISSING, PRESENT), PRESENT),
        ((MISSING, ABSENT), MISSING),
        ((MISSING, MISSING), MISSING),
        ((ABSENT, ABSENT), ABSENT),
    ],
)
def test_the_state_of_a_group_follows_from_its_classes(states, of_group):
    assert state_of_group(*states) == of_group


def test_different_blocks_of_one_branch_agree_on_the_group():
    ratings = np.full((2, 3, 2), ABSENT, dtype=np.int8)
    ratings[0, 0, 0] = ratings[1, 0, 1] = PRESENT
    assert kappa_of(grouped(ratings, [[0, 1]])) == pytest.approx(1)
    assert kappa_of(grouped(ratings, [[0]])) == pytest.approx(-0.2)


@given(ratings=states)
def test_groups_of_one_class_are_the_classes(ratings):
    np.testing.assert_array_equal(grouped(ratings, [[i] for i in range(N_CLASSES)]), ratings)


@given(ratings=states, groups=groups_)
def test_a_group_of_groups_is_the_group_of_all_their_classes(ratings, groups):
    everything = sorted(set().union(*groups))
    if not everything:
        return
    of_groups = grouped(grouped(ratings, groups), [range(len(groups))])
    np.testing.assert_array_equal(of_groups, grouped(ratings, [everything]))


@given(ratings=states, groups=groups_, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_classes_does_not_matter(ratings, groups, seed):
    order = np.random.default_rng(seed).permutation(N_CLASSES)
    moved = [[int(np.flatnonzero(order == item)[0]) for item in group] for group in groups]
    np.testing.assert_array_equal(grouped(ratings[:, :, order], moved), grouped(ratings, groups))


def test_an_empty_group_is_refused():
    with pytest.raises(BadGroups, match="group 1 has no class"):
        grouped(np.ones((1, 1, 2), dtype=np.int8), [[0], []])


@pytest.mark.parametrize("index", [-1, 2])
def test_an_unknown_class_is_refused(index):
    with pytest.raises(BadGroups, match="outside 0 to 1"):
        grouped(np.ones((1, 1, 2), dtype=np.int8), [[0, index]])


def test_ratings_without_classes_are_refused():
    with pytest.raises(BadRatings, match="2 axes"):
        grouped(np.ones((1, 1), dtype=np.int8), [])


def test_an_unknown_state_is_refused():
    with pytest.raises(BadRatings, match="neither 0"):
        grouped(np.full((1, 1, 1), 3, dtype=np.int8), [[0]])
