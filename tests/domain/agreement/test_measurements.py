"""Agreement on measurements: published tables and invariants."""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from ecgreview.agreement.coefficients.measurements import (
    BadMeasurements,
    Intraclass,
    intraclass,
    limits_of_agreement,
    lin_concordance,
)
from ecgreview.agreement.values.bounded import BadConfidence, Measure
from ecgreview.agreement.values.reasons import Reason

REASONS = (
    Reason.FEW_READERS_MEASURED,
    Reason.FEW_EXAMS_MEASURED,
    Reason.FEW_MEASURED_TWICE,
    Reason.ALL_EQUAL,
    Reason.EXAMS_ALIKE,
    Reason.ONE_CONSTANT,
    Reason.EQUAL_DIFFERENCES,
    Reason.NO_DEGREES_OF_FREEDOM,
    Reason.ON_ONE_LINE,
)

FORMS = {
    "one_way": "ICC1",
    "agreement": "ICC2",
    "consistency": "ICC3",
    "one_way_mean": "ICC1k",
    "agreement_mean": "ICC2k",
    "consistency_mean": "ICC3k",
}
"""The six forms of the intraclass correlation: our names and those of psych. ICC1k is Shrout and
Fleiss's ICC(1,k).
"""

INTERVALS = {
    "one_way": (-0.133, 0.72),
    "agreement": (0.019, 0.76),
    "consistency": (0.342, 0.95),
    "one_way_mean": (-0.884, 0.91),
    "agreement_mean": (0.071, 0.93),
    "consistency_mean": (0.676, 0.99),
}
"""Limits from psych 2.4 for the ratings of ``shrout``. pingouin 0.7 has the same two decimals."""

tables = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(0, 8)),
    elements=st.sampled_from([0.0, 1.0, 2.5, -3.0, 120.0, float("nan")]),
)
columns = arrays.arrays(
    np.float64, st.integers(0, 8), elements=st.sampled_from([0.0, 1.0, 2.5, 80.0, float("nan")])
)
seeds = st.integers(0, 2**32 - 1)


def of_forms(result: Intraclass) -> dict[str, Measure]:
    return {field.name: getattr(result, field.name) for field in fields(result)}


def is_valid(result: Measure) -> bool:
    """Return whether all numbers are finite, and a missing interval has a known reason."""
    numbers = [value for value in (result.estimate, result.low, result.high) if value is not None]
    has_interval = result.low is not None and result.high is not None
    return (
        bool(np.isfinite(numbers).all())
        and (result.reason == "") == has_interval
        and result.reason in ("", *REASONS)
        and (result.estimate is not None or not numbers)
    )


def close(first: Measure, second: Measure) -> bool:
    pairs = zip(astuple(first)[:3], astuple(second)[:3], strict=True)
    return first.reason == second.reason and all(
        a is b if a is None or b is None else a == pytest.approx(b, rel=1e-6, abs=1e-6)
        for a, b in pairs
    )


@pytest.fixture(scope="module")
def shrout(vectors) -> dict[str, Any]:
    return dict(vectors("continuous")["cases"][0])


@pytest.fixture(scope="module")
def bland(vectors) -> dict[str, Any]:
    return dict(vectors("continuous")["cases"][1])


@pytest.mark.parametrize("form", FORMS)
def test_intraclass_correlations_of_shrout_and_fleiss_1979(shrout, form):
    result = of_forms(intraclass(np.array(shrout["ratings"], float).T))[form]
    assert result.estimate == pytest.approx(shrout["exact"][FORMS[form]], rel=0, abs=1e-12)
    assert round(result.estimate or 0, 2) == shrout["published"][FORMS[form]]
    assert (result.n, result.method) == (6, "f")


@pytest.mark.parametrize("form", INTERVALS)
def test_limits_of_the_intraclass_correlations_match_psych(shrout, form):
    result = of_forms(intraclass(np.array(shrout["ratings"], float).T))[form]
    low, high = INTERVALS[form]
    assert result.low == pytest.approx(low, abs=5.1e-4)
    assert result.high == pytest.approx(high, abs=5.1e-3)


def test_limits_of_agreement_of_bland_and_altman_1986(bland):
    result = limits_of_agreement(np.array(bland["x"], float), np.array(bland["y"], float))
    exact, published = bland["exact"], bland["published"]
    assert result.bias.estimate == pytest.approx(exact["mean_diff"], rel=0, abs=1e-12)
    assert round(result.bias.estimate or 0, 1) == published["mean_diff"]
    assert result.deviation == pytest.approx(exact["sd_diff"], rel=0, abs=1e-12)
    assert round(result.deviation or 0, 1) == published["sd_diff"]
    ends = [result.lower.estimate, result.upper.estimate]
    assert ends == pytest.approx(exact["loa_196"], rel=0, abs=1e-11)


