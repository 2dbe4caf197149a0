"""Comparison of reading times between two arms, crossed over readers and exams."""

from __future__ import annotations

import numpy as np
import pytest

from ecgreview.agreement.accuracy import arm_times
from ecgreview.agreement.values.reasons import Reason


def compare(times, is_shown, readers=None, exams=None, seed=0, **more):
    n = len(times)
    return arm_times.compare(
        np.asarray(times, dtype=np.float64),
        np.asarray(is_shown, dtype=np.bool_),
        np.arange(n) % 3 if readers is None else np.asarray(readers),
        np.arange(n) if exams is None else np.asarray(exams),
        np.random.default_rng(seed),
        **more,
    )


def draw_times(n=600, ratio=0.75, seed=2):
    rng = np.random.default_rng(seed)
    is_shown = rng.random(n) < 0.5
    times = 40_000 * np.exp(rng.normal(0, 0.4, n)) * np.where(is_shown, ratio, 1)
    return times, is_shown, rng.integers(0, 8, n), rng.integers(0, 200, n)


def test_the_ratio_is_of_geometric_means():
    result = compare([1000, 4000, 8000, 8000], [True, True, False, False])
    assert result.ratio.estimate == pytest.approx(2000 / 8000)
    assert result.ratio.n == 4


def test_quartiles_are_those_of_each_arm():
    result = compare([1, 2, 3, 4, 5, 10], [True] * 5 + [False])
    assert result.shown.quartiles_ms == (2, 3, 4)
    assert result.hidden == arm_times.Times(1, (10, 10, 10))


def test_the_interval_contains_the_true_ratio():
    result = compare(*draw_times())
    assert result.ratio.low < 0.75 < result.ratio.high
    assert result.ratio.low < result.ratio.estimate < result.ratio.high


def test_swapping_the_arms_inverts_the_ratio():
    times, is_shown, readers, exams = draw_times()
    original = compare(times, is_shown, readers, exams, n_replicates=0)
    swapped = compare(times, ~is_shown, readers, exams, n_replicates=0)
    assert original.ratio.estimate == pytest.approx(1 / swapped.ratio.estimate)


def test_the_unit_of_time_does_not_matter():
    times, is_shown, readers, exams = draw_times()
    first, second = (compare(scale * times, is_shown, readers, exams) for scale in (1, 1000))
    assert first.ratio.estimate == pytest.approx(second.ratio.estimate)
    assert first.ratio.low == pytest.approx(second.ratio.low)


@pytest.mark.parametrize(
    ("times", "is_shown", "reason"),
    [
        ([], [], Reason.NO_TIMES),
        ([5.0], [True], Reason.NONE_HIDDEN),
        ([5.0], [False], Reason.NONE_SHOWN),
    ],
)
def test_without_both_arms_there_is_a_reason(times, is_shown, reason):
    result = compare(times, is_shown)
    assert (result.ratio.estimate, result.ratio.reason) == (None, reason)


def test_one_reader_has_a_ratio_without_an_interval():
    result = compare([1000, 2000], [True, False], readers=[7, 7])
    assert result.ratio.estimate == pytest.approx(0.5)
    assert (result.ratio.low, result.ratio.reason) == (None, Reason.FEW_READERS_ANSWERED)


@pytest.mark.parametrize("times", [[0.0, 1.0], [-1.0, 1.0], [np.inf, 1.0], [np.nan, 1.0]])
def test_invalid_times_are_refused(times):
    with pytest.raises(arm_times.BadTimes):
        compare(times, [True, False])


def test_arrays_of_different_length_are_refused():
    with pytest.raises(arm_times.BadTimes):
        compare([1.0, 2.0], [True])
