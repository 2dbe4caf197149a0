"""Partial pooling of rare classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import additive_logits, pooled, two_states
from ecgreview.agreement.latent import design as latent_design
from ecgreview.agreement.latent.additive_logits import Spread
from ecgreview.agreement.latent.pooled_em import PooledModel
from ecgreview.agreement.values.reasons import Reason

from .latent_data import THREE, counted, readings

seeds = st.integers(0, 2**32 - 1)


def expit(logits):
    return 1 / (1 + np.exp(-logits))


def draw_classes(seed, *, n_classes=40, n_readers=4, n_exams=3000, per_exam=3, rarest=0.003):
    """Return prevalence, sensitivity, false-alarm rates and readings of exchangeable classes."""
    rng = np.random.default_rng(seed)
    prevalence = np.geomspace(rarest, 0.2, n_classes)
    of_classes = rng.normal(0, 0.7, (2, n_classes, 1))
    of_readers = rng.normal(0, 0.5, (2, n_readers))
    sensitivity = expit(1.5 + of_classes[0] + of_readers[0])
    false_alarms = expit(np.log(0.1 * prevalence)[:, None] + of_classes[1] + of_readers[1])
    simulated = readings(
        rng, prevalence, sensitivity, false_alarms, n_exams=n_exams, per_exam=per_exam
    )
    return prevalence, sensitivity, false_alarms, simulated


def draw_few(seed):
    return draw_classes(seed, n_classes=4, n_exams=200, rarest=0.05)[3]


def error(estimate, truth):
    return np.sqrt(np.nanmean((estimate - truth) ** 2))


# Simulations with known truth.


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_rare_classes_are_estimated_better_than_separately(seed):
    _, sensitivity, false_alarms, patterns = draw_classes(seed)
    rare = slice(0, 20)
    together, alone = pooled.fit(patterns).classes, two_states.fit(patterns)
    pooled_error, separate_error = (
        error(fit.sensitivity.values[rare], sensitivity[rare]) for fit in (together, alone)
    )
    assert pooled_error < 0.75 * separate_error
    pooled_error, separate_error = (
        error((1 - fit.specificity.values)[rare] / false_alarms[rare], 1)
        for fit in (together, alone)
    )
    assert pooled_error < 0.75 * separate_error


def test_common_classes_are_estimated_as_well_as_separately():
    prevalence, sensitivity, _, patterns = draw_classes(3, n_exams=10_000)
    common = slice(30, 40)
    together, alone = pooled.fit(patterns).classes, two_states.fit(patterns)
    np.testing.assert_allclose(together.prevalence.values[common], prevalence[common], rtol=0.15)
    pooled_error, separate_error = (
        error(fit.sensitivity.values[common], sensitivity[common]) for fit in (together, alone)
    )
    assert pooled_error < 1.5 * separate_error


def test_reader_effects_are_recovered():
    rng = np.random.default_rng(4)
    of_readers = np.array([-0.8, 0.0, 0.8])
    sensitivity = np.tile(expit(1.0 + of_readers), (10, 1))
    simulated = readings(rng, [0.2] * 10, sensitivity, np.full((10, 3), 0.02), n_exams=5000)
    result = pooled.fit(simulated)
    np.testing.assert_allclose(result.reader_sensitivity, of_readers, rtol=0, atol=0.15)
    np.testing.assert_allclose(result.reader_false_alarms, 0, atol=0.15)
    np.testing.assert_allclose(result.class_sensitivity, 1.0, atol=0.3)


def test_two_of_three_readers_per_exam_recover_the_truth():
    prevalence, _, _, patterns = draw_classes(1, n_readers=3, per_exam=2)
    result = pooled.fit(patterns).classes.prevalence.values[20:]
    np.testing.assert_allclose(result, prevalence[20:], rtol=0.6)


# Reasons that state the origin of an estimate.


def test_two_readers_are_refused_with_a_reason():
    result = pooled.fit(draw_classes(1, n_readers=2, per_exam=2)[3]).classes
    assert result.prevalence.is_defined.all()
    assert set(result.prevalence.reasons) == {Reason.TWO_READERS_POOLED}
    assert set(result.sensitivity.reasons.flat) == {Reason.TWO_READERS_POOLED}


def test_pairs_of_three_readers_are_marked_as_pooled():
    result = pooled.fit(draw_classes(2, n_readers=3, per_exam=2)[3]).classes
    assert result.prevalence.is_defined.all()
    assert set(result.prevalence.reasons[10:]) == {Reason.POOLED}


def test_classes_of_three_readers_have_no_caution():
    result = pooled.fit(draw_classes(2)[3]).classes
    assert result.prevalence.reasons[-1] == ""


def test_a_single_class_of_two_readers_cannot_be_pooled():
    result = pooled.fit(counted([("++", 20), ("+-", 5), ("-+", 6), ("--", 100)]))
    assert result.classes.prevalence.reasons[0] == Reason.NOTHING_TO_POOL
    assert np.isnan(result.class_sensitivity).all()


def test_a_single_class_of_three_readers_is_fitted():
    result = pooled.fit(counted(THREE)).classes
    assert result.prevalence.values[0] == pytest.approx(
        two_states.fit(counted(THREE)).prevalence.values[0], rel=0.2
    )


def test_a_class_that_nobody_marked_is_left_out():
    patterns = draw_few(5)
    never = np.where((patterns.patterns == 2).any(axis=1), 0.0, patterns.counts[0])
    with_it = PatternCount(patterns.patterns, np.concatenate([patterns.counts, never[None]]))
    result, without = pooled.fit(with_it), pooled.fit(patterns)
    assert result.classes.prevalence.reasons[-1] == Reason.NEVER_GIVEN
    np.testing.assert_allclose(
        result.classes.prevalence.values[:-1], without.classes.prevalence.values, rtol=1e-6
    )
    assert np.isfinite(result.classes.posterior).all()


def test_a_class_with_hardly_any_findings_is_reported():
    # Three single readings among thousands are more likely false alarms than true positives.
    lone = [("+--", 1), ("-+-", 1), ("--+", 1), ("---", 3000), ("+++", 0), ("++-", 0)]
    common = [("+--", 20), ("-+-", 25), ("--+", 15), ("---", 2000), ("+++", 700), ("++-", 243)]
    both = counted([(pattern, 0) for pattern, _ in lone])
    counts = np.array([[n for _, n in rows] for rows in (lone, common)], dtype=float)
    result = pooled.fit(PatternCount(both.patterns, counts)).classes
    assert result.prevalence.reasons[0] == Reason.HARDLY_THERE
    assert result.prevalence.values[0] > 0


def test_a_reader_without_readings_of_a_class_has_no_estimates():
    patterns = draw_few(6)
    silent = np.concatenate([patterns.patterns, patterns.patterns])
    silent[len(patterns.patterns) :, 0] = 0
    counts = np.concatenate([patterns.counts, np.zeros_like(patterns.counts)], axis=1)
    counts[0] = np.roll(counts[0], len(patterns.patterns))
    result = pooled.fit(PatternCount(silent, counts)).classes
    assert str(result.sensitivity.reasons[0, 0]) == Reason.NEVER_READ
    assert result.sensitivity.is_defined[1:, 0].all()


def test_a_fit_that_did_not_converge_is_reported():
    result = pooled.fit(draw_few(7), max_steps=2).classes
    assert not result.is_converged.any()
    assert set(result.prevalence.reasons) == {Reason.NOT_CONVERGED}


def test_no_readings_are_undefined():
    result = pooled.fit(PatternCount(np.zeros((0, 3), np.int8), np.zeros((2, 0)))).classes
    assert set(result.prevalence.reasons) == {Reason.NOT_COMPARED}


# Invariants.


@given(seed=seeds)
@settings(max_examples=20)
def test_the_objective_never_decreases(seed):
    patterns = draw_few(seed)
    model = PooledModel.of(patterns, patterns.counts, pooled.SENSITIVITY, pooled.FALSE_ALARMS)
    vector = np.random.default_rng(seed).normal(0, 1, 4 + 2 * (1 + 4 + 4 + 16))
    heights = []
    for _ in range(25):
        vector, height = model.step(vector)
        heights.append(height)
    assert (np.diff(heights) >= -1e-8).all()


@given(seed=seeds)
@settings(max_examples=15)
def test_the_result_is_a_fixed_point(seed):
    patterns = draw_few(seed)
    model = PooledModel.of(patterns, patterns.counts, pooled.SENSITIVITY, pooled.FALSE_ALARMS)
    vector, _, is_converged = model.climb(model.start(patterns), tolerance=1e-13, max_steps=9000)
    assert is_converged
    np.testing.assert_allclose(model.step(vector)[0], vector, rtol=0, atol=1e-3)


@given(seed=seeds)
@settings(max_examples=15)
def test_the_order_of_classes_readers_and_simulateddoes_not_matter(seed):
    patterns = draw_few(seed)
    rng = np.random.default_rng(seed)
    classes, readers = rng.permutation(4), rng.permutation(4)
    places = rng.permutation(len(patterns.patterns))
    other = PatternCount(patterns.patterns[places][:, readers], patterns.counts[classes][:, places])
    result, shuffled = pooled.fit(patterns).classes, pooled.fit(other).classes
    np.testing.assert_allclose(
        shuffled.sensitivity.values, result.sensitivity.values[classes][:, readers], atol=2e-3
    )
    np.testing.assert_allclose(
        shuffled.prevalence.values, result.prevalence.values[classes], atol=2e-3
    )


@given(seed=seeds)
@settings(max_examples=15)
def test_a_pattern_may_occur_twice(seed):
    patterns = draw_few(seed)
    split = PatternCount(
        np.concatenate([patterns.patterns, patterns.patterns]),
        np.concatenate([patterns.counts * 0.25, patterns.counts * 0.75], axis=1),
    )
    result, other = pooled.fit(patterns).classes, pooled.fit(split).classes
    np.testing.assert_allclose(other.prevalence.values, result.prevalence.values, atol=2e-3)


def test_without_variance_all_classes_and_readers_are_equal():
    none = Spread(classes=1e-4, readers=1e-4, within=1e-4)
    result = pooled.fit(draw_few(8), sensitivity=none, false_alarms=none).classes
    assert np.ptp(result.sensitivity.values) < 1e-3
    assert np.ptp(result.specificity.values) < 1e-3


@given(seed=seeds)
@settings(max_examples=25)
def test_newton_steps_reach_a_zero_gradient(seed):
    rng = np.random.default_rng(seed)
    hits, misses = rng.integers(0, 40, (2, 5, 3)).astype(float)
    precision = Spread(1.0, 0.5).precision(5, 3)
    parts = np.zeros(9 + 15)
    for _ in range(25):
        parts = additive_logits.improved(parts, hits, misses, precision)
    rates = additive_logits.probabilities(parts, 5)
    left_over = hits - (hits + misses) * rates
    slope = np.concatenate(
        [[left_over.sum()], left_over.sum(axis=1), left_over.sum(axis=0), left_over.ravel()]
    )
    np.testing.assert_allclose(slope, precision * parts, rtol=0, atol=1e-6)


def test_invalid_counts_are_refused():
    with pytest.raises(latent_design.BadPatterns):
        pooled.fit(PatternCount(np.ones((2, 3), np.int8), -np.ones((1, 2))))
