"""Synthetic exams: exact truth, exact lead identities, reproducible from the seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgreview.ecg import leads, synth

yaml = pytest.importorskip("yaml")

CLASSES = Path(__file__).parents[3] / "ecgreview" / "taxonomy" / "ecg_review_66.yaml"


def exam(condition: str, seed: int = 0, **options: float) -> synth.SyntheticExam:
    return synth.synthesize(condition, np.random.default_rng(seed), **options)


def lead(synthetic_exam: synth.SyntheticExam, name: str) -> NDArray[np.int32]:
    row: NDArray[np.int32] = synthetic_exam.signal.samples[leads.LEADS.index(name)].astype(np.int32)
    return row


@pytest.mark.parametrize("condition", synth.CONDITIONS)
def test_an_exam_is_ten_seconds_of_twelve_leads_in_microvolts(condition):
    signal = exam(condition).signal
    assert (signal.samples.shape, signal.sampling_rate_hz, signal.microvolts_per_lsb) == (
        (12, 5000),
        500.0,
        1.0,
    )


@pytest.mark.parametrize("condition", synth.CONDITIONS)
def test_einthovens_law_holds_in_the_stored_integers(condition):
    synthetic_exam = exam(condition)
    assert np.array_equal(
        lead(synthetic_exam, "III"), lead(synthetic_exam, "II") - lead(synthetic_exam, "I")
    )


@pytest.mark.parametrize("condition", synth.CONDITIONS)
def test_goldbergers_leads_follow_the_integer_rule_of_the_packet(condition):
    synthetic_exam = exam(condition)
    lead_i, lead_ii = lead(synthetic_exam, "I"), lead(synthetic_exam, "II")
    assert np.array_equal(lead(synthetic_exam, "aVR"), -((lead_i + lead_ii) >> 1))
    assert np.array_equal(lead(synthetic_exam, "aVL"), (2 * lead_i - lead_ii) >> 1)
    assert np.array_equal(lead(synthetic_exam, "aVF"), (2 * lead_ii - lead_i) >> 1)


@pytest.mark.parametrize("condition", synth.CONDITIONS)
def test_the_same_seed_makes_the_same_exam(condition):
    first, second = exam(condition, seed=7), exam(condition, seed=7)
    assert first.signal.content_hash == second.signal.content_hash
    assert first.truth == second.truth


def test_another_seed_makes_another_exam():
    assert exam("normal_ecg", 1).signal.content_hash != exam("normal_ecg", 2).signal.content_hash


def test_an_unknown_condition_is_refused():
    with pytest.raises(synth.UnknownCondition):
        exam("hiccups")


def test_every_finding_is_a_class_of_the_taxonomy():
    if not CLASSES.exists():
        pytest.skip("the taxonomy is not there")
    codes = {c["code"] for c in yaml.safe_load(CLASSES.read_text())["classes"]}
    assert {code for findings in synth.FINDINGS.values() for code in findings} <= codes


def test_a_normal_exam_has_no_other_finding():
    assert synth.FINDINGS["normal_ecg"] == ("normal_ecg",)


@pytest.mark.parametrize("rate", [100.0, 240.0, 360.0, 1000.0])
def test_any_common_sampling_rate_is_possible(rate):
    assert exam("normal_ecg", sampling_rate_hz=rate).signal.n_samples == round(10 * rate)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("normal_ecg", 50, 100),
        ("sinus_bradycardia", 36, 49.9),
        ("sinus_tachycardia", 100.1, 120),
        ("supraventricular_tachycardia", 150, 200),
        ("complete_av_block", 30, 45),
    ],
)
def test_the_rate_is_that_of_the_condition(condition, low, high, seed):
    assert low <= exam(condition, seed).truth.heart_rate_bpm <= high


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("normal_ecg", 10, 80),
        ("left_bundle_branch_block", -29, 60),
        ("right_bundle_branch_block", 20, 89),
        ("left_anterior_fascicular_block", -80, -46),
        ("bifascicular_block", -89, -46),
        ("pacemaker_rhythm", -85, -40),
    ],
)
def test_the_frontal_axis_is_that_of_the_condition(condition, low, high, seed):
    assert low <= exam(condition, seed).truth.axis_deg <= high


@pytest.mark.parametrize("seed", range(5))
def test_r_grows_from_v1_to_v4_in_a_normal_exam(seed):
    synthetic_exam = exam("normal_ecg", seed, noise_gain=0.0)
    heights = [lead(synthetic_exam, name).max() for name in ("V1", "V2", "V3", "V4")]
    assert heights == sorted(heights)


@pytest.mark.parametrize("seed", range(5))
def test_left_bundle_branch_block_has_discordant_t_waves(seed):
    synthetic_exam = exam("left_bundle_branch_block", seed, noise_gain=0.0)
    onset = next(int(ms / 2) for ms in synthetic_exam.truth.beats_ms if ms > 1000)
    t_peak = slice(onset + 90, onset + 130)
    assert lead(synthetic_exam, "V1")[onset] < -500 < 100 < lead(synthetic_exam, "V1")[t_peak].max()
    assert lead(synthetic_exam, "V6")[onset] > 500 > -100 > lead(synthetic_exam, "V6")[t_peak].min()


@pytest.mark.parametrize("seed", range(5))
def test_low_voltage_keeps_every_limb_lead_below_half_a_millivolt(seed):
    synthetic_exam = exam("low_qrs_voltage", seed, noise_gain=0.0)
    assert max(np.ptp(row) for row in synthetic_exam.signal.samples[:6].astype(np.int32)) < 500


@pytest.mark.parametrize("seed", range(5))
def test_hypertrophy_meets_sokolow_and_lyons_35_mm(seed):
    synthetic_exam = exam("left_ventricular_hypertrophy", seed, noise_gain=0.0)
    assert (
        -lead(synthetic_exam, "V1").min()
        + max(lead(synthetic_exam, "V5").max(), lead(synthetic_exam, "V6").max())
        >= 3500
    )


def test_wenckebach_drops_every_fourth_beat():
    truth = exam("mobitz_i_av_block").truth
    assert len(truth.beats_ms) / len(truth.p_onsets_ms) == pytest.approx(0.75, abs=0.09)


@pytest.mark.parametrize("seed", range(5))
def test_the_pause_after_a_ventricular_beat_is_compensatory(seed):
    truth = exam("ventricular_premature_complex", seed).truth
    at = truth.is_ectopic.index(True, 1)
    assert at + 1 < len(truth.beats_ms)
    around = truth.beats_ms[at + 1] - truth.beats_ms[at - 1]
    assert around == pytest.approx(2 * truth.rr_ms, rel=0.06)


def test_ectopic_beats_are_marked_in_the_truth():
    assert sum(exam("ventricular_bigeminy").truth.is_ectopic) >= 4
    assert not any(exam("normal_ecg").truth.is_ectopic)


def test_the_clean_signal_is_flat_before_each_p_wave():
    synthetic_exam = exam("first_degree_av_block", noise_gain=0.0)
    for onset in synthetic_exam.truth.p_onsets_ms[1:-1]:
        assert np.ptp(lead(synthetic_exam, "II")[int(onset / 2) - 12 : int(onset / 2)]) <= 3
