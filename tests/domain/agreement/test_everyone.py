"""Coefficients of all readers of a class, with intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.agreement import PatternCount
from ecgreview.agreement.coefficients import kernels, weighted
from ecgreview.agreement.reports import everyone
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.agreement.values.reasons import Reason
from tests.domain.agreement.strategies import binary_ratings, study

QUICK = Resampling(n_replicates=40)
ratings_ = binary_ratings(n_readers=(1, 5), n_exams=(1, 12), n_classes=(1, 3))
seeds = st.integers(0, 2**32 - 1)


def estimates(ratings: np.ndarray) -> dict[str, np.ndarray]:
    patterns = PatternCount.of(ratings)
    result = {**everyone.coefficients(patterns.cells()), **everyone.of_readers(patterns)}
    return {name: item.values for name, item in result.items()}


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    for name, values in first.items():
        np.testing.assert_allclose(values, second[name], atol=1e-9, err_msg=name)


def with_nan(ratings: np.ndarray) -> np.ndarray:
    """Return the ratings of one class as floats, NaN where missing."""
    return np.where(ratings == 0, np.nan, ratings - 1.0)


@given(ratings_)
def test_every_measure_has_a_value_or_a_reason(ratings):
    result = everyone.class_measures(PatternCount.of(ratings), QUICK)
    for name, item in result.items():
        for measure in item.to_json():
            assert (measure["estimate"] is None) <= bool(measure["reason"]), name
            assert measure["estimate"] is None or np.isfinite(measure["estimate"]), name


@given(ratings_)
def test_an_interval_contains_its_estimate(ratings):
    result = everyone.class_measures(PatternCount.of(ratings), QUICK)
    for item in result.values():
        for measure in item.to_json():
            low, estimate, high = measure["low"], measure["estimate"], measure["high"]
            assert (low is None) == (high is None)
            if low is not None and estimate is not None and high is not None:
                assert low <= estimate <= high


@given(ratings=ratings_, seed=seeds)
def test_the_order_of_readers_does_not_matter(ratings, seed):
    shuffled = np.random.default_rng(seed).permutation(ratings, axis=0)
    assert_same(estimates(np.ascontiguousarray(shuffled)), estimates(ratings))


@given(ratings=ratings_, seed=seeds)
def test_classes_are_independent(ratings, seed):
    order = np.random.default_rng(seed).permutation(ratings.shape[2])
    turned = estimates(np.ascontiguousarray(ratings[:, :, order]))
    assert_same(turned, {name: values[order] for name, values in estimates(ratings).items()})


@given(ratings_)
def test_duplicating_every_exam_changes_only_alpha(ratings):
    twice = np.concatenate([ratings, ratings], axis=1)
    first, second = estimates(ratings), estimates(twice)
    first.pop("krippendorff_alpha"), second.pop("krippendorff_alpha")
    assert_same(first, second)


@given(ratings=binary_ratings(n_readers=(2, 5), n_exams=(1, 12), n_classes=(1, 1)))
def test_conger_matches_the_general_formula(ratings):
    votes = weighted.Votes.of(with_nan(ratings[:, :, 0]), categories=[0.0, 1.0])
    expected = weighted.conger_kappa(votes)
    np.testing.assert_allclose(
        everyone.conger_kappa(PatternCount.of(ratings)).values[0], expected.values, atol=1e-9
    )


@given(binary_ratings(n_readers=(2, 2), n_exams=(1, 20), n_classes=(1, 1)))
def test_light_of_two_readers_is_cohen(ratings):
    patterns = PatternCount.of(ratings)
    expected = kernels.cohen_kappa(patterns.pairs([(0, 1)])[:, 0]).values
    np.testing.assert_allclose(everyone.light_kappa(patterns).values, expected, atol=1e-12)


def test_a_class_that_nobody_marked_is_not_perfect_agreement():
    result = everyone.class_measures(PatternCount.of(np.ones((2, 50, 1), np.int8)), QUICK)
    measure = {name: item.to_json()[0] for name, item in result.items()}
    for name in ("fleiss_kappa", "krippendorff_alpha", "light_kappa", "conger_kappa"):
        assert (measure[name]["estimate"], measure[name]["low"]) == (None, None)
    assert measure["positive_agreement"]["reason"] == Reason.NEVER_GIVEN
    assert measure["gwet_ac1"]["estimate"] == 1.0
    assert measure["gwet_ac1"]["reason"] == Reason.ABSENCE_ONLY


def test_perfect_agreement_on_few_exams_has_an_interval():
    ratings = np.ones((2, 200, 1), np.int8)
    ratings[:, :5] = 2
    (measure,) = everyone.class_measures(PatternCount.of(ratings), Resampling())[
        "positive_agreement"
    ].to_json()
    assert (measure["estimate"], measure["high"], measure["method"]) == (1.0, 1.0, "dirichlet")
    assert measure["low"] is not None
    assert measure["low"] < 0.85


def test_perfect_agreement_on_many_exams_has_an_interval():
    ratings = np.ones((2, 4000, 1), np.int8)
    ratings[:, :2000] = 2
    (measure,) = everyone.class_measures(PatternCount.of(ratings), Resampling())[
        "fleiss_kappa"
    ].to_json()
    assert measure["estimate"] == 1.0
    assert measure["low"] is not None
    assert 0.99 < measure["low"] < 1.0


@pytest.mark.parametrize(("n_positive", "method"), [(14, "dirichlet"), (40, "bootstrap")])
def test_the_rarest_classes_have_the_interval_of_a_posterior(n_positive, method):
    ratings = np.ones((2, 1000, 1), np.int8)
    ratings[0, :n_positive] = 2
    ratings[1, n_positive // 2 : n_positive + n_positive // 2] = 2
    (measure,) = everyone.class_measures(PatternCount.of(ratings), QUICK)["fleiss_kappa"].to_json()
    assert measure["method"] == method


def test_without_replicates_there_are_only_estimates():
    result = everyone.class_measures(PatternCount.of(study(1)), Resampling(n_replicates=0))
    assert all(item.to_json()[0]["low"] is None for item in result.values())
    assert all(item.to_json()[0]["estimate"] is not None for item in result.values())


def test_the_same_seed_gives_the_same_intervals():
    patterns = PatternCount.of(study(2))
    first, second, other = (
        everyone.class_measures(patterns, Resampling(100, seed=seed))["fleiss_kappa"].to_json()
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


def test_many_readers_have_intervals_too():
    result = everyone.class_measures(PatternCount.of(study(3, n_readers=9)), QUICK)
    assert result["fleiss_kappa"].to_json()[3]["low"] is not None
    assert result["light_kappa"].to_json()[3]["low"] is not None


def test_intervals_of_few_readers_do_not_depend_on_who_answered():
    # With five readers, resampling distinguishes them. With a sixth, even one who reads nothing,
    # only the number of readers per answer counts.
    ratings = study(4, n_readers=5, n_exams=3000)
    idle = np.concatenate([ratings, np.zeros((1, *ratings.shape[1:]), np.int8)])
    how = Resampling(n_replicates=3000)
    named, unnamed = (
        everyone.class_measures(PatternCount.of(value), how)["krippendorff_alpha"]
        for value in (ratings, idle)
    )
    np.testing.assert_allclose(named.estimates.values, unnamed.estimates.values, atol=1e-12)
    np.testing.assert_allclose(named.low, unnamed.low, atol=0.02)
    np.testing.assert_allclose(named.high, unnamed.high, atol=0.02)


def test_patients_with_many_exams_widen_the_intervals():
    ratings = study(6, n_exams=3000)
    patterns = PatternCount.of(np.repeat(ratings, 4, axis=1))
    how = Resampling(n_replicates=500)
    alone = everyone.class_measures(patterns, how)["fleiss_kappa"]
    of_patients = everyone.class_measures(PatternCount.of(ratings), how)["fleiss_kappa"]
    ratio = of_patients.error / alone.error
    assert ratio == pytest.approx(2.0, rel=0.15)
