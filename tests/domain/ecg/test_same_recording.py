"""One recording is recognized at another rate and gain; two recordings are never taken for one."""

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
def twins(shared_data) -> dict[str, dict[int, Signal]]:
    """The recordings of PTB-XL, each at 500 and at 100 Hz, by their number."""
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


def share_a_band(one: Signal, other: Signal) -> bool:
    return not set(same_recording.fingerprint(one)).isdisjoint(same_recording.fingerprint(other))


def test_the_same_recording_at_a_fifth_of_the_rate_is_recognized(twins):
    missed = [
        number
        for number, rates in twins.items()
        if not share_a_band(rates[500], rates[100])
        or not same_recording.is_same(rates[500], rates[100])
    ]
    assert (len(twins), missed) == (32, [])


def test_no_two_recordings_are_taken_for_one(twins):
    rates = size([(500, 100)], [(number, other) for number in (500, 100) for other in (500, 100)])
    alike = [
        (one, other)
        for (one, first), (other, second) in combinations(twins.items(), 2)
        for rate_of_one, rate_of_other in rates
        if same_recording.is_same(first[rate_of_one], second[rate_of_other])
        or share_a_band(first[rate_of_one], second[rate_of_other])
    ]
    assert alike == []


def test_another_gain_of_each_lead_and_another_baseline_change_nothing(noise):
    gains = np.linspace(0.3, 1.0, 12)[:, None]
    drift = 300 * np.sin(np.linspace(0, 4, 5000))
    samples = np.round(noise.samples * gains + drift).astype(np.int16)
    other = Signal(samples, 500.0, 4.88)
    assert share_a_band(noise, other)
    assert same_recording.is_same(noise, other)


def test_a_filter_against_the_mains_changes_nothing(noise):
    b, a = filters.iirnotch(50.0, 30.0, fs=500.0)
    samples = filters.filtfilt(b, a, noise.samples).astype(np.int16)
    assert same_recording.is_same(noise, Signal(samples, 500.0, 1.0))


def test_what_is_cut_off_or_padded_after_seven_seconds_changes_nothing(noise):
    padded = np.pad(noise.samples, ((0, 0), (0, 500)))
    for samples in (noise.samples[:, :3500], padded):
        other = Signal(samples, 500.0, 1.0)
        assert share_a_band(noise, other)
        assert same_recording.is_same(noise, other)


def test_two_spoiled_leads_are_not_held_against_a_copy(noise):
    samples = noise.samples.copy()
    samples[[6, 7]] = 0
    assert same_recording.is_same(noise, Signal(samples, 500.0, 1.0))


def test_exchanged_leads_make_another_recording(noise):
    order = [1, 0, 2, 3, 4, 5, 11, 10, 9, 8, 7, 6]
    assert not same_recording.is_same(noise, Signal(noise.samples[order], 500.0, 1.0))


def test_flat_lines_are_the_same_as_nothing():
    flat = Signal(np.zeros((12, 5000), dtype=np.int16), 500.0, 1.0)
    assert same_recording.fingerprint(flat) == ()
    assert not same_recording.is_same(flat, flat)


def test_numbers_fit_into_the_database(noise):
    numbers = same_recording.fingerprint(noise)
    assert len(set(numbers)) == same_recording.N_BANDS
    assert all(0 <= number < 2**63 for number in numbers)


def test_numbers_stay_the_same_for_ever(noise):
    # Stored ones are compared with those of later versions.
    assert same_recording.fingerprint(noise)[:2] == FIRST_TWO


FIRST_TWO = (2690984734, 7493706217)
