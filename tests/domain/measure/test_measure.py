"""Measurements against exact truth, and changes that must not affect them."""

from __future__ import annotations

import json
import statistics
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecgreview.ecg import synth
from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import INVALID, LeadStatus, Signal
from ecgreview.measure import Measurements, measure
from ecgreview.measure.measurements import NAMES, Missing

SEEDS = range(100, 105)
SCENARIOS = (
    "normal_ecg",
    "sinus_bradycardia",
    "sinus_tachycardia",
    "sinus_arrhythmia",
    "first_degree_av_block",
    "left_bundle_branch_block",
    "right_bundle_branch_block",
    "left_anterior_fascicular_block",
    "ventricular_premature_complex",
    "pacemaker_rhythm",
    "prolonged_qt",
    "left_ventricular_hypertrophy",
)
WIDE = ("left_bundle_branch_block", "right_bundle_branch_block", "pacemaker_rhythm")
TIMES = ("pr_ms", "qrs_ms", "qt_ms")


@cache
def exam(condition: str, seed: int = 100, rate: float = 500.0) -> synth.SyntheticExam:
    return synth.synthesize(condition, np.random.default_rng(seed), sampling_rate_hz=rate)


@cache
def measured(condition: str, seed: int = 100, rate: float = 500.0) -> Measurements:
    return measure(exam(condition, seed, rate).signal)


def median_error(condition: str, name: str, rate: float = 500.0) -> float:
    errors = []
    for seed in SEEDS:
        value = getattr(measured(condition, seed, rate), name).value
        assert value is not None, (condition, seed, name)
        errors.append(value - getattr(exam(condition, seed, rate).truth, name))
    return float(abs(statistics.median(errors)))


def value_of(measurements: Measurements, name: str) -> float:
    value: float | None = getattr(measurements, name).value
    assert value is not None, getattr(measurements, name).reason
    return value


def with_samples(signal: Signal, samples: np.ndarray, **changes: object) -> Signal:
    rate = changes.get("rate", signal.sampling_rate_hz)
    status = changes.get("status", signal.lead_status)
    return Signal(samples.astype(np.int16), rate, signal.microvolts_per_lsb, status)  # type: ignore[arg-type]


@pytest.mark.parametrize("condition", SCENARIOS)
def test_no_beat_of_a_regular_rhythm_is_missed(condition):
    for seed in SEEDS:
        truth = exam(condition, seed).truth.beats_ms
        inner = [ms for ms in truth if 150 < ms < 9850]
        assert len(inner) <= measured(condition, seed).rr_variation.n_beats <= len(truth) + 1


@pytest.mark.parametrize("condition", SCENARIOS)
def test_pr_is_within_ten_milliseconds(condition):
    assert median_error(condition, "pr_ms") <= 10


@pytest.mark.parametrize("condition", SCENARIOS)
def test_qrs_is_within_ten_milliseconds_or_twenty_when_wide(condition):
    assert median_error(condition, "qrs_ms") <= (20 if condition in WIDE else 10)


@pytest.mark.parametrize("condition", SCENARIOS)
def test_qt_is_within_twenty_milliseconds(condition):
    assert median_error(condition, "qt_ms") <= 20


@pytest.mark.parametrize("condition", SCENARIOS)
def test_the_axis_is_within_five_degrees(condition):
    assert median_error(condition, "axis_deg") <= 5


@pytest.mark.parametrize("condition", SCENARIOS)
def test_the_rate_is_within_three_beats_per_minute(condition):
    assert median_error(condition, "heart_rate_bpm") <= 3


@pytest.mark.parametrize("rate", [100.0, 240.0, 400.0, 1000.0])
@pytest.mark.parametrize("name", TIMES)
def test_intervals_hold_at_other_sampling_rates(rate, name):
    assert median_error("normal_ecg", name, rate) <= 12


@pytest.mark.parametrize(
    "condition", ["atrial_fibrillation", "atrial_flutter", "complete_av_block"]
)
def test_no_pr_is_reported_without_a_conducted_p_wave(condition):
    is_reported = [measured(condition, seed).pr_ms.value is not None for seed in SEEDS]
    assert sum(is_reported) <= 1


def test_pr_and_qt_are_withheld_above_120_bpm():
    result = measured("supraventricular_tachycardia")
    assert result.pr_ms.value is None
    assert result.qt_ms.value is None
    assert result.qt_ms.reason == Missing.FAST_RATE


def test_qt_is_corrected_by_the_formulas_of_bazett_and_fridericia():
    result = measured("prolonged_qt")
    rr_s, qt_ms = 60 / value_of(result, "heart_rate_bpm"), value_of(result, "qt_ms")
    assert value_of(result, "qtc_bazett_ms") == pytest.approx(qt_ms / rr_s**0.5, abs=0.1)
    assert value_of(result, "qtc_fridericia_ms") == pytest.approx(qt_ms / rr_s ** (1 / 3), abs=0.1)


def test_low_voltage_is_measured_below_half_a_millivolt():
    assert value_of(measured("low_qrs_voltage"), "limb_voltage_mv") < 0.5


def test_the_blocked_p_wave_of_two_to_one_block_is_detected():
    assert value_of(measured("av_block_2_1"), "second_p_ratio") > 0.7
    assert value_of(measured("sinus_bradycardia"), "second_p_ratio") < 0.3


def test_paced_beats_are_detected_by_their_spikes():
    assert measured("pacemaker_rhythm").paced_share.value == 1.0
    assert measured("left_bundle_branch_block").paced_share.value == 0.0


def test_pacing_is_unknown_when_sampling_cannot_show_spikes():
    share = measured("pacemaker_rhythm", rate=100.0).paced_share
    assert (share.value, share.reason) == (None, Missing.RATE_TOO_COARSE)


