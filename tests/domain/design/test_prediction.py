"""Predictions match the published formulas and simulated studies."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview import design
from ecgreview.agreement import Cells
from ecgreview.agreement.coefficients import kernels
from ecgreview.design import prediction
from ecgreview.design.reasons import PredictionReason

from .tables import not_none

Z = 1.959963984540054
shares = st.floats(0.01, 0.99)
kappas = st.floats(0, 0.99)


def bloch_kraemer(n: int, p: float, kappa: float) -> float:
    """Return the standard error of kappa of two readers (Bloch & Kraemer 1989)."""
    inner = (1 - kappa) * (1 - 2 * kappa) + kappa * (2 - kappa) / (2 * p * (1 - p))
    return float(np.sqrt((1 - kappa) * inner / n))


def zou_donner(n: int, k: int, p: float, kappa: float) -> float:
    """Return the standard error of kappa of k readers (Zou & Donner 2004)."""
    a = 1 / (p * (1 - p))
    inner = 2 / (k * (k - 1)) - (3 - a) * kappa + (k - 1) / k * (4 - a) * kappa**2
    return float(np.sqrt((1 - kappa) * inner / n))


@given(st.integers(1, 10_000), shares, kappas)
def test_two_readers_give_the_formula_of_bloch_and_kraemer(n, p, kappa):
    result = prediction.standard_error(np.array([2]), np.array([n]), p, kappa)
    assert result == pytest.approx(bloch_kraemer(n, p, kappa), rel=1e-9)


@given(st.integers(1, 10_000), st.integers(2, 46), shares, kappas)
def test_several_readers_give_the_formula_of_zou_and_donner(n, k, p, kappa):
    result = prediction.standard_error(np.array([k]), np.array([n]), p, kappa)
    assert result == pytest.approx(zou_donner(n, k, p, kappa), rel=1e-9)


@given(st.integers(0, 46), shares, kappas)
def test_the_patterns_of_an_exam_are_a_distribution(k, p, kappa):
    result = prediction.patterns(k, p, kappa)
    assert (result >= 0).all()
    assert result.sum() == pytest.approx(1)
    assert result @ np.arange(k + 1) == pytest.approx(k * p)


@given(st.integers(2, 46), shares, kappas)
def test_two_readers_agree_by_kappa_beyond_chance(k, p, kappa):
    positives = np.arange(k + 1)
    both = prediction.patterns(k, p, kappa) @ (positives * (positives - 1)) / (k * (k - 1))
    assert both == pytest.approx(p**2 + kappa * p * (1 - p))


@pytest.mark.parametrize(
    ("sizes", "p", "kappa"),
    [([2] * 800, 0.2, 0.6), ([3] * 800, 0.1, 0.6), ([3] * 700 + [8] * 100 + [1] * 200, 0.3, 0.4)],
)
def test_simulated_studies_vary_as_predicted(sizes, p, kappa):
    rng = np.random.default_rng(11)
    estimates = [simulated_kappa(np.array(sizes), p, kappa, rng) for _ in range(3000)]
    predicted = not_none(design.precision(sizes, p, kappa).half_width.value) / Z
    assert np.std(estimates) == pytest.approx(predicted, rel=0.05)
    assert np.mean(estimates) == pytest.approx(kappa, abs=0.01)


def simulated_kappa(sizes, p, kappa, rng) -> float:
    """Return Fleiss' kappa of a simulated study in which exam i has ``sizes[i]`` readers."""
    together = rng.random(len(sizes)) < kappa
    positives = np.where(together, sizes * (rng.random(len(sizes)) < p), rng.binomial(sizes, p))
    table = np.stack([sizes - positives, positives], axis=1).astype(np.float64)
    cells = Cells(table, np.ones((1, len(sizes))))
    return float(kernels.fleiss_kappa(cells).values[0])


def predict(**more) -> design.Prediction:
    settings = {
        "n_exams": 8475,
        "n_readers": 46,
        "readers_per_exam": 2,
        "prevalences": {"af": 0.02},
        **more,
    }
    return design.predict(**settings)


def test_the_hours_are_those_of_code_ii_test():
    # 8,475 exams x 2 readings at 58 s are 273 hours (protocol of the study).
    assert predict().hours == pytest.approx(273, abs=0.1)


def test_hours_count_anchors_and_repeats():
    result = predict(n_exams=10, n_readers=4, n_anchors=2, repeat_fraction=0.5)
    # 8 x 2 + 2 x 4 = 24 first readings, six each, and three repeats each.
    assert result.readings_per_reader == (9, 9, 9, 9)
    assert result.n_readings == 36
    assert result.hours_per_reader[0] == pytest.approx(9 * 58 / 3600)


