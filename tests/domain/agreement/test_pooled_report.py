"""A class too rare for its own fit gets pooled estimates, or a reason why it has none."""

from __future__ import annotations

import numpy as np
import pytest

from ecgreview.agreement import PatternCount
from ecgreview.agreement.latent import pooled, pooled_report, two_states
from ecgreview.agreement.latent import report as latent_report
from ecgreview.agreement.latent.design import Design
from ecgreview.agreement.sampling.resampling import Resampling
from ecgreview.agreement.values.reasons import Reason

from .latent_data import readings

HOW = Resampling(n_replicates=200)
COMMON = [0.3, 0.2, 0.15, 0.25, 0.3]


def study(prevalence, *, n_readers=3, n_exams=2000, per_exam=None, seed=1):
    shape = len(prevalence), n_readers
    return readings(
        np.random.default_rng(seed), prevalence, np.full(shape, 0.8), np.full(shape, 0.001),
        n_exams=n_exams, per_exam=per_exam,
    )  # fmt: skip


def class_lines(patterns, **more):
    return latent_report.latent_report(patterns, how=HOW, **more)["classes"]


def without_third_reader(patterns, row):
    """Return the patterns without the third reader's answers about the class of ``row``."""
    silent = patterns.patterns.copy()
    silent[:, 2] = 0
    counts = np.concatenate([patterns.counts, np.zeros_like(patterns.counts)], axis=1)
    counts[row] = np.roll(counts[row], len(silent))
    return PatternCount(np.concatenate([patterns.patterns, silent]), counts)


def test_a_rare_class_is_pooled_and_a_common_one_is_not():
    classes = class_lines(study([*COMMON, 0.002]))
    assert [reader["pooled"] is None for reader in classes] == [True] * 5 + [False]
    rare = classes[-1]["pooled"]
    assert rare["prevalence"]["method"] == pooled_report.CURVATURE
    assert rare["prevalence"]["reason"] == Reason.FEW_POOLED
    assert rare["prevalence"]["low"] < 0.002 < rare["prevalence"]["high"]
    assert [reader["reader"] for reader in rare["readers"]] == [0, 1, 2]
    for reader in rare["readers"]:
        assert reader["sensitivity"]["low"] < 0.8 < reader["sensitivity"]["high"]
        assert reader["specificity"]["low"] < 0.999 < reader["specificity"]["high"]


def test_pooled_estimates_match_the_pooled_fit():
    patterns = study([*COMMON, 0.002])
    result = pooled.fit(patterns).classes
    rare = class_lines(patterns)[-1]["pooled"]
    assert rare["prevalence"]["estimate"] == pytest.approx(result.prevalence.values[-1], rel=1e-3)
    assert rare["readers"][1]["sensitivity"]["estimate"] == pytest.approx(
        result.sensitivity.values[-1, 1], rel=1e-3
    )


def test_a_class_of_two_readers_is_pooled_with_classes_of_three():
    line = class_lines(without_third_reader(study(COMMON), 1))[1]
    assert line["prevalence"]["reason"] == Reason.TWO_READERS
    assert line["pooled"]["prevalence"]["low"] < COMMON[1] < line["pooled"]["prevalence"]["high"]
    assert line["pooled"]["prevalence"]["reason"] == Reason.POOLED
    assert [reader["reader"] for reader in line["pooled"]["readers"]] == [0, 1]


@pytest.mark.parametrize(
    ("n_readers", "per_exam", "reason"), [(2, None, Reason.TWO_READERS), (3, 2, Reason.NO_TRIPLES)]
)
def test_nothing_is_pooled_without_an_identified_class(n_readers, per_exam, reason):
    for item in class_lines(study(COMMON, n_readers=n_readers, per_exam=per_exam)):
        assert item["pooled"]["prevalence"]["estimate"] is None
        assert item["pooled"]["prevalence"]["reason"] == reason
        assert item["pooled"]["readers"] == []


def test_a_rare_class_alone_cannot_be_pooled():
    (line,) = class_lines(study([0.002]))
    assert line["pooled"]["prevalence"]["reason"] == Reason.NO_DONOR


def test_a_class_that_nobody_marked_is_not_pooled():
    patterns = study([*COMMON, 0.1])
    patterns.counts[-1] *= ~(patterns.patterns == 2).any(axis=1)
    assert class_lines(patterns)[-1]["pooled"]["prevalence"]["reason"] == Reason.NEVER_GIVEN


def test_a_class_that_nobody_read_is_not_pooled():
    patterns = study([*COMMON, 0.1])
    patterns.counts[-1] = 0
    assert class_lines(patterns)[-1]["pooled"]["prevalence"]["reason"] == Reason.NOT_COMPARED


