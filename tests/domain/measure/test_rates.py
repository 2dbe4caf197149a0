"""The coefficient of sample entropy: its published level, and what must not change it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecgreview.measure.rates import sample_entropy

AF_LIMIT = -1.4
"""Lake & Moorman 2011: above it intervals follow each other as in atrial fibrillation."""


def test_a_metronome_has_the_entropy_of_its_tolerance_alone():
    assert sample_entropy(np.full(12, 0.8)) == pytest.approx(math.log(2 * 0.03 / 0.8))


def test_five_intervals_alike_and_followed_alike_are_counted_by_hand():
    # Of 6 templates the three of 1.0 s match in 3 pairs, as do those of 0.5 s; of the 6 pairs, each
    # is followed by intervals that match too.
    alternating = np.array([1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 1.0])
    assert sample_entropy(alternating) == pytest.approx(math.log(2 * 0.03 / alternating.mean()))


@pytest.mark.parametrize("seed", range(5))
def test_a_breathing_sinus_rhythm_stays_below_the_limit(seed):
    rng = np.random.default_rng(seed)
    beats = np.arange(12)
    intervals = 0.85 + 0.02 * np.sin(beats / 3) + rng.normal(0, 0.008, beats.size)
    assert (sample_entropy(intervals) or 0.0) < AF_LIMIT


@pytest.mark.parametrize("seed", range(5))
def test_random_intervals_rise_above_the_limit(seed):
    intervals = np.random.default_rng(seed).normal(0.7, 0.15, 14)
    assert (sample_entropy(intervals) or 0.0) > AF_LIMIT