def test_hours_are_as_even_as_the_caps_allow():
    result = predict(n_exams=15, n_readers=3, caps=[4, -1, -1])
    assert result.readings_per_reader == (4, 13, 13)


def test_remaining_readings_go_to_readers_below_their_cap():
    result = predict(n_exams=7, n_readers=3, readers_per_exam=1, caps=[2, -1, -1])
    assert result.readings_per_reader == (2, 3, 2)


@given(
    st.integers(0, 60),
    st.integers(2, 6),
    st.floats(0, 1),
    st.lists(st.integers(-1, 60), min_size=6, max_size=6),
)
def test_predicted_readings_match_the_generated_plan(n_exams, n_readers, fraction, caps):
    settings = {"readers_per_exam": 2, "repeat_fraction": fraction, "caps": caps[:n_readers]}
    request = design.Request(
        seed="s", exams=np.arange(n_exams), readers=np.arange(n_readers), **settings
    )
    try:
        plan = design.generate(request)
    except design.DesignRefused:
        return
    result = predict(n_exams=n_exams, n_readers=n_readers, **settings)
    loads = np.bincount(plan.readings.readers, minlength=n_readers).tolist()
    assert sorted(result.readings_per_reader) == sorted(loads)


def test_the_interval_follows_from_the_standard_error():
    result = predict(kappas={"af": 0.7}).classes["af"]
    assert result.half_width.value == pytest.approx(Z * bloch_kraemer(8475, 0.02, 0.7))
    assert result.width == pytest.approx(2 * not_none(result.half_width.value))
    assert result.half_width.reason == ""
    assert result.expected_positives == pytest.approx(169.5)


def test_a_missing_kappa_has_a_default():
    assert predict().classes["af"].kappa == 0.6


def test_anchors_make_kappa_more_precise():
    without, with_anchors = (
        not_none(predict(n_anchors=number).classes["af"].half_width.value) for number in (0, 200)
    )
    assert with_anchors < without


@pytest.mark.parametrize(
    ("n_exams", "prevalence", "is_rare"),
    [(100, 0.05, False), (100, 0.049, True), (100, 0.95, False), (100, 0.951, True)],
)
def test_fewer_than_five_expected_exams_are_a_caution(n_exams, prevalence, is_rare):
    result = design.precision([2] * n_exams, prevalence).half_width
    assert not_none(result.value) > 0
    assert result.reason == (PredictionReason.FEW_EXPECTED if is_rare else "")


@pytest.mark.parametrize(
    ("sizes", "prevalence", "reason"),
    [
        ([2] * 9, 0.0, PredictionReason.NEVER_EXPECTED),
        ([2] * 9, 1.0, PredictionReason.ALWAYS_EXPECTED),
        ([1] * 9, 0.5, PredictionReason.NO_PAIR_PLANNED),
        ([], 0.5, PredictionReason.NO_PAIR_PLANNED),
    ],
)
def test_a_missing_prediction_has_a_reason(sizes, prevalence, reason):
    result = design.precision(sizes, prevalence)
    assert result.half_width.value is None
    assert result.width is None
    assert result.half_width.reason == reason
    assert reason in set(PredictionReason)


def test_perfect_agreement_has_no_standard_error():
    assert design.precision([3] * 50, 0.3, 1.0).half_width.value == pytest.approx(0)


def test_a_prediction_is_serializable():
    result = json.loads(json.dumps(predict().as_dict()))
    assert set(result["classes"]["af"]) == {
        "prevalence", "kappa", "expected_positives", "half_width", "width", "reason",
    }  # fmt: skip
    assert result["hours"] == pytest.approx(sum(result["hours_per_reader"]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"readers_per_exam": 0}, "readers_per_exam"),
        ({"n_readers": 1}, "n_readers"),
        ({"n_anchors": 8476}, "n_anchors"),
        ({"n_anchors": -1}, "n_anchors"),
        ({"caps": [1]}, "caps"),
        ({"caps": [1] * 46}, "caps"),
        ({"prevalences": {"af": 1.1}}, "prevalence"),
        ({"prevalences": {"af": -0.1}}, "prevalence"),
        ({"kappas": {"af": 1.1}}, "kappa"),
        ({"kappas": {"af": -0.1}}, "kappa"),
    ],
)
def test_an_invalid_prediction_is_refused_by_field_name(change, field):
    with pytest.raises(design.BadDesign, match=field) as refusal:
        predict(**change)
    assert refusal.value.field == field
