"""Response patterns keep all information that a coefficient needs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import ABSENT, PRESENT, BadRatings, PatternCount

states = arrays.arrays(
    np.int8,
    st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 3)),
    elements=st.integers(0, 2),
)


@given(states)
def test_every_exam_of_every_class_is_counted_once(ratings):
    patterns = PatternCount.of(ratings)
    n_readers, n_exams, n_classes = ratings.shape
    assert patterns.counts.shape[0] == n_classes
    assert patterns.patterns.shape[1] == n_readers
    assert (patterns.counts.sum(axis=1) == n_exams).all()


@given(states)
def test_each_pattern_has_its_count(ratings):
    result = PatternCount.of(ratings)
    for row, of_class in enumerate(result.counts):
        for pattern, count in zip(result.patterns, of_class, strict=True):
            assert (ratings[:, :, row] == pattern[:, None]).all(axis=0).sum() == count


def test_patterns_of_46_readers_are_distinguished():
    # CODE-II-test had 46 readers; 3**46 patterns do not fit in 64 bits.
    rng = np.random.default_rng(7)
    ratings = rng.integers(0, 3, (46, 500, 2)).astype(np.int8)
    result = PatternCount.of(ratings)
    assert result.counts.sum() == 1000
    columns = {column.tobytes() for column in ratings.reshape(46, -1).T}
    assert {pattern.tobytes() for pattern in result.patterns} == columns


@given(states.filter(lambda ratings: len(ratings) >= 2))
def test_pair_tables_match_the_ratings(ratings):
    tables = PatternCount.of(ratings).pairs([(0, 1)])
    for row, first_state in enumerate((ABSENT, PRESENT)):
        for column, second_state in enumerate((ABSENT, PRESENT)):
            expected = ((ratings[0] == first_state) & (ratings[1] == second_state)).sum(axis=0)
            np.testing.assert_array_equal(tables[:, 0, row, column], expected)


def test_cells_do_not_depend_on_who_answered():
    ratings = np.array([[[2], [1]], [[1], [2]]], dtype=np.int8)
    cells = PatternCount.of(ratings).cells()
    np.testing.assert_array_equal(cells.table, [[1, 1]])
    np.testing.assert_array_equal(cells.n_exams, [[2]])


@pytest.mark.parametrize("state", [-1, 3])
def test_an_unknown_state_is_refused(state):
    with pytest.raises(BadRatings, match="neither 0"):
        PatternCount.of(np.full((2, 2, 2), state, dtype=np.int8))


def test_ratings_without_classes_are_refused():
    with pytest.raises(BadRatings, match="2 axes"):
        PatternCount.of(np.ones((2, 2), dtype=np.int8))
