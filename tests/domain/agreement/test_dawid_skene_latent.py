"""Prevalence and skill without a reference, estimated for all classes together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import dawid_skene, two_states
from ecgreview.agreement.latent.em import Model

from .latent_data import THREE, counted, readings
from .slow_em import fixed_point

seeds = st.integers(0, 2**32 - 1)


def draw_patterns(seed, *, n_classes=3, n_readers=4, n_exams=300, per_exam=3):
    rng = np.random.default_rng(seed)
    shape = (n_classes, n_readers)
    return readings(
        rng,
        rng.uniform(0.05, 0.6, n_classes),
        rng.uniform(0.6, 0.95, shape),
        rng.uniform(0.02, 0.3, shape),
        n_exams=n_exams,
        per_exam=per_exam,
    )


# The same maximum, computed by other implementations.


def test_matches_the_reference_implementation():
    patterns = counted(THREE)
    exams = [
        [[float(letter == "+"), float(letter == "-")] for letter in pattern]
        for pattern, count in THREE
        for _ in range(count)
    ]
    prevalence, rates, log_likelihood = fixed_point(exams, 400)
    result = two_states.fit(patterns, tolerance=1e-14)
    assert result.prevalence.values[0] == pytest.approx(prevalence[0], abs=1e-8)
    np.testing.assert_allclose(
        result.sensitivity.values[0], [rate[0][0] for rate in rates], atol=1e-7
    )
    np.testing.assert_allclose(
        result.specificity.values[0], [rate[1][1] for rate in rates], atol=1e-7
    )
    assert result.log_likelihood[0] == pytest.approx(log_likelihood, abs=1e-9)


@given(seed=seeds)
@settings(max_examples=6)
def test_is_never_below_the_general_model(seed):
    patterns = draw_patterns(seed)
    result = two_states.fit(patterns)
    for row, counts in enumerate(patterns.counts):
        exams = np.repeat(patterns.patterns, counts.astype(int), axis=0)
        table = np.stack([exams == 2, exams == 1], axis=2)
        second = dawid_skene.fit(table)
        assert result.log_likelihood[row] >= second.log_likelihood - 1e-7


def test_three_readers_reproduce_the_observed_frequencies():
    # Seven parameters fit seven free frequencies exactly, unless a bound is active.
    patterns = counted([(pattern, 10 * count) for pattern, count in THREE] + [("-+-", 50)])
    result = two_states.fit(patterns)
    model = Model.of(patterns.patterns)
    theta = np.concatenate(
        [
            result.prevalence.values[:, None],
            result.sensitivity.values,
            1 - result.specificity.values,
        ],
        axis=1,
    )
    expected = np.exp(model.posterior(theta)[1]) * patterns.counts.sum()
    np.testing.assert_allclose(expected, patterns.counts, atol=0.01)


# Invariants.


@given(seed=seeds, pseudo_count=st.sampled_from([0.0, 0.5]))
def test_the_objective_never_decreases(seed, pseudo_count):
    patterns = draw_patterns(seed)
    model = Model.of(patterns.patterns, pseudo_count)
    rng = np.random.default_rng(seed)
    theta = rng.uniform(0.02, 0.98, (3, 1 + 2 * 4))
    heights = []
    for _ in range(30):
        theta, height = model.step(theta, patterns.counts)
        heights.append(height)
    assert (np.diff(heights, axis=0) >= -1e-9).all()


@given(seed=seeds)
@settings(max_examples=20)
def test_acceleration_ends_no_lower_than_plain_em(seed):
    patterns = draw_patterns(seed, n_classes=1)
    model = Model.of(patterns.patterns)
    n_present, n_read = ((patterns.patterns >= state).sum(axis=1) for state in (2, 1))
    share = n_present / n_read
    theta = model.maximum(patterns.counts, np.stack([share, 1 - share])[None])
    for _ in range(300):
        theta, _ = model.step(theta, patterns.counts)
    plain_steps = model.log_likelihood(theta, patterns.counts)
    assert two_states.fit(patterns).log_likelihood[0] >= plain_steps[0] - 1e-7


def assert_same(first, second):
    for name in ("prevalence", "sensitivity", "specificity"):
        first_values, second_values = getattr(first, name), getattr(second, name)
        np.testing.assert_allclose(first_values.values, second_values.values, rtol=0, atol=1e-4)
        np.testing.assert_array_equal(first_values.reasons, second_values.reasons)


@given(seed=seeds)
@settings(max_examples=20)
def test_the_order_of_patterns_does_not_matter(seed):
    patterns = draw_patterns(seed)
    order = np.random.default_rng(seed).permutation(len(patterns.patterns))
    shuffled = PatternCount(patterns.patterns[order], patterns.counts[:, order])
    assert_same(two_states.fit(shuffled), two_states.fit(patterns))


@given(seed=seeds)
@settings(max_examples=20)
def test_the_order_of_readers_does_not_matter(seed):
    patterns = draw_patterns(seed)
    order = np.random.default_rng(seed).permutation(4)
    result = two_states.fit(PatternCount(patterns.patterns[:, order], patterns.counts))
    expected = two_states.fit(patterns)
    np.testing.assert_allclose(
        result.sensitivity.values, expected.sensitivity.values[:, order], rtol=0, atol=1e-4
    )
    np.testing.assert_allclose(result.log_likelihood, expected.log_likelihood, rtol=0, atol=1e-6)


@given(seed=seeds)
@settings(max_examples=20)
def test_each_class_is_fitted_independently(seed):
    patterns = draw_patterns(seed)
    together = two_states.fit(patterns)
    for row in range(3):
        alone = two_states.fit(PatternCount(patterns.patterns, patterns.counts[[row]]))
        assert alone.log_likelihood[0] == pytest.approx(together.log_likelihood[row], abs=1e-6)
        assert alone.prevalence.values[0] == pytest.approx(
            together.prevalence.values[row], abs=1e-4, nan_ok=True
        )


@given(seed=seeds)
@settings(max_examples=20)
def test_a_pattern_may_occur_twice(seed):
    patterns = draw_patterns(seed)
    part = np.random.default_rng(seed).binomial(patterns.counts.astype(int), 0.5)
    split = PatternCount(
        np.concatenate([patterns.patterns, patterns.patterns]),
        np.concatenate([part, patterns.counts - part], axis=1),
    )
    assert_same(two_states.fit(split), two_states.fit(patterns))


@given(seed=seeds)
@settings(max_examples=20)
def test_presence_and_absence_may_be_swapped(seed):
    patterns = draw_patterns(seed)
    mirrored = np.array([0, 2, 1], dtype=np.int8)[patterns.patterns]
    result, second = (
        two_states.fit(patterns),
        two_states.fit(PatternCount(mirrored, patterns.counts)),
    )
    np.testing.assert_allclose(result.log_likelihood, second.log_likelihood, rtol=0, atol=1e-5)


def test_doubled_readings_have_the_same_maximum():
    patterns = counted(THREE)
    doubled = two_states.fit(PatternCount(patterns.patterns, 2 * patterns.counts))
    assert_same(doubled, two_states.fit(patterns))


# Simulations with known truth.


def test_recovers_prevalence_and_skill():
    prevalence = np.array([0.02, 0.1, 0.3])
    sensitivity = np.tile([0.9, 0.8, 0.7, 0.95], (3, 1))
    false_alarms = np.tile([0.002, 0.01, 0.005, 0.02], (3, 1))
    rng = np.random.default_rng(11)
    result = two_states.fit(readings(rng, prevalence, sensitivity, false_alarms, n_exams=20_000))
    assert result.is_converged.all()
    np.testing.assert_allclose(result.prevalence.values, prevalence, rtol=0.1)
    np.testing.assert_allclose(result.sensitivity.values, sensitivity, rtol=0, atol=0.06)
    np.testing.assert_allclose(result.specificity.values, 1 - false_alarms, rtol=0, atol=0.005)


def test_present_keeps_its_meaning_for_common_classes():
    rng = np.random.default_rng(12)
    result = two_states.fit(readings(rng, [0.9], [[0.9] * 3], [[0.2] * 3], n_exams=5000))
    assert result.prevalence.values[0] == pytest.approx(0.9, abs=0.05)


def test_perfect_agreement_gives_perfect_skill():
    result = two_states.fit(counted([("+++", 40), ("---", 60)]))
    assert result.prevalence.values[0] == pytest.approx(0.4)
    np.testing.assert_allclose(result.sensitivity.values, 1)
    np.testing.assert_allclose(result.specificity.values, 1)


def test_pseudo_counts_keep_estimates_off_their_bounds():
    result = two_states.fit(counted([("+++", 40), ("---", 60)]), pseudo_count=0.5)
    np.testing.assert_allclose(result.sensitivity.values, 40.5 / 41, atol=1e-4)