@pytest.mark.parametrize("condition", ["sinus_bradycardia", "normal_ecg", "sinus_tachycardia"])
def test_a_sinus_p_wave_rises_in_leads_i_and_ii(condition):
    assert all(value_of(measured(condition, seed), "p_upright_mv") > 0.04 for seed in SEEDS)


@pytest.mark.parametrize("condition", ["atrial_fibrillation", "junctional_rhythm"])
def test_no_p_wave_is_measured_without_one_before_qrs(condition):
    assert all(value_of(measured(condition, seed), "p_upright_mv") < 0.02 for seed in SEEDS)


def test_linear_corrections_follow_framingham_as_well_as_hodges():
    result = measured("prolonged_qt")
    rate, qt_ms = value_of(result, "heart_rate_bpm"), value_of(result, "qt_ms")
    assert value_of(result, "qtc_framingham_ms") == pytest.approx(
        qt_ms + 154 * (1 - 60 / rate), abs=0.1
    )
    assert value_of(result, "qtc_hodges_ms") == pytest.approx(qt_ms + 1.75 * (rate - 60), abs=0.1)


@pytest.mark.parametrize("factor", [0.5, 2.0, 3.0])
def test_amplitude_does_not_change_timing(factor):
    signal = exam("normal_ecg").signal
    result = measure(with_samples(signal, np.rint(signal.samples * factor)))
    for name in TIMES:
        assert getattr(result, name).value == pytest.approx(
            getattr(measured("normal_ecg"), name).value, abs=4
        )


def test_inverting_every_lead_does_not_change_timing():
    signal = exam("normal_ecg").signal
    result = measure(with_samples(signal, -signal.samples))
    assert result.qrs_ms.value == measured("normal_ecg").qrs_ms.value


@pytest.mark.parametrize("lead", LEADS)
def test_a_missing_lead_does_not_prevent_other_measurements(lead):
    signal = exam("normal_ecg").signal
    row = LEADS.index(lead)
    samples = signal.samples.copy()
    samples[row] = INVALID
    status = tuple(LeadStatus.MISSING if i == row else s for i, s in enumerate(signal.lead_status))
    result = measure(with_samples(signal, samples, status=status))
    assert result.qrs_ms.value == pytest.approx(measured("normal_ecg").qrs_ms.value, abs=10)


def test_the_axis_needs_lead_i():
    signal = exam("normal_ecg").signal
    samples = signal.samples.copy()
    samples[0] = 0
    result = measure(with_samples(signal, samples))
    assert result.axis_deg.value is None
    assert result.axis_deg.reason == Missing.LEAD_MISSING


def test_a_gap_only_loses_its_beats():
    signal = exam("normal_ecg").signal
    samples = signal.samples.copy()
    samples[:, 2000:2400] = INVALID
    result = measure(with_samples(signal, samples))
    assert result.pr_ms.value == pytest.approx(measured("normal_ecg").pr_ms.value, abs=6)
    assert result.pr_ms.n_beats < measured("normal_ecg").pr_ms.n_beats


def test_zero_padding_hardly_changes_measurements():
    signal = exam("normal_ecg").signal
    result = measure(with_samples(signal, np.pad(signal.samples, ((0, 0), (600, 600)))))
    for name in (*TIMES, "heart_rate_bpm"):
        expected = getattr(measured("normal_ecg"), name).value
        assert getattr(result, name).value == pytest.approx(expected, abs=4)


@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (Signal(np.zeros((12, 5000), np.int16), 500, 1), Missing.NO_SIGNAL),
        (Signal(np.full((12, 5000), INVALID), 500, 1), Missing.NO_SIGNAL),
        (Signal(np.zeros((12, 100), np.int16), 500, 1), Missing.TOO_SHORT),
        (Signal(np.zeros((12, 5000), np.int16), 50, 1), Missing.RATE_TOO_COARSE),
    ],
    ids=["flat", "missing", "short", "coarse"],
)
def test_an_impossible_measurement_has_a_reason(signal, reason):
    result = measure(signal)
    for name in NAMES:
        assert getattr(result, name).value is None
        assert getattr(result, name).reason == reason


@pytest.mark.parametrize("seed", range(3))
def test_white_noise_has_no_beats(seed):
    noise = np.random.default_rng(seed).normal(0, 200, (12, 5000)).astype(np.int16)
    assert measure(Signal(noise, 500, 1)).heart_rate_bpm.value is None


def test_a_short_strip_gives_a_reason_instead_of_an_error():
    signal = exam("normal_ecg").signal
    result = measure(with_samples(signal, signal.samples[:, :900]))
    assert result.heart_rate_bpm.value is None
    assert result.pr_ms.reason


def test_every_missing_value_has_a_reason():
    for condition in synth.CONDITIONS:
        for name in NAMES:
            value = getattr(measured(condition), name)
            assert (value.value is None) == bool(value.reason)
            assert 0 <= value.confidence <= 1


def test_measurements_are_plain_json():
    written = json.loads(json.dumps(measured("normal_ecg").to_json()))
    assert written["method_version"] == "median-beat-2"
    assert set(written["pr_ms"]) == {"value", "confidence", "n_beats", "reason"}


@given(
    seed=st.integers(0, 2**16),
    n=st.integers(1, 3000),
    rate=st.sampled_from([50.0, 100.0, 257.3, 500.0, 2000.0]),
    size=st.sampled_from([1, 30, 3000, 32767]),
    holes=st.booleans(),
)
def test_no_valid_signal_raises(seed, n, rate, size, holes):
    rng = np.random.default_rng(seed)
    samples = rng.integers(-size, size + 1, (12, n)).astype(np.int16)
    if holes:
        samples[rng.random((12, n)) < 0.3] = INVALID
    measure(Signal(samples, rate, 4.88))
