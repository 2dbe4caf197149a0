"""Comparison with other libraries, in cases where those are correct."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score
from statsmodels.stats import inter_rater

from ecgreview import agreement
from ecgreview.agreement.coefficients import kernels, nominal

from .tables import value

SEEDS = range(20)


def ratings_of(seed: int, *, n_readers: int = 4, missing: float = 0.0) -> np.ndarray:
    """Return ratings of 60 exams in four categories, correlated between readers."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, 60)
    noise = rng.integers(0, 4, (n_readers, 60))
    ratings = np.where(rng.random(noise.shape) < 0.6, truth, noise).astype(np.float64)
    ratings[rng.random(noise.shape) < missing] = np.nan
    return ratings


@pytest.mark.parametrize("seed", SEEDS)
def test_alpha_matches_the_krippendorff_package_with_missing_readings(seed):
    ratings = ratings_of(seed, missing=0.4)
    expected = krippendorff.alpha(ratings, level_of_measurement="nominal")
    assert agreement.krippendorff_alpha(ratings).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_cohen_kappa_matches_sklearn(seed):
    ratings = ratings_of(seed, n_readers=2)
    expected = cohen_kappa_score(*ratings.astype(int))
    assert agreement.cohen_kappa(ratings).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_positive_agreement_of_two_readers_is_the_f1_score(seed):
    ratings = (ratings_of(seed, n_readers=2) > 2).astype(np.float64)
    result = value(kernels.specific_agreement(nominal.cells(ratings, [0, 1]), 1))
    assert result == pytest.approx(f1_score(*ratings.astype(int)), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_fleiss_kappa_matches_statsmodels(seed):
    ratings = ratings_of(seed)
    table, _ = inter_rater.aggregate_raters(ratings.T.astype(int))
    expected = inter_rater.fleiss_kappa(table)
    assert agreement.fleiss_kappa(ratings).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_brennan_prediger_matches_randolph_of_statsmodels(seed):
    ratings = ratings_of(seed)
    table, _ = inter_rater.aggregate_raters(ratings.T.astype(int))
    expected = inter_rater.fleiss_kappa(table, method="randolph")
    ours = value(kernels.brennan_prediger(nominal.cells(ratings)))
    assert ours == pytest.approx(expected, abs=1e-12)
