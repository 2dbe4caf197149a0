"""Bootstrap intervals of prevalence and skill, and detection of dependent errors."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import replicates as latent_replicates
from ecgreview.agreement.latent import triples as latent_triples
from ecgreview.agreement.latent import two_states
from ecgreview.agreement.values.reasons import Reason

from .latent_data import THREE, counted, readings


def replicated(patterns, seed=1, **how):
    result = two_states.fit(patterns)
    rng = np.random.default_rng(seed)
    return result, latent_replicates.bootstrap(patterns, result, rng=rng, **how)


def common(seed, *, prevalence=(0.1, 0.3), n_exams=600, n_readers=3):
    rng = np.random.default_rng(seed)
    shape = (len(prevalence), n_readers)
    skill = np.full(shape, 0.85), np.full(shape, 0.03)
    return readings(rng, prevalence, *skill, n_exams=n_exams)


def test_the_same_seed_gives_the_same_replicates():
    patterns = common(1)
    _, first = replicated(patterns, n_replicates=20)
    _, second = replicated(patterns, n_replicates=20)
    np.testing.assert_array_equal(first.prevalence, second.prevalence)
    np.testing.assert_array_equal(first.sensitivity, second.sensitivity)


def test_a_replicate_is_the_fit_of_its_counts():
    patterns = common(2)
    result = two_states.fit(patterns)
    counts = np.random.default_rng(3).multinomial(600, patterns.counts[0] / 600, size=(10, 1))
    refits = latent_replicates.refit(
        patterns.patterns, result.posterior[:1], counts.astype(float), tolerance=1e-13
    )
    alone = two_states.fit(PatternCount(patterns.patterns, counts[:, 0].astype(float)))
    np.testing.assert_allclose(refits[:, 0, 0], alone.prevalence.values, rtol=0, atol=1e-5)
    np.testing.assert_allclose(refits[:, 0, 1:4], alone.sensitivity.values, rtol=0, atol=1e-4)


def test_replicates_lie_around_the_estimate():
    result, replicates = replicated(common(4), n_replicates=200)
    for name in ("prevalence", "sensitivity", "specificity"):
        low, high = np.nanquantile(getattr(replicates, name), [0.025, 0.975], axis=0)
        values = getattr(result, name).values
        assert ((low <= values) & (values <= high)).all()


def test_intervals_have_nominal_coverage():
    n_sets, covered = 60, np.zeros(2)
    for seed in range(n_sets):
        _, replicates = replicated(common(100 + seed), n_replicates=100)
        low, high = np.quantile(replicates.prevalence, [0.025, 0.975], axis=0)
        covered += (low <= [0.1, 0.3]) & (high >= [0.1, 0.3])
    assert (covered / n_sets > 0.85).all()


def test_a_refused_fit_has_no_replicates():
    _, replicates = replicated(counted([("++", 20), ("+-", 5), ("-+", 6), ("--", 100)]))
    assert np.isnan(replicates.prevalence).all()


def test_a_replicate_without_the_class_has_no_sensitivity():
    patterns = counted([("+++", 1), ("++-", 1), ("-++", 1), ("+-+", 1), ("---", 400)])
    _, replicates = replicated(patterns, n_replicates=400)
    is_empty = replicates.prevalence[:, 0] == 0
    assert is_empty.any()
    assert np.isnan(replicates.sensitivity[is_empty]).all()
    assert not np.isnan(replicates.specificity).any()


def test_a_reader_without_readings_has_no_skill_in_any_replicate():
    _, replicates = replicated(
        counted([(pattern + ".", n) for pattern, n in THREE]), n_replicates=9
    )
    assert np.isnan(replicates.sensitivity[:, 0, 3]).all()
    assert not np.isnan(replicates.sensitivity[:, 0, :3]).any()


def test_fractional_counts_are_refused():
    patterns = counted(THREE)
    halves = PatternCount(patterns.patterns, patterns.counts / 2)
    with pytest.raises(ValueError, match="whole number"):
        replicated(halves)


# Triples.


def test_triples_match_counting_exam_by_exam():
    rng = np.random.default_rng(5)
    ratings = rng.integers(0, 3, (5, 60, 1)).astype(np.int8)
    patterns = PatternCount.of(ratings)
    result = latent_triples.compare(patterns, two_states.fit(patterns))
    present = alike = n = 0
    for exam in ratings[:, :, 0].T:
        for three in combinations(exam[exam > 0], 3):
            n += 1
            present += three == (2, 2, 2)
            alike += len(set(three)) == 1
    assert result.n[0] == n
    assert result.observed_present.values[0] == pytest.approx(present / n)
    assert result.observed_alike.values[0] == pytest.approx(alike / n)


def test_expected_triples_match_the_model():
    patterns = common(6, n_readers=5)
    fit = two_states.fit(patterns)
    result = latent_triples.compare(patterns, fit)
    for row, share in enumerate(fit.prevalence.values):
        expected = np.mean(
            [
                share * np.prod(fit.sensitivity.values[row, list(three)])
                + (1 - share) * np.prod(1 - fit.specificity.values[row, list(three)])
                for three in combinations(range(5), 3)
            ]
        )
        assert result.expected_present.values[row] == pytest.approx(expected)


def test_independent_readers_agree_as_often_as_expected():
    patterns = common(7, n_exams=20_000, n_readers=5)
    result = latent_triples.compare(patterns, two_states.fit(patterns))
    for name in ("present", "alike"):
        observed = getattr(result, f"observed_{name}").values
        expected = getattr(result, f"expected_{name}").values
        np.testing.assert_allclose(observed, expected, rtol=0.02)


def test_exams_hard_for_all_readers_are_detected():
    # Half of the exams with the class are easy and half are hard, so errors are correlated.
    rng = np.random.default_rng(8)
    hard = readings(rng, [0.3], [[0.35] * 5], [[0.02] * 5], n_exams=10_000)
    easy = readings(rng, [0.3], [[0.99] * 5], [[0.02] * 5], n_exams=10_000)
    patterns = PatternCount(
        np.concatenate([hard.patterns, easy.patterns]),
        np.concatenate([hard.counts, easy.counts], axis=1),
    )
    result = latent_triples.compare(patterns, two_states.fit(patterns))
    gap = result.observed_present.values[0] / result.expected_present.values[0]
    assert gap > 1.01


def test_three_readers_cannot_contradict_the_model():
    patterns = counted(THREE)
    result = latent_triples.compare(patterns, two_states.fit(patterns))
    assert str(result.expected_present.reasons[0]) == Reason.SATURATED


def test_an_undefined_fit_has_no_expected_triples():
    patterns = counted([("++-", 20), ("+--", 5), ("-+-", 6), ("---", 100)])
    result = latent_triples.compare(patterns, two_states.fit(patterns))
    assert result.observed_present.is_defined.all()
    assert str(result.expected_present.reasons[0]) == Reason.NOT_FITTED


def test_pairs_have_no_triples():
    patterns = counted([("++.", 20), ("+.-", 5), (".-+", 6)])
    result = latent_triples.compare(patterns, two_states.fit(patterns))
    assert not result.observed_alike.is_defined.any()
    assert not result.expected_alike.is_defined.any()
