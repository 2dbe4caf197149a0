"""A recording is recognized at another rate and gain; different recordings never match."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import signal as filters

from ecgreview.ecg import formats, same_recording
from ecgreview.ecg.formats import Recording
from ecgreview.ecg.signal import Signal
from tests.sizes import size


@pytest.fixture(scope="module")
def recordings_by_number(shared_data) -> dict[str, dict[int, Signal]]:
    """The PTB-XL recordings by number, then by sampling rate (500 and 100 Hz)."""
    result: dict[str, dict[int, Signal]] = {}
    root = shared_data / "ptbxl"
    for file in formats.find(root):
        for recording in formats.read(file, root):
            assert isinstance(recording, Recording)
            number = file.name.split("_")[0]
            rate = round(recording.signal.sampling_rate_hz)
            result.setdefault(number, {})[rate] = recording.signal
    return result


@pytest.fixture
def noise() -> Signal:
    rng = np.random.default_rng(4)
    return Signal(rng.integers(-900, 900, (12, 5000), dtype=np.int16), 500.0, 1.0)


def share_a_band(a: Signal, b: Signal) -> bool:
    return not set(same_recording.fingerprint(a)).isdisjoint(same_recording.fingerprint(b))


def test_the_same_recording_at_a_fifth_of_the_rate_is_recognized(recordings_by_number):
    missed = [
        number
        for number, rates in recordings_by_number.items()
        if not share_a_band(rates[500], rates[100])
        or not same_recording.is_same(rates[500], rates[100])
    ]
    assert (len(recordings_by_number), missed) == (32, [])


def test_different_recordings_are_not_confused(recordings_by_number):
    rates = size([(500, 100)], [(number, b) for number in (500, 100) for b in (500, 100)])
    alike = [
        (a, b)
        for (a, first), (b, second) in combinations(recordings_by_number.items(), 2)
        for rate_of_one, rate_of_other in rates
        if same_recording.is_same(first[rate_of_one], second[rate_of_other])
        or share_a_band(first[rate_of_one], second[rate_of_other])
    ]
    assert alike == []


def test_gain_and_baseline_per_lead_do_not_matter(noise):
    gains = np.linspace(0.3, 1.0, 12)[:, None]
    drift = 300 * np.sin(np.linspace(0, 4, 5000))
    samples = np.round(noise.samples * gains + drift).astype(np.int16)
    b = Signal(samples, 500.0, 4.88)
    assert share_a_band(noise, b)
    assert same_recording.is_same(noise, b)


def test_a_mains_filter_does_not_matter(noise):
    b, a = filters.iirnotch(50.0, 30.0, fs=500.0)
    samples = filters.filtfilt(b, a, noise.samples).astype(np.int16)
    assert same_recording.is_same(noise, Signal(samples, 500.0, 1.0))


def test_cutting_or_padding_after_seven_seconds_does_not_matter(noise):
    padded = np.pad(noise.samples, ((0, 0), (0, 500)))
    for samples in (noise.samples[:, :3500], padded):
        b = Signal(samples, 500.0, 1.0)
        assert share_a_band(noise, b)
        assert same_recording.is_same(noise, b)


def test_two_spoiled_leads_do_not_matter(noise):
    samples = noise.samples.copy()
    samples[[6, 7]] = 0
    assert same_recording.is_same(noise, Signal(samples, 500.0, 1.0))


def test_exchanged_leads_are_another_recording(noise):
    order = [1, 0, 2, 3, 4, 5, 11, 10, 9, 8, 7, 6]
    assert not same_recording.is_same(noise, Signal(noise.samples[order], 500.0, 1.0))


def test_flat_lines_match_no_recording():
    flat = Signal(np.zeros((12, 5000), dtype=np.int16), 500.0, 1.0)
    assert same_recording.fingerprint(flat) == ()
    assert not same_recording.is_same(flat, flat)


def test_fingerprints_fit_database_integers(noise):
    numbers = same_recording.fingerprint(noise)
    assert len(set(numbers)) == same_recording.N_BANDS
    assert all(0 <= number < 2**63 for number in numbers)


def test_fingerprints_are_stable(noise):
    # Databases store fingerprints, so later versions must compute the same ones.
    assert same_recording.fingerprint(noise)[:2] == FIRST_TWO


FIRST_TWO = (2690984734, 7493706217)
