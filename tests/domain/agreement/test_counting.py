"""The fast way to count response patterns gives the same counts as the slow one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from ecgreview.agreement import PatternCount
from ecgreview.agreement.counts import counting
from tests.domain.agreement.strategies import binary_ratings


def by_pattern(patterns_and_counts: tuple[np.ndarray, np.ndarray]) -> dict[bytes, list[int]]:
    patterns, counts = patterns_and_counts
    return {pattern.tobytes(): counts[:, row].tolist() for row, pattern in enumerate(patterns)}


@given(binary_ratings(n_readers=(1, 5), n_exams=(1, 12), n_classes=(1, 3)))
def test_few_readers_are_counted_like_many(ratings):
    assert by_pattern(counting.dense(ratings)) == by_pattern(counting.sparse(ratings))


@pytest.mark.parametrize("n_exams", [16_319, 16_320, 16_321, 40_000])
def test_two_readers_are_counted_eight_states_at_a_time(n_exams):
    ratings = np.random.default_rng(n_exams).integers(0, 3, (2, n_exams, 3)).astype(np.int8)
    assert by_pattern(counting.dense(ratings)) == by_pattern(counting.sparse(ratings))


def test_non_contiguous_readings_are_counted():
    ratings = np.random.default_rng(1).integers(0, 3, (40_000, 3, 2)).astype(np.int8)
    turned = ratings.transpose(2, 0, 1)
    assert by_pattern(counting.dense(turned)) == by_pattern(
        counting.sparse(np.ascontiguousarray(turned))
    )


def test_a_constant_class_does_not_overflow():
    # Every reading is present. A counter of one byte would overflow after 255.
    ratings = np.full((2, 100_000, 2), 2, dtype=np.int8)
    result = PatternCount.of(ratings)
    assert result.counts.tolist() == [[100_000], [100_000]]
