"""Scores of predictions: published numbers, scikit-learn's, and coverage of the intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, ndtr
from sklearn import metrics

from ecgreview.agreement.values.reasons import Reason
from ecgreview.scoring import ranking
from ecgreview.scoring.scores import MEASURES, MIN_PATIENTS, score


def linearized(kind, scores, present, patients=None):
    scores, present = np.asarray(scores, float), np.asarray(present, bool)
    units = np.arange(len(scores)) if patients is None else np.asarray(patients)
    return getattr(ranking, kind)(scores, present, units, int(units.max()) + 1)


RANKED = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=40).filter(
    lambda rows: 0 < sum(present for _, present in rows) < len(rows)
)


@given(RANKED)
def test_areas_are_those_of_scikit_learn_also_with_ties(rows):
    scores, present = zip(*rows, strict=True)
    expected = {
        "auroc": metrics.roc_auc_score(present, scores),
        "average_precision": metrics.average_precision_score(present, scores),
    }
    for kind, value in expected.items():
        assert linearized(kind, scores, present).value == pytest.approx(value, abs=1e-12)


@given(RANKED)
def test_influences_sum_to_zero(rows):
    scores, present = zip(*rows, strict=True)
    for kind in ("auroc", "average_precision"):
        assert linearized(kind, scores, present).influence.sum() == pytest.approx(0, abs=1e-9)


def test_the_standard_error_without_clusters_is_that_of_delong():
    # The structural components of DeLong et al. 1988, written as in their equations 5 and 6.
    rng = np.random.default_rng(3)
    x, y = rng.normal(1, 1, 23).round(1), rng.normal(0, 1, 41).round(1)
    wins = (x[:, None] > y) + 0.5 * (x[:, None] == y)
    expected = np.sqrt(wins.mean(1).var(ddof=1) / 23 + wins.mean(0).var(ddof=1) / 41)
    found = linearized("auroc", [*x, *y], [True] * 23 + [False] * 41)
    assert found.standard_error == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", ["auroc", "average_precision"])
def test_the_influence_of_a_patient_is_the_derivative_by_its_weight(kind):
    rng = np.random.default_rng(5)
    patients = np.repeat(np.arange(60), 2)
    present = rng.random(120) < 0.3
    scores = (rng.normal(0, 1, 120) + present).round(1)
    found = linearized(kind, scores, present, patients)
    weight, many = 400, np.ones(60, int) * 400
    for patient in range(5):
        more = many.copy()
        more[patient] += 1
        rows = np.repeat(np.arange(120), more[patients])
        moved = linearized(kind, scores[rows], present[rows]).value - found.value
        # One patient more among 60 x 400.
        assert moved * weight == pytest.approx(found.influence[patient], rel=0.03, abs=2e-4)


def simulated(rng, *, exams_per_patient, n_patients=150, prevalence=0.15, shift=1.5):
    """Return probabilities, truth and patients; exams of one patient have the same truth."""
    patients = np.repeat(np.arange(n_patients), exams_per_patient)
    present = np.repeat(rng.random(n_patients) < prevalence, exams_per_patient)
    shared = np.repeat(rng.normal(0, 0.8, n_patients), exams_per_patient)
    logits = shared + rng.normal(0, 0.6, len(patients)) + shift * present
    return expit(logits), present, patients


@pytest.mark.parametrize(
    ("exams_per_patient", "n_patients", "prevalence", "shift"),
    [(4, 150, 0.15, 1.5), (2, 400, 0.02, 3), (1, 1000, 0.05, 3)],
)
def test_intervals_cover_the_true_areas(exams_per_patient, n_patients, prevalence, shift):
    rng = np.random.default_rng(exams_per_patient)
    large = simulated(
        rng, exams_per_patient=1, n_patients=200_000, prevalence=prevalence, shift=shift
    )
    truth = {kind: linearized(kind, *large).value for kind in ("auroc", "average_precision")}
    covered = dict.fromkeys(truth, 0)
    n_scored = 0
    for _ in range(200):
        values, present, patients = simulated(
            rng, exams_per_patient=exams_per_patient, n_patients=n_patients,
            prevalence=prevalence, shift=shift,
        )  # fmt: skip
        found = score(values[:, None], present[:, None].astype(float), ["a"], patients).classes["a"]
        n_scored += found.is_scored
        for kind, value in truth.items():
            measure = getattr(found, kind)
            covered[kind] += measure.low is not None and measure.low <= value <= measure.high
    # The standard error of a share of .95 is .015.
    assert all(n / n_scored > 0.9 for n in covered.values()), (covered, n_scored)


def test_shares_at_the_threshold_are_counted_where_the_truth_is_known():
    values = np.tile([0.9, 0.5, 0.49, 0.1], 10)[:, None]
    truth = np.tile([1.0, 0.0, 1.0, np.nan], 10)[:, None]
    truth[-1] = 0
    found = score(values, truth, ["a"], np.arange(40)).classes["a"]
    assert (found.n_present, found.n_absent) == (20, 11)
    shares = [found.sensitivity, found.specificity, found.precision, found.f1]
    assert [measure.estimate for measure in shares] == pytest.approx([0.5, 1 / 11, 0.5, 0.5])
    assert [measure.n for measure in shares] == [20, 11, 20, 30]


def test_repeated_exams_of_a_patient_do_not_narrow_the_intervals():
    rng = np.random.default_rng(1)
    values, present, patients = simulated(rng, exams_per_patient=1)
    once, thrice = (
        score(
            np.repeat(values, n)[:, None], np.repeat(present, n)[:, None].astype(float), ["a"],
            np.repeat(patients, n),
        ).classes["a"]
        for n in (1, 3)
    )  # fmt: skip
    for name in MEASURES:
        one, three = getattr(once, name), getattr(thrice, name)
        assert three.high - three.low == pytest.approx(one.high - one.low, rel=0.02), name


@pytest.mark.parametrize("is_present", [True, False])
def test_a_class_of_few_patients_is_not_scored(is_present):
    truth = np.full((100, 1), float(not is_present))
    patients = np.arange(100)
    truth[: 2 * MIN_PATIENTS] = float(is_present)
    patients[: 2 * MIN_PATIENTS] //= 2
    values = np.linspace(0, 1, 100)[:, None]
    scored = score(values, truth, ["a"], patients)
    assert scored.classes["a"].is_scored
    patients[0] = patients[2]
    patients[1] = patients[2]
    refused = score(values, truth, ["a"], patients)
    found = refused.classes["a"]
    reasons = {(getattr(found, name).estimate, getattr(found, name).reason) for name in MEASURES}
    assert reasons == {(None, Reason.FEW_CASES)}
    assert {measure.reason for measure in refused.macro.values()} == {Reason.FEW_CASES}


def test_a_perfect_ranking_is_not_certain():
    present = np.arange(40) < 10
    values = np.where(present, 0.9, 0.1) + np.linspace(0, 0.05, 40)
    found = score(values[:, None], present[:, None].astype(float), ["a"], np.arange(40))
    area, precision = found.classes["a"].auroc, found.classes["a"].average_precision
    # At the limit, the squared distance from 1 is z^2 times the variance of method 5.
    low, z = area.low or 0, 1.959964
    spread = 1 + 19 * ((1 - low) / (2 - low) + low / (1 + low))
    assert (1 - low) ** 2 == pytest.approx(z**2 * low * (1 - low) * spread / 300, rel=1e-4)
    assert (area.estimate, area.high) == (1, 1)
    assert 0.7 < low < 0.95
    assert (precision.estimate, precision.low, precision.reason) == (1, None, Reason.NO_SPREAD)


def decimals_of(content):
    """Return the most decimals of a number among the measures in ``content``."""
    numbers = [
        measure[name]
        for measure in content.values()
        if isinstance(measure, dict)
        for name in ("estimate", "low", "high")
    ]
    return max(len(str(number).partition(".")[2]) for number in numbers if number is not None)


@pytest.mark.parametrize(
    ("n_present", "n_classes", "of_class", "of_mean"),
    [(99, 9, 2, 2), (100, 9, 3, 3), (99, 10, 2, 3)],
)
def test_scores_of_rare_classes_have_fewer_decimals(n_present, n_classes, of_class, of_mean):
    n = 400
    values = np.random.default_rng(2).random((n, n_classes))
    truth = np.zeros((n, n_classes))
    truth[:n_present] = 1
    codes = [f"class {number}" for number in range(n_classes)]
    found = score(values, truth, codes, np.arange(n)).to_json()
    one, macro = found["classes"]["class 0"], found["macro"]
    assert (one["decimals"], decimals_of(one)) == (of_class, of_class)
    assert (macro["decimals"], decimals_of(macro)) == (of_mean, of_mean)


def test_a_class_that_is_not_scored_reveals_nothing():
    truth = np.zeros((50, 1))
    truth[: MIN_PATIENTS - 1] = 1
    found = score(np.zeros((50, 1)), truth, ["a"], np.arange(50)).classes["a"].to_json()
    measures = [found.pop(name) for name in MEASURES]
    assert found == {"n_present": None, "n_absent": None, "decimals": 2}
    assert {tuple(measure.values()) for measure in measures} == {tuple(measures[0].values())}
    assert (measures[0]["estimate"], measures[0]["n"]) == (None, 0)


def test_a_mean_over_classes_has_the_degrees_of_freedom_of_its_patients():
    values, truth = np.random.default_rng(4).random((60, 1)), np.zeros((60, 1))
    truth[:8] = 1
    once, thrice = (
        score(np.tile(values, n), np.tile(truth, n), [*"abc"[:n]], np.arange(60)).macro
        for n in (1, 3)
    )
    for name in MEASURES[:2]:
        assert (thrice[name].low, thrice[name].high) == (once[name].low, once[name].high)


def test_newcombe_covers_rare_classes_better_than_delong():
    rng = np.random.default_rng(7)
    present = np.arange(400) < 8
    truth = ndtr(2.2 / np.sqrt(2))
    covered = {"newcombe": 0, "delong": 0}
    for _ in range(300):
        area = linearized("auroc", rng.normal(0, 1, 400) + 2.2 * present, present)
        error = area.standard_error
        covered["delong"] += abs(area.value - truth) <= 1.96 * error
        found = ranking.roc_interval(
            area, present, unclustered_error=error, n_patients=400, confidence=0.95
        )
        covered["newcombe"] += found.low <= truth <= found.high
    assert covered["delong"] < 0.9 * 300 < covered["newcombe"], covered


def test_intervals_of_shares_cover_the_true_shares():
    # Patients have one to four exams, of which one half is present. The model marks a patient's
    # exams alike, up to noise.
    rng = np.random.default_rng(11)
    covered = {"sensitivity": 0, "specificity": 0}
    truth = ndtr(0.5 / np.sqrt(2))
    for _ in range(300):
        patients = np.repeat(np.arange(60), rng.integers(1, 5, 60))
        present = rng.random(len(patients)) < 0.5
        z = 0.5 + rng.normal(0, 1, 60)[patients] + rng.normal(0, 1, len(patients))
        values = np.where((z > 0) == present, 0.9, 0.1)
        found = score(values[:, None], present[:, None].astype(float), ["a"], patients)
        for name in covered:
            measure = getattr(found.classes["a"], name)
            covered[name] += measure.low <= truth <= measure.high
    # The standard error of a share of .95 is .013.
    assert all(n >= 0.92 * 300 for n in covered.values()), covered
