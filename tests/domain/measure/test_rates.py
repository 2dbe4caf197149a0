"""The coefficient of sample entropy: published limit and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecgreview.measure.rates import sample_entropy

# Lake & Moorman 2011: above this limit, intervals are as irregular as in atrial fibrillation.
AF_LIMIT = -1.4


def test_constant_intervals_have_the_entropy_of_the_tolerance():
    assert sample_entropy(np.full(12, 0.8)) == pytest.approx(math.log(2 * 0.03 / 0.8))


def test_matching_templates_are_counted_as_by_hand():
    # Of the 6 templates, the three of 1.0 s form 3 matching pairs, as do the three of 0.5 s. The
    # intervals that follow match in all 6 pairs too.
    alternating = np.array([1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 1.0])
    assert sample_entropy(alternating) == pytest.approx(math.log(2 * 0.03 / alternating.mean()))


@pytest.mark.parametrize("seed", range(5))
def test_respiratory_sinus_arrhythmia_stays_below_the_limit(seed):
    rng = np.random.default_rng(seed)
    beats = np.arange(12)
    intervals = 0.85 + 0.02 * np.sin(beats / 3) + rng.normal(0, 0.008, beats.size)
    assert (sample_entropy(intervals) or 0.0) < AF_LIMIT


@pytest.mark.parametrize("seed", range(5))
def test_random_intervals_exceed_the_limit(seed):
    intervals = np.random.default_rng(seed).normal(0.7, 0.15, 14)
    assert (sample_entropy(intervals) or 0.0) > AF_LIMIT
