"""Linearized standard errors of coefficients that depend on which reader gave which answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import PatternCount
from ecgreview.agreement.coefficients import kernels, linearized
from ecgreview.agreement.reports import everyone
from ecgreview.agreement.sampling.resampling import Resampling
from tests.domain.agreement.strategies import study

tables_ = arrays.arrays(np.float64, (2, 2), elements=st.integers(1, 60).map(float))


def of_table(table: list[list[int]]) -> PatternCount:
    (both, first), (second, neither) = table
    states = np.array([[2, 2], [2, 1], [1, 2], [1, 1]], dtype=np.int8)
    return PatternCount(states, np.array([[both, first, second, neither]], dtype=np.float64))


def test_two_readers_give_the_error_of_fleiss_cohen_and_everitt(vectors):
    for case in vectors("kappa_paradox")["cases"]:
        (error,) = linearized.light_kappa(of_table(case["table_pp_pn_np_nn"])).values
        assert error == pytest.approx(case["exact"]["se_cohen"], abs=1e-12), case["name"]


@given(tables_)
def test_the_slope_is_the_derivative_by_cell_count(table):
    slope = linearized.slope_of_cohen(table)
    for field in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[field] = 1e-5
        more, less = (kernels.cohen_kappa(table + sign * step).values for sign in (1, -1))
        assert slope[field] == pytest.approx((more - less) / 2e-5, abs=1e-6)


@given(tables_)
def test_scaling_all_counts_does_not_change_kappa(table):
    assert (table * linearized.slope_of_cohen(table)).sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", ["light_kappa", "conger_kappa"])
def test_the_error_matches_the_bootstrap(name):
    patterns = PatternCount.of(study(3, n_readers=5, n_exams=3000))
    bootstrapped = everyone.class_measures(patterns, Resampling())[name]
    result = linearized.of_readers(
        patterns, everyone.of_readers(patterns), is_rare=np.zeros(4, bool), confidence=0.95
    )[name]
    np.testing.assert_allclose(result.error, bootstrapped.error, rtol=0.08)
    np.testing.assert_allclose(result.low, bootstrapped.low, atol=0.015)
    np.testing.assert_allclose(result.high, bootstrapped.high, atol=0.015)


@pytest.mark.parametrize("name", ["light_kappa", "conger_kappa"])
def test_many_readers_have_intervals_of_kappa(name):
    result = everyone.class_measures(PatternCount.of(study(3, n_readers=9)), Resampling(50))
    assert [item["method"] for item in result[name].to_json()][-1] == "linearised"


def test_a_rare_class_of_many_readers_has_no_interval():
    ratings = np.ones((9, 50, 1), np.int8)
    ratings[:4, 0] = 2
    (measure,) = everyone.class_measures(PatternCount.of(ratings), Resampling(50))[
        "light_kappa"
    ].to_json()
    assert (measure["low"], measure["method"]) == (None, "")
