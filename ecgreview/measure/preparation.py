"""Prepare a signal for measurement: find usable leads, fill gaps, remove spikes, resample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_dilation, median_filter
from scipy.signal import butter, sosfiltfilt

from ecgreview.ecg.signal import Signal

from .measurements import Missing

# Everything is measured at this rate, so one sample is 2 ms.
RATE_HZ = 500.0

LOWEST_RATE_HZ = 90.0
SHORTEST_S = 1.5
# Only the first minute of a longer recording is measured.
MAX_LENGTH_S = 60.0

_FLAT_MV = 0.03
_SPIKE_MV = 0.3
_SKIRT_MV = 0.01
_LEAST_SPIKE_WIDTH = 5
_LOW_CUT_HZ = 0.3
_HIGH_CUT_HZ = 45.0


class Unmeasurable(ValueError):
    """The signal cannot be measured at all."""

    def __init__(self, reason: Missing) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Prepared:
    """A signal that is ready to be measured.

    Attributes:
        millivolts: shape (12, n), at ``RATE_HZ``; zero where a lead is not usable.
        valid: shape (n,), False in gaps.
        usable: shape (12,), True for leads that have a signal.
        start_s: time of sample 0 in the recording; above 0 if padding was cut off.
        spikes: samples at which a pacing spike, or an artifact that looks like one, was removed.
        shows_spikes: whether the sampling rate is high enough to show pacing spikes.
    """

    millivolts: NDArray[np.float64]
    valid: NDArray[np.bool_]
    usable: NDArray[np.bool_]
    spikes: NDArray[np.intp]
    start_s: float
    shows_spikes: bool


def prepare(signal: Signal) -> Prepared:
    """Prepare ``signal`` for measurement.

    Raises:
        Unmeasurable: the recording is too short, its sampling rate is too low, or it has no usable
            lead.
    """
    rate = signal.sampling_rate_hz
    if rate < LOWEST_RATE_HZ:
        raise Unmeasurable(Missing.RATE_TOO_COARSE)
    if signal.duration_s < SHORTEST_S:
        raise Unmeasurable(Missing.TOO_SHORT)
    raw = signal.millivolts()[:, : int(MAX_LENGTH_S * rate)]
    raw, n_cut = _without_padding(raw)
    gaps = np.isnan(raw)
    usable = gaps.mean(axis=1) < 0.2
    if not usable.any():
        raise Unmeasurable(Missing.NO_SIGNAL)
    raw = _bridge(raw, gaps, usable)
    usable &= np.ptp(raw, axis=1) > _FLAT_MV
    if not usable.any():
        raise Unmeasurable(Missing.NO_SIGNAL)
    raw[~usable] = 0.0
    raw -= np.median(raw, axis=1, keepdims=True)
    spiky, smooth = _spikes(raw, rate)
    filtered = _filter(np.where(spiky, smooth, raw), rate)
    valid = ~gaps[usable].any(axis=0)
    spikes = np.rint(_starts(spiky) * (RATE_HZ / rate)).astype(np.intp)
    return Prepared(
        *_at_common_rate(filtered, valid, rate),
        usable=usable,
        spikes=spikes,
        start_s=n_cut / rate,
        shows_spikes=_spike_width(rate) >= _LEAST_SPIKE_WIDTH,
    )


def _without_padding(raw: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Return ``raw`` without the ends in which no lead changes.

    Also returns the number of samples cut off at the start. CODE-15 pads recordings with zeros at
    both ends.
    """
    moves = np.flatnonzero(
        (np.diff(raw, axis=1) != 0).any(axis=0) & ~np.isnan(raw[:, 1:]).all(axis=0)
    )
    return (raw[:, moves[0] + 1 : moves[-1] + 1], int(moves[0]) + 1) if moves.size else (raw, 0)


def _bridge(
    raw: NDArray[np.float64], gaps: NDArray[np.bool_], usable: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Interpolate the gaps of usable leads linearly, and set those of other leads to zero."""
    bridged = np.where(gaps, 0.0, raw)
    places = np.arange(raw.shape[1])
    for row in np.flatnonzero(usable & gaps.any(axis=1)):
        gap = gaps[row]
        bridged[row, gap] = np.interp(places[gap], places[~gap], raw[row, ~gap])
    return bridged


def _spikes(raw: NDArray[np.float64], rate: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Find peaks that are too narrow to come from the heart.

    Args:
        raw: shape (12, n), mV, each lead centered.
        rate: sampling rate in Hz; below 334 Hz a spike is too few samples wide to be detected.

    Returns:
        A mask of the samples to replace, and ``raw`` smoothed, both of shape (12, n).
    """
    width = _spike_width(rate)
    if width < _LEAST_SPIKE_WIDTH:
        return np.zeros(raw.shape, dtype=np.bool_), raw
    smooth: NDArray[np.float64] = median_filter(raw, size=(1, width), mode="nearest")
    residual = np.abs(raw - smooth)
    # The filter removes a tenth of a sharp R wave, but nearly all of a spike.
    core = ((residual > _SPIKE_MV) & (residual > 0.35 * np.abs(raw))).any(axis=0)
    near = binary_dilation(core, iterations=width // 2) if core.any() else core
    return near & (residual > _SKIRT_MV), smooth


def _spike_width(rate: float) -> int:
    """Return the width of the median filter that removes spikes: an odd number of samples."""
    return int(0.012 * rate) | 1


def _starts(flags: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the samples at which ``flags``, shape (n_leads, n), turn True in any lead."""
    anywhere = flags.max(axis=0).astype(np.int8)
    return np.flatnonzero(np.diff(anywhere, prepend=0) == 1)


def _filter(raw: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Return ``raw`` without baseline wander and mains noise, with zero phase shift."""
    high = butter(1, _LOW_CUT_HZ, btype="highpass", fs=rate, output="sos")
    low = butter(2, min(_HIGH_CUT_HZ, 0.4 * rate), fs=rate, output="sos")
    padding = min(int(rate), raw.shape[1] - 1)
    steady = sosfiltfilt(high, raw, axis=1, padlen=padding)
    filtered: NDArray[np.float64] = sosfiltfilt(low, steady, axis=1, padlen=padding)
    return filtered


def _at_common_rate(
    filtered: NDArray[np.float64], valid: NDArray[np.bool_], rate: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    if rate == RATE_HZ:
        return filtered, valid
    old = np.arange(filtered.shape[1]) / rate
    new = np.arange(0.0, old[-1], 1 / RATE_HZ)
    nearest = np.minimum(np.rint(new * rate).astype(int), old.size - 1)
    return CubicSpline(old, filtered, axis=1)(new), valid[nearest]
