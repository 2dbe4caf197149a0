from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ecgreview.ecg.signal import INVALID, BadSignal, LeadStatus, Signal

from . import signals


def _samples(n: int = 10) -> np.ndarray:
    return np.zeros((12, n), dtype=np.int16)


BAD = {
    "eleven leads": {"samples": np.zeros((11, 10), dtype=np.int16)},
    "one axis": {"samples": np.zeros(12, dtype=np.int16)},
    "floats": {"samples": np.zeros((12, 10))},
    "no samples": {"samples": _samples(0)},
    "no rate": {"sampling_rate_hz": 0.0},
    "a rate that is not a number": {"sampling_rate_hz": float("nan")},
    "no unit": {"microvolts_per_lsb": 0.0},
    "an infinite unit": {"microvolts_per_lsb": float("inf")},
    "status of one lead": {"lead_status": (LeadStatus.RECORDED,)},
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
def test_an_invalid_signal_is_refused(change):
    good = {"samples": _samples(), "sampling_rate_hz": 500.0, "microvolts_per_lsb": 1.0}
    with pytest.raises(BadSignal):
        Signal(**(good | change))


def test_the_samples_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        signals.signal().samples[0, 0] = 1


def test_the_samples_are_a_copy():
    samples = _samples()
    signal = Signal(samples, 500.0, 1.0)
    samples[0, 0] = 7
    assert signal.samples[0, 0] == 0


def test_millivolts_follow_the_unit():
    signal = Signal(_samples() + np.int16(200), 500.0, 5.0)
    assert signal.millivolts() == pytest.approx(1.0)


def test_a_gap_has_no_millivolts():
    samples = _samples()
    samples[6, 3] = INVALID
    assert np.isnan(Signal(samples, 500.0, 1.0).millivolts()[6, 3])


def test_duration_follows_the_sampling_rate():
    assert Signal(_samples(5140), 257.0, 1.0).duration_s == 20.0


def test_missing_leads_are_named():
    status = (LeadStatus.MISSING, *[LeadStatus.RECORDED] * 11)
    assert Signal(_samples(), 500.0, 1.0, status).missing_leads == ("I",)


@pytest.mark.parametrize(
    "change",
    [
        {"sampling_rate_hz": 499.0},
        {"microvolts_per_lsb": 2.0},
        {"lead_status": (LeadStatus.DERIVED, *[LeadStatus.RECORDED] * 11)},
        {"samples": signals.signal().samples + np.int16(1)},
    ],
)
def test_different_signals_have_different_hashes(change):
    signal = signals.signal()
    assert dataclasses.replace(signal, **change).content_hash != signal.content_hash


def test_equal_signals_have_equal_hashes():
    assert signals.signal().content_hash == signals.signal().content_hash
