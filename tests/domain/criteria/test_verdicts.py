"""Verdicts: classes suggested, not met, or withheld, and the measurement responsible."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ecgreview import criteria
from ecgreview.criteria import QtFormula, Reason, State
from ecgreview.ecg import synth
from ecgreview.ecg.synth import beats, conditions, rhythms
from ecgreview.ecg.synth.conditions import Atria, Condition
from ecgreview.measure import Measured, measure
from ecgreview.measure.measurements import Missing

from .test_criteria import codes, having, verdicts, without

LBBB_SHAPE = {"v1_terminal_mv": -0.4, "lateral_terminal_mv": 0.4, "lateral_initial_mv": 0.0}
RBBB_SHAPE = {"v1_terminal_mv": 0.4, "lateral_terminal_mv": -0.2}
IVCD = "nonspecific_intraventricular_conduction_delay"
IN_FIBRILLATION = {"rr_entropy": -0.5, "rr_variation": 0.2, "p_consistency": 0.1, "p_upright_mv": 0}
SEEDS = range(4)


def synthetic(recipe: Condition, seed: int, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.setitem(conditions.RECIPES, "made_here", recipe)
    synthetic_exam = synth.synthesize("made_here", np.random.default_rng(seed))
    return codes(measure(synthetic_exam.signal), synthetic_exam.sex, synthetic_exam.age_years)


@pytest.mark.parametrize("seed", SEEDS)
def test_sinus_tachycardia_is_suggested_above_120_bpm(seed, monkeypatch):
    fast = rhythms.sinus((126.0, 134.0), (116.0, 128.0), (0.004, 0.01))
    result = synthetic(Condition(("sinus_tachycardia",), fast), seed, monkeypatch)
    assert result == {"sinus_tachycardia"}


def test_premature_beats_do_not_exclude_sinus_tachycardia():
    assert "sinus_tachycardia" in codes(having(heart_rate_bpm=110.0, rr_variation=0.25))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"heart_rate_bpm": 150.0}, Reason.FLUTTER_RATE),
        ({"p_upright_mv": 0.0}, Reason.P_NOT_UPRIGHT),
        ({"p_consistency": 0.3}, Reason.P_INCONSISTENT),
    ],
)
def test_a_fast_rhythm_of_another_origin_is_withheld(values, reason):
    result = verdicts(having(**({"heart_rate_bpm": 130.0} | values)))["sinus_tachycardia"]
    assert (result.state, result.reason) == (State.WITHHELD, reason)


@pytest.mark.parametrize("seed", SEEDS)
def test_left_bundle_branch_block_is_suggested_in_fibrillation(seed, monkeypatch):
    findings = ("atrial_fibrillation", "left_bundle_branch_block")
    rhythm = rhythms.fibrillation((72.0, 92.0))
    recipe = Condition(findings, rhythm, beat=beats.LEFT_BUNDLE, atria=Atria.FIBRILLATION)
    assert synthetic(recipe, seed, monkeypatch) == set(findings)


def test_left_bundle_branch_block_needs_no_pr():
    measured = without(having(qrs_ms=150.0, **LBBB_SHAPE), "pr_ms", Missing.P_INCONSISTENT)
    assert codes(measured) == {"left_bundle_branch_block"}


@pytest.mark.parametrize(
    ("shape", "reason"),
    [(LBBB_SHAPE, Reason.LBBB_SHAPE), (RBBB_SHAPE, Reason.RBBB_SHAPE)],
)
def test_the_shape_of_a_bundle_branch_block_is_not_a_nonspecific_delay(shape, reason):
    result = verdicts(having(qrs_ms=150.0, **shape))[IVCD]
    assert (result.state, result.reason) == (State.NOT_MET, reason)


def test_a_nonspecific_delay_is_withheld_while_left_bundle_branch_block_is_possible():
    wide = having(qrs_ms=150.0, v1_terminal_mv=-0.2, lateral_initial_mv=0.0)
    assert verdicts(wide)[IVCD].reason == Reason.LBBB_POSSIBLE


def test_a_nonspecific_delay_is_withheld_where_a_lead_is_missing():
    shape = {"lateral_terminal_mv": -0.2}
    wide = without(having(qrs_ms=150.0, **shape), "v1_terminal_mv", Missing.LEAD_MISSING)
    result = verdicts(wide)[IVCD]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.NOT_MEASURED)


def test_an_incomplete_block_is_withheld_for_qrs_measurement_error():
    result = verdicts(having(qrs_ms=114.0, **RBBB_SHAPE))["incomplete_right_bundle_branch_block"]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.NEAR_LIMIT)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_qt_is_not_suggested_in_fibrillation(seed, monkeypatch):
    rhythm = rhythms.fibrillation((72.0, 92.0))
    recipe = Condition(
        ("atrial_fibrillation",), rhythm, atria=Atria.FIBRILLATION, qtc_ms=(500.0, 520.0)
    )
    assert "prolonged_qt" not in synthetic(recipe, seed, monkeypatch)


def test_a_long_qt_in_fibrillation_is_withheld_for_the_rhythm():
    result = verdicts(having(qtc_bazett_ms=520.0, **IN_FIBRILLATION))["prolonged_qt"]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.IRREGULAR)
    assert [check.measurement for check in result.checks] == ["qtc_bazett_ms", "rr_variation"]


@pytest.mark.parametrize("formula", QtFormula)
def test_qt_is_corrected_by_the_named_formula(formula):
    measured = having(**{f"qtc_{formula}_ms": 490.0})
    result = criteria.suggest(measured, age_years=60, sex="F", qt_formula=formula)
    assert [item.code for item in result] == ["prolonged_qt"]
    assert result[0].evidence.startswith(f"QTc ({formula.title()}) 490 ms ≥ 460 ms")


@pytest.mark.parametrize("rate", [55.0, 101.0])
def test_bazett_is_not_used_outside_60_to_100_bpm(rate):
    measured = having(heart_rate_bpm=rate, qtc_bazett_ms=490.0, qtc_hodges_ms=490.0)
    assert verdicts(measured)["prolonged_qt"].reason == Reason.BAZETT_RATE
    hodges = verdicts(measured, qt_formula=QtFormula.HODGES)["prolonged_qt"]
    assert hodges.state == State.SUGGESTED


def test_low_chest_leads_alone_are_not_low_voltage():
    result = verdicts(having(precordial_voltage_mv=0.8))["low_qrs_voltage"]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.LIMB_LEADS)


def test_low_limb_leads_alone_are_low_voltage():
    assert codes(having(limb_voltage_mv=0.4)) == {"low_qrs_voltage"}


@pytest.mark.parametrize(
    ("degrees", "code"), [(91.0, "right_axis_deviation"), (-34.0, "left_axis_deviation")]
)
def test_an_axis_within_its_error_of_the_limit_is_withheld(degrees, code):
    result = verdicts(having(axis_deg=degrees))[code]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.NEAR_LIMIT)


def test_axis_deviation_is_withheld_in_right_bundle_branch_block():
    result = verdicts(having(axis_deg=110.0, qrs_ms=140.0, **RBBB_SHAPE))["right_axis_deviation"]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.RBBB_SHAPE)


def test_an_axis_beyond_minus_90_is_not_left_axis_deviation():
    result = verdicts(having(axis_deg=-94.0))["left_axis_deviation"]
    assert (result.state, result.checks[0].limit) == (State.NOT_MET, -90.0)


def test_fibrillation_is_suggested_from_irregular_rr_without_a_p_wave():
    (result,) = criteria.suggest(having(**IN_FIBRILLATION), age_years=60, sex="F")
    assert result.code == "atrial_fibrillation"
    assert result.evidence == "RR irregularity (COSEn) −0.50 > −1.4 (9 of 9 beats)"


def test_premature_beats_with_p_waves_are_not_fibrillation():
    assert codes(having(rr_entropy=-0.5, rr_variation=0.3)) == set()


def test_a_long_pr_with_an_inconsistent_p_wave_is_withheld():
    """Exam F1PRH of the demo: PR 246 ms; version 1 gave no reason for the missing suggestion."""
    result = verdicts(having(pr_ms=246.0, p_consistency=0.67))["first_degree_av_block"]
    assert (result.state, result.reason) == (State.WITHHELD, Reason.P_INCONSISTENT)
    assert [(check.measurement, check.value, check.limit) for check in result.checks] == [
        ("pr_ms", 246.0, 200.0),
        ("p_consistency", 0.67, 0.7),
    ]


def test_an_uncertain_measurement_is_withheld():
    uncertain = replace(having(), pr_ms=Measured.of(240.0, 0.3, 2))
    assert verdicts(uncertain)["first_degree_av_block"].reason == Reason.UNCERTAIN


def test_pacing_is_withheld_where_the_sampling_cannot_show_spikes():
    coarse = without(having(qrs_ms=150.0), "paced_share", Missing.RATE_TOO_COARSE)
    result = verdicts(coarse)
    assert result["pacemaker_rhythm"].checks[0].missing == Missing.RATE_TOO_COARSE
    assert result[IVCD].state == State.WITHHELD


def test_each_class_of_the_model_has_one_verdict():
    for condition in synth.CONDITIONS:
        measured = measure(synth.synthesize(condition, np.random.default_rng(1)).signal)
        result = criteria.examine(measured, age_years=None, sex=None)
        assert [item.code for item in result] == list(criteria.COVERED)


def test_a_verdict_is_plain_json():
    result = verdicts(having(pr_ms=246.0, p_consistency=0.67))["first_degree_av_block"]
    written = json.loads(json.dumps(result.to_json()))
    assert (written["class"], written["state"]) == ("first_degree_av_block", "withheld")
    assert written["checks"][0]["value"] == 246.0
