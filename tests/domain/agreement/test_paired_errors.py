"""Paired comparison of two readers' errors against a reference."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from ecgreview.agreement.accuracy import paired_errors
from ecgreview.agreement.accuracy.paired_errors import Undefined
from ecgreview.agreement.accuracy.performance import BadComparison

STATSMODELS = {
    # (both correct, only the first, only the second, neither): exact p, chi-square and its p, from
    # statsmodels 0.15.0: stats.contingency_tables.mcnemar, correction=False.
    (59, 6, 16, 80): (0.052478790283203125, 4.545454545454546, 0.0330062576612325),
    (101, 121, 59, 33): (4.4344492637551645e-06, 21.355555555555554, 3.815135865112594e-06),
    (10, 0, 8, 5): (0.0078125, 8.0, 0.004677734981047276),
    (5, 1, 0, 3): (1.0, 1.0, 0.31731050786291115),
    (800, 12, 5, 10): (0.143463134765625, 2.8823529411764706, 0.08955507441364248),
}


@pytest.mark.parametrize(("cells", "expected"), STATSMODELS.items())
def test_results_match_statsmodels(cells, expected):
    (result,) = paired_errors.tests([cells])
    assert (result.exact_p, result.chi2, result.p) == pytest.approx(expected, rel=1e-12)


def test_the_published_ratings_of_the_prime_minister():
    # Agresti, Categorical Data Analysis, section 10.1: 1,600 people asked twice, z = -4.17.
    (result,) = paired_errors.tests([(794, 150, 86, 570)])
    assert result.chi2 is not None
    assert result.n == 1600
    assert round(np.sqrt(result.chi2), 2) == 4.17
    assert result.p == pytest.approx(3.1e-5, abs=5e-7)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 1), (3, 9), (40, 60), (0, 30)])
def test_the_exact_p_is_a_binomial_test(first, second):
    (result,) = paired_errors.tests([(100, first, second, 4)])
    assert result.exact_p == pytest.approx(binomtest(first, first + second).pvalue, rel=1e-12)


def test_the_order_of_the_readers_does_not_change_p():
    first, second = paired_errors.tests([(9, 7, 2, 1), (9, 2, 7, 1)])
    assert (first.chi2, first.p, first.exact_p) == (second.chi2, second.p, second.exact_p)


def test_the_reference_decides_who_is_right():
    reference = np.array([[2], [2], [1], [1], [2], [0], [1]], dtype=np.int8)
    first = np.array([[2], [2], [1], [2], [1], [2], [0]], dtype=np.int8)
    second = np.array([[2], [1], [2], [2], [1], [2], [1]], dtype=np.int8)
    # Both correct once, only the first twice (one present, one absent), both wrong twice; the exam
    # without a reference and the one that the first reader could not assess do not count.
    assert paired_errors.count(first, second, reference).tolist() == [[1, 2, 0, 2]]


def test_classes_are_counted_separately():
    reference = np.array([[2, 1], [1, 0]], dtype=np.int8)
    first = np.array([[2, 2], [1, 1]], dtype=np.int8)
    second = np.array([[1, 1], [1, 1]], dtype=np.int8)
    result = paired_errors.count(first, second, reference)
    assert result.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]


def test_an_undefined_test_has_a_reason():
    alike, nothing = paired_errors.tests([(5, 0, 0, 2), (0, 0, 0, 0)])
    assert (alike.undefined, nothing.undefined) == (
        Undefined.NEVER_DIFFERED,
        Undefined.NOTHING_COMPARED,
    )
    assert (alike.exact_p, alike.chi2, alike.holm_p) == (None, None, None)


def test_holm_matches_the_paper():
    # Holm 1979, and statsmodels.stats.multitest.multipletests(method="holm").
    assert paired_errors.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert paired_errors.holm([]) == []
    assert paired_errors.holm([0.6, 0.7]) == [1.0, 1.0]


def test_classes_without_a_test_are_not_counted_by_holm():
    only, _ = paired_errors.tests([(5, 6, 0, 0), (9, 0, 0, 1)])
    assert only.holm_p == only.exact_p


def test_other_shapes_are_refused():
    with pytest.raises(BadComparison, match="must have the same shape"):
        paired_errors.count(*(np.ones((n, 2), dtype=np.int8) for n in (2, 2, 3)))
    with pytest.raises(BadComparison, match="four counts"):
        paired_errors.tests([(1, 2, 3)])
    with pytest.raises(BadComparison, match="four counts"):
        paired_errors.tests([(1, 2, 3, -4)])
