"""Readings are divided into sessions and periods regardless of their order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.agreement.accuracy import blocks

MINUTE = 60.0


def test_half_an_hour_without_a_reading_starts_a_new_session():
    times = np.array([0, 5, 35, 65.1, 70]) * MINUTE
    assert blocks.positions(times).tolist() == [0, 1, 2, 0, 1]


def test_the_last_block_extends_to_the_end():
    places = np.array([0, 19, 20, 79, 80, 500])
    assert blocks.stretches(places).tolist() == [0, 0, 1, 3, 4, 4]


def test_no_readings_have_no_positions():
    empty = np.empty(0)
    assert blocks.positions(empty).size == 0
    assert blocks.periods(empty.astype(np.int64))[0].size == 0


@pytest.mark.parametrize("times", [np.array([0.0, np.nan]), np.zeros((2, 2))])
def test_invalid_times_are_refused(times):
    with pytest.raises(blocks.BadTimes):
        blocks.positions(times)


TIMES = st.lists(st.floats(0, 1e7), max_size=60)


@given(TIMES, st.randoms())
def test_the_order_of_the_rows_does_not_matter(times, random):
    distinct = sorted(set(times))
    mixed = random.sample(distinct, len(distinct))
    result = dict(zip(mixed, blocks.positions(np.array(mixed)).tolist(), strict=True))
    assert [result[time] for time in distinct] == blocks.positions(np.array(distinct)).tolist()


@pytest.mark.parametrize(
    ("last_day", "length"), [(0, 1), (9, 1), (10, 7), (69, 7), (70, 14), (3650, 366)]
)
def test_there_are_at_most_ten_periods(last_day, length):
    result, days = blocks.periods(np.array([5, 5 + last_day]))
    assert days == length
    assert result.max() < blocks.MAX_PERIODS
    assert result.min() == 0


@given(st.lists(st.integers(-5000, 5000), min_size=1, max_size=40))
def test_periods_are_in_chronological_order(days):
    result, length = blocks.periods(np.array(days))
    first = min(days)
    assert result.tolist() == [(day - first) // length for day in days]
    assert result.max() < blocks.MAX_PERIODS
