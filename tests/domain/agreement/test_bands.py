"""Benchmark bands: published probabilities, limits of the bands, and invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.agreement.coefficients import bands
from ecgreview.agreement.coefficients.bands import (
    ALTMAN,
    CICCHETTI_SPARROW,
    FLEISS,
    LANDIS_KOCH,
    REGIER,
    SCALES,
    BadCoefficient,
)

NAN = float("nan")
every = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)


def word_at(scale, estimate):
    return scale.word(int(scale.at(estimate)))


def probable_word(scale, estimate, error):
    return scale.word(int(scale.probable(estimate, error)))


# Published numbers.


def test_the_example_of_gwet():
    """The value .67 (SE .15) lies in the band Good, but only Moderate is probable enough."""
    np.testing.assert_allclose(
        ALTMAN.cumulative(0.67, 0.15), [0.18168, 0.67511, 0.96356, 0.99912, 1], atol=5e-6
    )
    assert word_at(ALTMAN, 0.67) == "Good"
    assert probable_word(ALTMAN, 0.67, 0.15) == "Moderate"


def test_the_benchmark_scales(vectors):
    benchmarks = vectors("benchmark_scales")
    for name, expected in benchmarks["exact"].items():
        scale = SCALES[name]
        assert [band.name for band in scale.bands] == expected["names"]
        assert [band.lowest for band in scale.bands] == [low for low, _ in expected["scale"]]
        result = scale.cumulative(benchmarks["coeff"], benchmarks["se"])
        np.testing.assert_allclose(result, expected["cumulative_probability"], rtol=0, atol=1e-12)
        for probability, printed in zip(
            result, benchmarks["published"].get(name, ()), strict=False
        ):
            assert abs(probability - printed) <= 5.0001e-6


def test_the_scale_of_regier_2013():
    names = ["Excellent", "Very Good", "Good", "Questionable", "Unacceptable"]
    assert [band.name for band in REGIER.bands] == names
    assert [band.lowest for band in REGIER.bands] == [0.8, 0.6, 0.4, 0.2, 0.0]


@pytest.mark.parametrize(
    ("scale", "estimate", "label"),
    [
        (LANDIS_KOCH, 0.81, "Almost Perfect"),
        (LANDIS_KOCH, 0.80, "Substantial"),
        (LANDIS_KOCH, 0.61, "Substantial"),
        (LANDIS_KOCH, 0.60, "Moderate"),
        (LANDIS_KOCH, 0.40, "Fair"),
        (LANDIS_KOCH, 0.20, "Slight"),
        (LANDIS_KOCH, 0.0, "Slight"),
        (LANDIS_KOCH, -0.01, "Poor"),
        (ALTMAN, 0.80, "Good"),
        (ALTMAN, 0.21, "Fair"),
        (ALTMAN, 0.19, "Poor"),
        (FLEISS, 0.76, "Excellent"),
        (FLEISS, 0.75, "Intermediate to Good"),
        (FLEISS, 0.40, "Intermediate to Good"),
        (FLEISS, 0.39, "Poor"),
        (CICCHETTI_SPARROW, 0.75, "Excellent"),
        (CICCHETTI_SPARROW, 0.60, "Good"),
        (CICCHETTI_SPARROW, 0.40, "Fair"),
        (CICCHETTI_SPARROW, 0.39, "Poor"),
        (CICCHETTI_SPARROW, -0.2, "Poor"),
        (REGIER, 0.80, "Excellent"),
        (REGIER, 0.60, "Very Good"),
        (REGIER, 0.40, "Good"),
        (REGIER, 0.20, "Questionable"),
        (REGIER, -0.2, "Unacceptable"),
    ],
)
def test_limits_belong_to_the_band_of_the_publication(scale, estimate, label):
    assert word_at(scale, estimate) == label


# Undefined bands and refused input.


@every
def test_a_missing_value_has_no_band(scale):
    assert word_at(scale, NAN) == ""
    assert probable_word(scale, NAN, 0.1) == ""
    assert probable_word(scale, 0.5, NAN) == ""
    assert np.isnan(scale.cumulative(0.5, NAN)).all()


@every
def test_without_error_the_value_decides(scale):
    for estimate in (-0.5, 0.1, 0.45, 0.9, 1.0):
        assert probable_word(scale, estimate, 0.0) == word_at(scale, estimate)


@every
def test_values_far_below_the_scale_are_in_the_lowest_band(scale):
    assert probable_word(scale, -3.0, 0.01) == scale.bands[-1].name
    assert probable_word(scale, -0.9, 0.01) == scale.bands[-1].name


@every
def test_values_above_one_are_refused(scale):
    with pytest.raises(BadCoefficient, match="at most 1"):
        scale.at(1.1)
    with pytest.raises(BadCoefficient, match="at most 1"):
        scale.probable(1.1, 0.1)


@every
def test_invalid_errors_are_refused(scale):
    with pytest.raises(BadCoefficient, match="negative"):
        scale.cumulative(0.5, -0.1)
    with pytest.raises(BadCoefficient, match="errors"):
        scale.cumulative([0.5, 0.6], 0.1)


# Invariants.

estimates_ = st.floats(-1, 1)
errors_ = st.floats(0.001, 0.5)


@every
def test_the_bands_are_in_descending_order(scale):
    lowest = [band.lowest for band in scale.bands]
    assert lowest == sorted(lowest, reverse=True)
    assert len({band.name for band in scale.bands}) == len(lowest)


@every
@given(estimate=estimates_, error=errors_)
def test_the_probabilities_increase(scale, estimate, error):
    result = scale.cumulative(estimate, error)
    assert (np.diff(result) >= -1e-12).all()
    assert (result >= 0).all()
    assert (result <= 1 + 1e-12).all()


@every
@given(estimate=estimates_, error=errors_)
def test_the_probable_band_is_the_best_probable_one(scale, estimate, error):
    place, result = int(scale.probable(estimate, error)), scale.cumulative(estimate, error)
    assert (result[:place] < bands.PROBABLE).all()
    assert result[place] >= bands.PROBABLE or place == len(scale.bands) - 1


@every
@given(estimate=estimates_, error=errors_, more=st.floats(0, 0.3))
def test_a_better_value_never_has_a_worse_band(scale, estimate, error, more):
    better = min(estimate + more, 1.0)
    assert scale.at(better) <= scale.at(estimate)
    assert scale.probable(better, error) <= scale.probable(estimate, error)


@every
@given(estimate=st.floats(-1, 0.99))
def test_with_a_tiny_error_the_value_decides(scale, estimate):
    is_limit = any(abs(estimate - band.lowest) < 1e-6 for band in scale.bands)
    if not is_limit:
        assert scale.probable(estimate, 1e-9) == scale.at(estimate)


@every
def test_vectorized_results_equal_single_results(scale):
    estimates = np.array([[0.9, 0.3, NAN], [0.67, -0.4, 0.75]])
    errors = np.array([[0.02, 0.0, 0.1], [0.15, 0.2, NAN]])
    places, probable = scale.at(estimates), scale.probable(estimates, errors)
    assert places.shape == probable.shape == (2, 3)
    for place, at, estimate, error in zip(
        probable.flat, places.flat, estimates.flat, errors.flat, strict=True
    ):
        assert place == scale.probable(estimate, error)
        assert at == scale.at(estimate)
