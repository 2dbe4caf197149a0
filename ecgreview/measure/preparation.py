"""A signal made ready for measuring: usable leads, no gaps, no spikes, one sampling rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import binary_dilation, median_filter
from scipy.signal import butter, sosfiltfilt

from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import Signal

RATE_HZ = 500.0
"""Everything is measured at this rate, so one sample is 2 ms."""

LOWEST_RATE_HZ = 90.0
SHORTEST_S = 1.5
LONGEST_S = 60.0
"""Of a longer recording only the first minute is measured."""

_FLAT_MV = 0.03
_SPIKE_MV = 0.3
_LOW_CUT_HZ = 0.3
_HIGH_CUT_HZ = 45.0


class Unmeasurable(ValueError):
    """The signal cannot be measured at all; the message is the sentence that says why."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A filtered signal.

    Attributes:
        millivolts: shape (12, n), at ``RATE_HZ``; zero where a lead is not usable.
        usable: shape (12,), which leads hold a signal.
        valid: shape (n,), False near gaps.
    """

    millivolts: NDArray[np.float64]
    usable: NDArray[np.bool_]
    valid: NDArray[np.bool_]

    def has(self, *names: str) -> bool:
        """Tell whether all these leads are usable."""
        return all(self.usable[LEADS.index(name)] for name in names)


def prepare(signal: Signal) -> Prepared:
    """Return ``signal`` ready for measuring.

    Raises:
        Unmeasurable: too short, too coarse, or without a usable lead.
    """
    rate = signal.sampling_rate_hz
    if rate < LOWEST_RATE_HZ:
        raise Unmeasurable(f"The sampling rate of {rate:g} Hz is too low to measure.")
    if signal.duration_s < SHORTEST_S:
        raise Unmeasurable(f"The recording of {signal.duration_s:.1f} s is too short to measure.")
    raw = signal.millivolts()[:, : int(LONGEST_S * rate)]
    gaps = np.isnan(raw)
    usable = gaps.mean(axis=1) < 0.2
    if not usable.any():
        raise Unmeasurable("No lead has a signal.")
    raw = _bridge(raw, gaps, usable)
    usable &= np.ptp(raw, axis=1) > _FLAT_MV
    if not usable.any():
        raise Unmeasurable("Every lead is flat.")
    raw[~usable] = 0.0
    filtered = _filter(_without_spikes(raw, rate), rate)
    return _at_common_rate(filtered, usable, ~gaps[usable].any(axis=0), rate)


def _bridge(
    raw: NDArray[np.float64], gaps: NDArray[np.bool_], usable: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return ``raw`` with straight lines over its gaps, zero in leads that are not usable."""
    bridged = np.where(gaps, 0.0, raw)
    places = np.arange(raw.shape[1])
    for row in np.flatnonzero(usable & gaps.any(axis=1)):
        gap = gaps[row]
        bridged[row, gap] = np.interp(places[gap], places[~gap], raw[row, ~gap])
    return bridged


def _without_spikes(raw: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Return ``raw`` centred, without deflections too narrow to come from a heart: pacing spikes."""
    centred: NDArray[np.float64] = raw - np.median(raw, axis=1, keepdims=True)
    width = int(0.012 * rate) | 1
    if width < 5:
        return centred
    smooth = median_filter(centred, size=(1, width), mode="nearest")
    rest = np.abs(centred - smooth)
    # Of a sharp R the filter takes a tenth, of a spike nearly all.
    is_spike = (rest > _SPIKE_MV) & (rest > 0.35 * np.abs(centred))
    if not is_spike.any():
        return centred
    with_skirts = binary_dilation(is_spike.any(axis=0), iterations=width // 2)
    return np.where(with_skirts & (rest > 0.01), smooth, centred)


def _filter(raw: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
    """Return ``raw`` without wander and mains, its phase unchanged."""
    high = butter(1, _LOW_CUT_HZ, btype="highpass", fs=rate, output="sos")
    low = butter(2, min(_HIGH_CUT_HZ, 0.4 * rate), fs=rate, output="sos")
    padding = min(int(rate), raw.shape[1] - 1)
    steady = sosfiltfilt(high, raw, axis=1, padlen=padding)
    filtered: NDArray[np.float64] = sosfiltfilt(low, steady, axis=1, padlen=padding)
    return filtered


def _at_common_rate(
    filtered: NDArray[np.float64],
    usable: NDArray[np.bool_],
    valid: NDArray[np.bool_],
    rate: float,
) -> Prepared:
    if rate == RATE_HZ:
        return Prepared(filtered, usable, valid)
    old = np.arange(filtered.shape[1]) / rate
    new = np.arange(0.0, old[-1], 1 / RATE_HZ)
    nearest = np.minimum(np.rint(new * rate).astype(int), old.size - 1)
    return Prepared(CubicSpline(old, filtered, axis=1)(new), usable, valid[nearest])