def test_readers_of_a_single_class_are_not_pooled():
    both, other = study(COMMON), study([0.2], n_readers=2)
    nobody = np.zeros((len(both.patterns), 2), dtype=np.int8)
    apart = np.zeros((len(other.patterns), 3), dtype=np.int8)
    patterns = PatternCount(
        np.concatenate([np.hstack([both.patterns, nobody]), np.hstack([apart, other.patterns])]),
        np.block(
            [
                [both.counts, np.zeros((5, len(other.patterns)))],
                [np.zeros((1, len(both.patterns))), other.counts],
            ]
        ),
    )
    assert class_lines(patterns)[-1]["pooled"]["prevalence"]["reason"] == Reason.READERS_APART


def test_a_design_effect_makes_a_class_too_rare_alone():
    patterns = study([*COMMON, 0.02])
    assert class_lines(patterns)[-1]["pooled"] is None
    effects = np.array([1.0] * 5 + [8.0])
    assert class_lines(patterns, effects=effects)[-1]["pooled"] is not None


def test_a_design_effect_widens_pooled_intervals():
    patterns = study([*COMMON, 0.005])
    widths = [
        np.ptp([item["low"], item["high"]])
        for item in (
            class_lines(patterns, effects=effects)[-1]["pooled"]["prevalence"]
            for effects in (np.ones(6), np.full(6, 3.0))
        )
    ]
    assert widths[1] > 1.3 * widths[0]


def test_the_confidence_can_be_set():
    patterns = study([*COMMON, 0.002])
    wide, narrow = (
        latent_report.latent_report(patterns, how=Resampling(200, confidence))["classes"][-1]
        for confidence in (0.99, 0.8)
    )
    assert wide["pooled"]["prevalence"]["low"] < narrow["pooled"]["prevalence"]["low"]


def test_there_is_no_interval_without_a_maximum(monkeypatch):
    monkeypatch.setattr(
        "ecgreview.agreement.latent.pooled_errors._inverse",
        lambda matrix: np.linalg.cholesky(-np.eye(len(matrix))),
    )
    measure = class_lines(study([*COMMON, 0.002]))[-1]["pooled"]["prevalence"]
    assert (measure["low"], measure["reason"]) == (None, Reason.NO_CURVATURE)
    assert measure["estimate"] is not None


def test_a_fit_too_large_is_not_made(monkeypatch):
    patterns = study([*COMMON, 0.002])
    result = latent_report._pooled(patterns, np.arange(6) == 5, np.ones(6), HOW)
    monkeypatch.setattr(latent_report, "_MAX_WORK", 1.0)
    refused = latent_report._pooled(patterns, np.arange(6) == 5, np.ones(6), HOW)
    assert [item and item["prevalence"]["reason"] for item in result] == [None] * 5 + [
        Reason.FEW_POOLED
    ]
    assert refused == [None] * 5 + [pooled_report.without(2000, Reason.TOO_LARGE)]


def test_a_fit_that_did_not_converge_is_reported(monkeypatch):
    monkeypatch.setattr(pooled_report, "MAX_STEPS", 2)
    measure = class_lines(study([*COMMON, 0.002]))[-1]["pooled"]["prevalence"]
    assert measure["reason"] == Reason.NOT_CONVERGED


def test_every_refusal_has_a_pooled_counterpart():
    patterns = study(COMMON)
    masks = pooled_report.refusals(Design.of(patterns))
    assert not np.logical_or.reduce([mask for mask, _ in masks]).any()


@pytest.mark.parametrize("seed", range(3))
def test_pooling_reduces_the_error_of_rare_classes(seed):
    rng = np.random.default_rng(seed)
    prevalence = np.geomspace(0.002, 0.2, 30)
    sensitivity = 1 / (1 + np.exp(-rng.normal(1.5, 0.6, (30, 1)) - rng.normal(0, 0.4, 4)))
    simulated = readings(rng, prevalence, sensitivity, np.full((30, 4), 0.001), n_exams=2000)
    errors: dict[str, list[float]] = {"alone": [], "pooled": []}
    alone = two_states.fit(simulated).sensitivity.values
    for row, item in enumerate(class_lines(simulated)):
        for together in item["pooled"]["readers"] if item["pooled"] else ():
            true, reader = sensitivity[row, together["reader"]], together["reader"]
            errors["alone"].append((alone[row, reader] - true) ** 2)
            errors["pooled"].append((together["sensitivity"]["estimate"] - true) ** 2)
    assert len(errors["alone"]) >= 8
    assert np.mean(errors["pooled"]) < 0.6 * np.mean(errors["alone"])
