"""Forecast interval widths compared with simulated readings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ecgreview.agreement import Cells, PatternCount
from ecgreview.agreement.coefficients import kernels
from ecgreview.agreement.reports.precision import (
    BadTable,
    BadWidth,
    Forecast,
    Target,
    forecast,
    half_widths,
)
from ecgreview.agreement.values.bounded import BadConfidence
from ecgreview.agreement.values.reasons import Reason

TWO_OR_THREE = np.array([[0.0, 1], [2, 0], [1, 1], [0, 2], [3, 0], [2, 1], [1, 2], [0, 3]])
counts_ = arrays.arrays(np.float64, (2, len(TWO_OR_THREE)), elements=st.integers(0, 60).map(float))
both = pytest.mark.parametrize("target", list(Target))


def simulated_cells(rng: np.random.Generator, n_exams: int, *, prevalence: float = 0.02) -> Cells:
    """Return the cells of exams read by two of three readers, with sensitivity .8."""
    truth = rng.random(n_exams) < prevalence
    is_given = rng.random((3, n_exams)) < np.where(truth, 0.8, prevalence / 10)
    ratings = np.where(is_given, 2, 1).astype(np.int8)
    ratings[rng.integers(0, 3, n_exams), np.arange(n_exams)] = 0
    return PatternCount.of(ratings[:, :, None]).cells()


def bootstrapped(cells: Cells, target: Target, rng: np.random.Generator) -> float:
    """Return the half-width of the bootstrap percentile interval over exams."""
    (counts,) = cells.n_exams
    replicates = rng.multinomial(int(counts.sum()), counts / counts.sum(), size=4000)
    resampled = Cells(cells.table, replicates.astype(np.float64))
    if target is Target.FLEISS_KAPPA:
        values = kernels.fleiss_kappa(resampled).values
    else:
        values = kernels.specific_agreement(resampled, 1).values
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(high - low) / 2


def achieved_half_width(target: Target, seed: int, *, n_exams: int, target_width: float) -> float:
    """Return the half-width after the number of readings forecast from a pilot of ``n_exams``."""
    rng = np.random.default_rng(seed)
    (result,) = forecast(simulated_cells(rng, n_exams), target_width, target=target)
    assert result.reads_needed is not None
    return bootstrapped(simulated_cells(rng, result.reads_needed // 2), target, rng)


@both
@pytest.mark.parametrize("seed", range(8))
def test_the_forecast_from_800_informative_exams_is_within_15_percent(target, seed):
    assert achieved_half_width(target, seed, n_exams=36_000, target_width=0.02) == pytest.approx(
        0.02, rel=0.15
    )


@both
def test_the_forecast_from_90_informative_exams_is_within_15_percent_on_average(target):
    result = [
        achieved_half_width(target, seed, n_exams=4000, target_width=0.04) for seed in range(12)
    ]
    assert np.median(result) == pytest.approx(0.04, rel=0.15)


@both
def test_the_current_width_matches_the_bootstrap(target):
    rng = np.random.default_rng(5)
    cells = simulated_cells(rng, 6000, prevalence=0.1)
    (result,) = forecast(cells, 0.05, target=target)
    assert result.half_width == pytest.approx(bootstrapped(cells, target, rng), rel=0.07)


@both
def test_four_times_the_readings_halve_the_width(target):
    cells = simulated_cells(np.random.default_rng(6), 2000)
    widths = half_widths(cells, np.array([1000, 4000]), target=target)
    assert widths.shape == (2, 1)
    assert widths[0] == pytest.approx(2 * widths[1])


@both
def test_the_curve_passes_through_the_forecast(target):
    cells = simulated_cells(np.random.default_rng(6), 2000)
    (result,) = forecast(cells, 0.05, target=target)
    assert (result.n_exams, result.n_reads) == (2000, 4000)
    assert result.reads_needed is not None
    assert result.reads_left == result.reads_needed - 4000
    now, then = half_widths(cells, np.array([4000, result.reads_needed]), target=target)[:, 0]
    assert now == pytest.approx(result.half_width)
    assert then == pytest.approx(0.05, rel=1e-3)


def test_a_narrow_interval_needs_no_more_readings():
    (result,) = forecast(
        simulated_cells(np.random.default_rng(6), 4000), 0.5, target=Target.POSITIVE_AGREEMENT
    )
    assert result.reads_left == 0


@both
def test_perfect_agreement_so_far_still_needs_readings(target):
    cells = Cells(np.array([[2.0, 0], [0, 2]]), np.array([[500.0, 30]]))
    (result,) = forecast(cells, 0.02, target=target)
    assert result.half_width is not None
    assert result.half_width > 0
    assert (result.reads_left or 0) > 0


@both
@given(counts=counts_)
def test_there_is_a_forecast_or_a_known_reason(target, counts):
    for result in forecast(Cells(TWO_OR_THREE, counts), 0.05, target=target):
        parts = (result.half_width, result.reads_needed, result.reads_left)
        if result.reason in ("", Reason.ROUGH_FORECAST):
            assert result.half_width is not None
            assert np.isfinite(result.half_width)
            assert result.half_width > 0
            assert (result.reason == Reason.ROUGH_FORECAST) == (result.n_marked < 20)
        else:
            assert result.reason in {Reason.NOT_COMPARED, Reason.NEVER_GIVEN, Reason.ALL_ALIKE}
            assert parts == (None, None, None)


@both
@given(counts=counts_, seed=st.integers(0, 2**32 - 1))
def test_the_order_of_cells_and_classes_does_not_matter(target, counts, seed):
    rng = np.random.default_rng(seed)
    order, classes = rng.permutation(len(TWO_OR_THREE)), rng.permutation(2)
    original = forecast(Cells(TWO_OR_THREE, counts), 0.05, target=target)
    changed = forecast(Cells(TWO_OR_THREE[order], counts[:, order][classes]), 0.05, target=target)
    assert [item.reason for item in changed] == [original[place].reason for place in classes]
    for item, place in zip(changed, classes, strict=True):
        assert item.half_width == pytest.approx(original[place].half_width)


@both
@given(counts=counts_)
def test_a_cell_split_into_two_rows_is_one_cell(target, counts):
    parts = np.concatenate([counts, counts], axis=1), np.concatenate([TWO_OR_THREE] * 2)
    twice = forecast(Cells(parts[1], parts[0]), 0.05, target=target)
    once = forecast(Cells(TWO_OR_THREE, 2 * counts), 0.05, target=target)
    for item, other in zip(twice, once, strict=True):
        assert item.half_width == pytest.approx(other.half_width)


@pytest.mark.parametrize(
    ("counts", "target", "reason"),
    [
        ([9, 0, 0, 0, 0, 0, 0, 0], Target.FLEISS_KAPPA, Reason.NOT_COMPARED),
        ([9, 5, 0, 0, 0, 0, 0, 0], Target.POSITIVE_AGREEMENT, Reason.NEVER_GIVEN),
        ([0, 0, 0, 5, 0, 0, 0, 9], Target.FLEISS_KAPPA, Reason.ALL_ALIKE),
    ],
)
def test_a_missing_forecast_has_a_reason(counts, target, reason):
    (result,) = forecast(Cells(TWO_OR_THREE, np.array([counts], float)), 0.05, target=target)
    assert (result.half_width, result.reads_needed, result.reason) == (None, None, reason)


@both
def test_no_exams_have_a_reason(target):
    result = forecast(Cells(np.empty((0, 2)), np.empty((3, 0))), 0.05, target=target)
    assert result == [Forecast(None, 0, 0, 0, None, None, Reason.NOT_COMPARED)] * 3


def test_a_rare_class_has_a_caution():
    cells = Cells(np.array([[2.0, 0], [1, 1], [0, 2]]), np.array([[900.0, 3, 5]]))
    (result,) = forecast(cells, 0.05, target=Target.POSITIVE_AGREEMENT)
    assert (result.n_marked, result.reason) == (8, Reason.ROUGH_FORECAST)


@both
def test_a_design_effect_multiplies_the_readings_needed(target):
    cells = simulated_cells(np.random.default_rng(1), 4000)
    (unclustered,) = forecast(cells, 0.05, target=target)
    (of_patients,) = forecast(cells, 0.05, target=target, effects=np.array([3.0]))
    assert unclustered.half_width is not None
    assert of_patients.half_width == pytest.approx(3**0.5 * unclustered.half_width)
    assert of_patients.reads_needed == pytest.approx(3 * (unclustered.reads_needed or 0), abs=3)
    points = np.array([100, 1000])
    widths = half_widths(cells, points, target=target, effects=np.array([3.0]))
    np.testing.assert_allclose(widths, 3**0.5 * half_widths(cells, points, target=target))


@pytest.mark.parametrize("effects", [[0.5], [float("nan")], [2.0, 2.0]])
def test_an_invalid_effect_is_refused(effects):
    cells = simulated_cells(np.random.default_rng(1), 50)
    with pytest.raises(BadTable, match="design effects"):
        forecast(cells, 0.05, target=Target.FLEISS_KAPPA, effects=np.array(effects))


@pytest.mark.parametrize("target_width", [0.0, 1.0, -0.1, float("nan")])
def test_an_invalid_width_is_refused(target_width):
    with pytest.raises(BadWidth, match="not between 0 and 1"):
        forecast(
            simulated_cells(np.random.default_rng(1), 50), target_width, target=Target.FLEISS_KAPPA
        )


def test_no_readings_are_refused():
    with pytest.raises(BadWidth, match="readings is not positive"):
        half_widths(
            simulated_cells(np.random.default_rng(1), 50),
            np.array([10, 0]),
            target=Target.FLEISS_KAPPA,
        )


@pytest.mark.parametrize("count", [-1.0, float("nan"), float("inf")])
def test_an_invalid_count_is_refused(count):
    cells = Cells(np.array([[2.0, 0], [0, 2]]), np.array([[5.0, count]]))
    with pytest.raises(BadTable, match="negative or not finite"):
        forecast(cells, 0.05, target=Target.FLEISS_KAPPA)


def test_more_than_two_categories_are_refused():
    with pytest.raises(BadTable, match="3 categories"):
        forecast(Cells(np.ones((1, 3)), np.ones((1, 1))), 0.05, target=Target.FLEISS_KAPPA)


def test_an_invalid_confidence_is_refused():
    with pytest.raises(BadConfidence, match="not between 0 and 1"):
        forecast(
            simulated_cells(np.random.default_rng(1), 50),
            0.05,
            target=Target.FLEISS_KAPPA,
            confidence=1.5,
        )