def test_the_standard_errors_of_bland_and_altman_1999():
    # Standard errors: SD * sqrt(1/n) of the bias, about SD * sqrt(3/n) of a limit.
    first = np.random.default_rng(5).normal(size=4000)
    result = limits_of_agreement(first, np.zeros(4000))
    widths = [(value.high or 0) - (value.low or 0) for value in (result.bias, result.upper)]
    deviation = result.deviation or 0
    assert widths[0] == pytest.approx(2 * 1.96 * deviation / 4000**0.5, rel=1e-3)
    assert widths[1] / widths[0] == pytest.approx((1 + 1.96**2 / 2) ** 0.5, rel=1e-3)


def test_concordance_of_the_peak_flows(bland):
    result = lin_concordance(np.array(bland["x"], float), np.array(bland["y"], float))
    assert result.estimate == pytest.approx(bland["exact"]["ccc"], rel=0, abs=1e-12)


@pytest.mark.parametrize(("shift", "scale"), [(0, 1), (40, 1), (-90, 1.3), (150, 0.7)])
def test_the_limits_of_concordance_match_lin(bland, shift, scale):
    x, y = np.array(bland["x"], float), shift + scale * np.array(bland["y"], float)
    result, n = lin_concordance(x, y), len(x)
    # Lin 1989, Biometrics 45:255-268, with the correction of Lin 2000, Biometrics 56:324-325.
    r, c = np.corrcoef(x, y)[0, 1], result.estimate or 0.0
    u = (x.mean() - y.mean()) / np.sqrt(x.std() * y.std())
    variance = (
        (1 - r**2) * c**2 / ((1 - c**2) * r**2)
        + 2 * c**3 * (1 - c) * u**2 / (r * (1 - c**2) ** 2)
        - c**4 * u**4 / (2 * r**2 * (1 - c**2) ** 2)
    ) / (n - 2)
    reach = stats.norm.ppf(0.975) * np.sqrt(variance)
    limits = np.tanh([np.arctanh(c) - reach, np.arctanh(c) + reach])
    assert [result.low, result.high] == pytest.approx(limits.tolist(), rel=1e-9)


def test_the_limits_of_concordance_cover_the_truth():
    rng, n_held = np.random.default_rng(8), 0
    truth = 2 * 1 / (2 + 2 + 0.5**2)  # variances 1 + 1, shift 0.5
    for _ in range(400):
        shared, noise = rng.normal(size=60), rng.normal(size=(2, 60))
        result = lin_concordance(shared + noise[0], shared + noise[1] + 0.5)
        n_held += (result.low or 0) <= truth <= (result.high or 0)
    assert 0.92 <= n_held / 400 <= 0.98


@pytest.mark.parametrize(("form", "truth"), [("agreement", 4 / 6), ("consistency", 4 / 5)])
def test_the_limits_of_an_intraclass_correlation_cover_the_truth(form, truth):
    rng, n_held = np.random.default_rng(9), 0
    for _ in range(300):
        exams, readers = rng.normal(0, 2, 40), rng.normal(0, 1, 10)[:, None]
        result = of_forms(intraclass(exams + readers + rng.normal(0, 1, (10, 40))))[form]
        n_held += (result.low or 0) <= truth <= (result.high or 0)
    assert 0.91 <= n_held / 300 <= 0.985


@given(table=tables)
def test_every_form_has_a_value_or_a_known_reason(table):
    assert all(is_valid(result) for result in of_forms(intraclass(table)).values())


@given(first=columns, seed=seeds)
def test_pairs_have_a_value_or_a_known_reason(first, seed):
    second = np.random.default_rng(seed).permutation(first)
    result = limits_of_agreement(first, second)
    for value in (lin_concordance(first, second), result.bias, result.lower, result.upper):
        assert is_valid(value)


@given(table=tables, seed=seeds)
def test_the_order_of_readers_and_exams_does_not_matter(table, seed):
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(rng.permutation(table, axis=0), axis=1)
    for form, result in of_forms(intraclass(table)).items():
        assert close(of_forms(intraclass(shuffled))[form], result)


@given(table=tables)
def test_the_unit_does_not_matter(table):
    for form, result in of_forms(intraclass(table)).items():
        assert close(of_forms(intraclass(table * 1000 + 0.0))[form], result)


@given(table=tables)
def test_a_constant_shift_does_not_change_consistency(table):
    shifted = table.copy()
    shifted[0] += 64.0
    before, after = intraclass(table), intraclass(shifted)
    if before.consistency.estimate is not None and after.consistency.estimate is not None:
        assert after.consistency.estimate == pytest.approx(before.consistency.estimate, abs=1e-6)


@given(table=tables)
def test_the_interval_contains_its_estimate(table):
    for result in of_forms(intraclass(table)).values():
        if result.low is not None and result.high is not None and result.estimate is not None:
            assert result.low - 1e-9 <= result.estimate <= result.high + 1e-9


@given(first=columns, seed=seeds)
def test_concordance_is_symmetric(first, seed):
    second = np.random.default_rng(seed).permutation(first)
    assert close(lin_concordance(first, second), lin_concordance(second, first))


@given(first=columns, seed=seeds)
def test_swapping_readers_negates_differences(first, seed):
    second = np.random.default_rng(seed).permutation(first)
    forward, backward = limits_of_agreement(first, second), limits_of_agreement(second, first)
    if forward.bias.estimate is None:
        assert backward.bias == forward.bias
    else:
        assert backward.bias.estimate == pytest.approx(-forward.bias.estimate)
        assert backward.upper.estimate == pytest.approx(-(forward.lower.estimate or 0))


