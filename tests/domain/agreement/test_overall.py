"""Agreement over whole exams and over all classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from ecgreview.agreement import PatternCount
from ecgreview.agreement.coefficients.set_alpha import Distance, set_alpha, set_alpha_measure
from ecgreview.agreement.counts.answers import Answers
from ecgreview.agreement.reports import everyone
from ecgreview.agreement.reports.overall import overall, set_alphas
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.agreement.values.reasons import Reason
from tests.domain.agreement import slow_sets
from tests.domain.agreement.strategies import binary_ratings, study

QUICK = Resampling(n_replicates=30)


@given(binary_ratings(n_readers=(1, 4), n_exams=(1, 10)))
def test_sets_are_compared_exam_by_exam(ratings):
    result = overall(Answers.of(ratings), QUICK).sets
    for name, expected in (
        ("exact_set", slow_sets.exact_agreement(ratings)),
        ("mean_jaccard", slow_sets.mean_jaccard(ratings)),
    ):
        (measure,) = result[name].to_json()
        assert (measure["estimate"] is None) == (expected is None)
        if expected is not None:
            assert measure["estimate"] == pytest.approx(expected, abs=1e-12)


def test_the_macro_average_is_the_mean_of_the_classes():
    ratings = study(1)
    by_class = everyone.coefficients(PatternCount.of(ratings).cells())
    result = overall(Answers.of(ratings), QUICK)
    for name, item in result.macro.items():
        assert float(item.estimates.values) == pytest.approx(by_class[name].values.mean())
        assert result.n_defined[name] == 4


def test_undefined_classes_are_not_in_the_mean():
    ratings = study(2)
    ratings[:, :, 0] = np.where(ratings[:, :, 0] == 0, 0, 1)
    result = overall(Answers.of(ratings), QUICK)
    assert (result.n_defined["fleiss_kappa"], result.n_defined["percent_agreement"]) == (3, 4)


def test_no_defined_class_has_a_reason():
    result = overall(Answers.of(np.ones((2, 9, 2), np.int8)), QUICK)
    (measure,) = result.macro["fleiss_kappa"].to_json()
    assert (measure["estimate"], measure["low"]) == (None, None)
    assert measure["reason"] == Reason.NO_CLASS


def test_micro_pools_the_answers_of_all_classes():
    ratings = study(3, n_readers=2)
    flattened = ratings.reshape(2, -1, 1)
    expected = everyone.coefficients(PatternCount.of(flattened).cells())
    for name, measure in overall(Answers.of(ratings), QUICK).micro.items():
        assert float(measure.estimates.values) == pytest.approx(expected[name].values[0])


def test_macro_intervals_account_for_correlated_classes():
    # The same class twice. Treated as independent, the interval would be too narrow by sqrt(2).
    ratings = study(4, n_classes=1, n_exams=4000)
    how = Resampling(n_replicates=2000)
    twice = Answers.of(np.concatenate([ratings, ratings], axis=2))
    flattened, both = (overall(answers, how).macro for answers in (Answers.of(ratings), twice))
    assert both["fleiss_kappa"].error == pytest.approx(flattened["fleiss_kappa"].error, rel=0.05)


def test_no_readings_give_a_reason_instead_of_an_error():
    result = overall(Answers.of(np.zeros((2, 0, 3), np.int8)), QUICK)
    assert result.sets["exact_set"].to_json()[0]["reason"] == Reason.NOT_COMPARED


@given(binary_ratings(n_readers=(1, 4), n_exams=(1, 10)))
def test_set_alpha_matches_the_readings(ratings):
    result = set_alphas(Answers.of(ratings), QUICK)
    for distance in Distance:
        (measure,) = result[f"{distance}_alpha"].to_json()
        expected = set_alpha(ratings, distance)
        assert measure["estimate"] == pytest.approx(expected.value, abs=1e-12)
        assert (measure["estimate"] is None) <= bool(measure["reason"])


def test_set_alpha_has_a_bootstrap_interval():
    ratings = study(5)
    how = Resampling(n_replicates=1000)
    (measure,) = set_alphas(Answers.of(ratings), how)["masi_alpha"].to_json()
    expected = set_alpha_measure(ratings, np.random.default_rng(1))
    assert expected.low is not None
    assert expected.high is not None
    assert measure["low"] == pytest.approx(expected.low, abs=0.015)
    assert measure["high"] == pytest.approx(expected.high, abs=0.015)


@given(binary_ratings(n_readers=(1, 4)))
def test_answers_reproduce_the_ratings(ratings):
    assert (Answers.of(ratings).ratings() == ratings).all()
