"""Invariants of every coefficient for any ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview import agreement
from ecgreview.agreement import Coefficient

COEFFICIENTS = {
    "percent": agreement.percent_agreement,
    "fleiss": agreement.fleiss_kappa,
    "alpha": agreement.krippendorff_alpha,
    "ac1": agreement.gwet_ac1,
}
CHANCE_CORRECTED = ("fleiss", "alpha", "ac1")

shapes = st.tuples(st.integers(2, 5), st.integers(1, 12))
ratings_ = arrays.arrays(
    np.float64, shapes, elements=st.sampled_from([0.0, 1.0, 2.0, float("nan")])
)
seeds = st.integers(0, 2**32 - 1)
every = pytest.mark.parametrize("name", COEFFICIENTS)


def same(first: Coefficient, second: Coefficient) -> bool:
    if first.value is None or second.value is None:
        return first == second
    return first.value == pytest.approx(second.value, abs=1e-9)


@every
@given(ratings=ratings_)
def test_there_is_a_value_or_a_reason(name, ratings):
    coefficient = COEFFICIENTS[name](ratings)
    assert (coefficient.value is None) == bool(coefficient.reason)
    assert coefficient.value is None or np.isfinite(coefficient.value)


@every
@given(ratings=ratings_)
def test_no_coefficient_is_above_one(name, ratings):
    value = COEFFICIENTS[name](ratings).value
    assert value is None or value <= 1 + 1e-12


@every
@given(ratings=ratings_, seed=seeds)
def test_the_order_of_readers_does_not_matter(name, ratings, seed):
    shuffled = np.random.default_rng(seed).permutation(ratings, axis=0)
    assert same(COEFFICIENTS[name](shuffled), COEFFICIENTS[name](ratings))


@every
@given(ratings=ratings_, seed=seeds)
def test_the_order_of_the_exams_does_not_matter(name, ratings, seed):
    shuffled = np.random.default_rng(seed).permutation(ratings, axis=1)
    assert same(COEFFICIENTS[name](shuffled), COEFFICIENTS[name](ratings))


@every
@given(ratings=ratings_)
def test_the_names_of_the_categories_do_not_matter(name, ratings):
    renamed = np.array([7.0, -1.0, 3.0, np.nan])[
        np.where(np.isnan(ratings), 3, ratings).astype(int)
    ]
    assert same(COEFFICIENTS[name](renamed), COEFFICIENTS[name](ratings))


@every
@given(ratings=ratings_)
def test_an_unread_exam_changes_nothing(name, ratings):
    unread = np.full((len(ratings), 1), np.nan)
    more = np.concatenate([ratings, unread], axis=1)
    assert same(COEFFICIENTS[name](more), COEFFICIENTS[name](ratings))


@every
@given(
    answers=st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=2, max_size=12),
    n_readers=st.integers(2, 5),
)
def test_readers_who_always_agree_reach_one(name, answers, n_readers):
    assume(len(set(answers)) > 1)
    ratings = np.tile(answers, (n_readers, 1))
    assert COEFFICIENTS[name](ratings).value == pytest.approx(1)


@pytest.mark.parametrize("name", CHANCE_CORRECTED)
@given(category=st.sampled_from([0.0, 1.0]), n_exams=st.integers(1, 12))
def test_constant_answers_have_no_value(name, category, n_exams):
    coefficient = COEFFICIENTS[name](np.full((2, n_exams), category))
    assert coefficient.value is None
    assert coefficient.reason


@given(ratings=ratings_)
def test_cohen_kappa_is_symmetric(ratings):
    pair = ratings[:2]
    assert same(agreement.cohen_kappa(pair[::-1]), agreement.cohen_kappa(pair))


@given(ratings=ratings_)
def test_alpha_ignores_single_readings(ratings):
    compared = ratings[:, (~np.isnan(ratings)).sum(axis=0) >= 2]
    assume(compared.size)
    assert same(agreement.krippendorff_alpha(compared), agreement.krippendorff_alpha(ratings))


def test_unrelated_readers_are_near_zero():
    ratings = np.random.default_rng(20250101).integers(0, 3, (3, 20_000)).astype(np.float64)
    for name in CHANCE_CORRECTED:
        assert COEFFICIENTS[name](ratings).value == pytest.approx(0, abs=0.02)