def test_rounding_does_not_add_variance_to_a_line():
    # Rounding makes the squared error of these values slightly negative.
    first = np.array([6.0, 2.0, 0.0, -5.0, -4.0])
    result = lin_concordance(first, np.array([-18.8, -6.8, -0.8, 14.2, 11.2]))
    assert result.reason == Reason.ON_ONE_LINE


def test_exams_measured_by_one_reader_do_not_count():
    table = np.array([[1.0, 2, 3, 9], [1, 2, 4, np.nan], [2, 2, 3, 9]])
    assert intraclass(table) == intraclass(table[:, :3])


def test_identical_measurements_are_perfect_agreement():
    result = of_forms(intraclass(np.tile([1.0, 2, 7], (3, 1))))
    assert {astuple(item)[:3] for item in result.values()} == {(1.0, 1.0, 1.0)}


@pytest.mark.parametrize(("factor", "value"), [(1, 1.0), (2, 0.8), (-2, -0.8), (7, 0.28)])
def test_measurements_on_one_line_have_a_concordance_without_interval(factor, value):
    result = lin_concordance(np.array([-0.1, 0, 0.1]), factor * np.array([-0.1, 0, 0.1]))
    assert result.estimate == pytest.approx(value)
    assert (result.low, result.reason) == (None, Reason.ON_ONE_LINE)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (np.ones((1, 5)), Reason.FEW_READERS_MEASURED),
        (np.ones((0, 5)), Reason.FEW_READERS_MEASURED),
        (np.array([[1.0, np.nan], [2.0, 3.0]]), Reason.FEW_EXAMS_MEASURED),
        (np.full((2, 5), 0.1), Reason.ALL_EQUAL),
    ],
)
def test_missing_comparisons_have_a_reason(table, reason):
    assert {form.reason for form in of_forms(intraclass(table)).values()} == {reason}


def test_identical_exams_have_no_consistency():
    result = intraclass(np.tile([[0.1], [0.7]], (1, 5)))
    assert result.consistency.reason == Reason.EXAMS_ALIKE
    assert result.one_way.estimate == pytest.approx(-1)
    assert result.one_way_mean.reason == Reason.EXAMS_ALIKE


def test_an_agreement_with_less_than_one_degree_of_freedom_has_no_interval():
    result = intraclass(np.array([[0.0, -3, -3], [0, 2.5, 2.5]])).agreement
    assert result.estimate == pytest.approx(-0.32967, abs=1e-5)
    assert (result.low, result.reason) == (None, Reason.NO_DEGREES_OF_FREEDOM)


@pytest.mark.parametrize("unit", [1e99, 1e-200])
def test_very_large_and_small_units_are_supported(unit):
    table = np.array([[1.0, 2, 4], [2.0, 2, 3]])
    assert close(intraclass(table * unit).agreement, intraclass(table).agreement)
    assert close(lin_concordance(*table * unit), lin_concordance(*table))


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([1.0], [2.0], Reason.FEW_MEASURED_TWICE),
        ([1.0, np.nan], [2.0, 3.0], Reason.FEW_MEASURED_TWICE),
        ([1.0, 1.0], [1.0, 1.0], Reason.ALL_EQUAL),
        ([1.0, 1.0], [2.0, 2.0], Reason.ONE_CONSTANT),
        ([1.0, 1.0], [2.0, 3.0], Reason.ONE_CONSTANT),
        ([1.0, 2.0], [2.0, 3.0], Reason.NO_DEGREES_OF_FREEDOM),
    ],
)
def test_an_undefined_concordance_has_a_reason(first, second, reason):
    assert lin_concordance(np.array(first), np.array(second)).reason == reason


def test_one_pair_has_no_limits():
    result = limits_of_agreement(np.array([1.0]), np.array([2.0]))
    assert (result.bias.reason, result.deviation) == (Reason.FEW_MEASURED_TWICE, None)


def test_constant_differences_have_no_interval():
    result = limits_of_agreement(np.array([1.0, 2, 3]), np.array([0.0, 1, 2]))
    assert astuple(result.bias)[:3] == (1.0, None, None)
    assert result.bias.reason == Reason.EQUAL_DIFFERENCES


def test_measurements_of_a_wrong_shape_are_refused():
    with pytest.raises(BadMeasurements, match="1 axes, not 2"):
        intraclass(np.ones(3))


@pytest.mark.parametrize("large", [float("inf"), -1e101])
def test_an_infinite_measurement_is_refused(large):
    with pytest.raises(BadMeasurements, match="infinite"):
        intraclass(np.array([[1.0, large], [1.0, 2.0]]))


def test_unpaired_measurements_are_refused():
    with pytest.raises(BadMeasurements, match="must have the same shape"):
        lin_concordance(np.ones(2), np.ones(3))


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, float("nan")])
def test_an_invalid_confidence_is_refused(confidence):
    with pytest.raises(BadConfidence, match="not between 0 and 1"):
        intraclass(np.ones((2, 2)), confidence=confidence)
