"""Find the onsets and ends of P, QRS and T on the median beat, over all leads together.

Global fiducials (earliest onset, latest end over simultaneous leads) follow the AHA/ACCF/HRS
recommendations: Kligfield et al. 2007, Circulation 115:1306.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .measurements import Missing
from .preparation import RATE_HZ

MS_PER_SAMPLE = 1000.0 / RATE_HZ


class FiducialNotFound(ValueError):
    """The onset or end of a wave cannot be found."""

    def __init__(self, reason: Missing) -> None:
        super().__init__(reason)
        self.reason = reason


def speed(beat: NDArray[np.float64], smooth_ms: float) -> NDArray[np.float64]:
    """Return how fast the signal moves, as the norm of its slopes in all leads.

    Args:
        beat: shape (n_leads, n), mV.
        smooth_ms: standard deviation of the Gaussian smoothing.

    Returns:
        Shape (n,), mV per sample.
    """
    slopes = gaussian_filter1d(beat, smooth_ms / MS_PER_SAMPLE, axis=1, order=1)
    size: NDArray[np.float64] = np.sqrt((slopes**2).sum(axis=0))
    return size


def qrs_bounds(beat: NDArray[np.float64], center: int) -> tuple[int, int]:
    """Return the first and last sample of the QRS around ``center``.

    Raises:
        FiducialNotFound: the edges are lost in noise.
    """
    moving = speed(beat, 2.0)
    near = slice(max(center - _samples(90), 0), center + _samples(110))
    fastest = float(moving[near].max())
    floor = float(np.percentile(moving[max(center - _samples(350), 0) : near.stop], 10))
    level = floor + 0.030 * fastest
    # Flutter waves raise the floor, and must not be mistaken for the end of QRS.
    swift = moving[near] > 0.15 * fastest + 2.0 * floor
    peaks = np.flatnonzero(swift) + near.start
    if floor > 0.2 * fastest:
        raise FiducialNotFound(Missing.QRS_EDGES)
    onset = _quiet_before(moving, int(peaks[0]), level, _samples(10))
    offset = _quiet_after(moving, int(peaks[-1]), level * 1.25, _samples(6))
    latest = int(peaks[-1]) + _samples(70)
    if offset > latest:  # ST slopes right after QRS: J is the slowest sample
        offset = int(peaks[-1]) + int(np.argmin(moving[peaks[-1] : latest]))
    return onset, offset


def p_onset(beat: NDArray[np.float64], qrs_onset: int, earliest: int) -> int:
    """Return the first sample of the P wave between ``earliest`` and QRS.

    Raises:
        FiducialNotFound: there is no room for a P wave, none stands out from a quiet baseline, as
            in fibrillation or flutter, or it begins before ``earliest``.
    """
    latest = qrs_onset - _samples(24)
    if latest - earliest < _samples(70):
        raise FiducialNotFound(Missing.NO_ROOM_FOR_P)
    moving = speed(beat, 6.0)
    window = moving[earliest:latest]
    fastest = int(np.argmax(window[_samples(20) :])) + _samples(20)
    quiet = float(np.percentile(window, 15))
    if window[fastest] < 3.0 * quiet:
        raise FiducialNotFound(Missing.NO_P)
    first = _first_hump(window, fastest)
    level = quiet + 0.18 * (window[first] - quiet)
    start = _quiet_before(window, first, level, _samples(8))
    if _is_restless(window, start, float(window[first])):
        raise FiducialNotFound(Missing.RESTLESS)
    if start <= 1:
        raise FiducialNotFound(Missing.P_ONSET)
    return earliest + start


def t_end(beat: NDArray[np.float64], qrs_offset: int, latest: int) -> int:
    """Return the sample at which the tangent to the steepest descent of T meets the baseline.

    The leads are first projected onto the direction in which T is largest.

    Raises:
        FiducialNotFound: T is flat or cut off, its end is lost, or there is no room for it.
    """
    start = qrs_offset + _samples(50)
    if latest - start < _samples(150):
        raise FiducialNotFound(Missing.NO_ROOM_FOR_T)
    direction = _main_direction(beat[:, start:latest])
    t = gaussian_filter1d(direction @ beat, 4.0)
    peak = start + int(np.argmax(np.abs(t[start:latest])))
    height = float(t[peak])
    slope = np.gradient(t) * -np.sign(height)
    stop = min(peak + _samples(200), latest)
    if abs(height) < 0.06 or stop - peak < _samples(30):
        raise FiducialNotFound(Missing.FLAT_T)
    steepest = peak + int(np.argmax(slope[peak:stop]))
    if slope[steepest] <= 0:
        raise FiducialNotFound(Missing.T_END)
    end = steepest + abs(float(t[steepest])) / float(slope[steepest])
    if not steepest < end < steepest + _samples(200):
        raise FiducialNotFound(Missing.T_END)
    return round(end)


def _is_restless(window: NDArray[np.float64], start: int, height: float) -> bool:
    """Return whether there is nearly as much movement around the P wave as in it."""
    # Skip the end of T, which is not part of the baseline.
    before = window[_samples(24) : max(start - _samples(10), 0)]
    behind = window[start + _samples(150) :]
    surroundings = np.concatenate([before, behind])
    return (
        surroundings.size > _samples(50) and float(np.percentile(surroundings, 95)) > 0.6 * height
    )


def _main_direction(segment: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit vector over leads, shape (n_leads,), along which ``segment`` is largest."""
    directions, _, _ = np.linalg.svd(segment @ segment.T)
    direction: NDArray[np.float64] = directions[:, 0]
    return direction


def _first_hump(window: NDArray[np.float64], fastest: int) -> int:
    """Return the earliest speed peak of the P wave whose fastest peak is at ``fastest``."""
    reach = max(fastest - _samples(110), 1)
    for i in range(reach, fastest):
        is_peak = window[i - 1] <= window[i] >= window[i + 1]
        if is_peak and window[i] > 0.45 * window[fastest]:
            return i
    return fastest


def _quiet_before(values: NDArray[np.float64], start: int, level: float, n_quiet: int) -> int:
    """Return the sample after the last run of ``n_quiet`` quiet samples before ``start``, or 0."""
    run = 0
    for i in range(start, -1, -1):
        run = run + 1 if values[i] < level else 0
        if run >= n_quiet:
            return i + n_quiet
    return 0


def _quiet_after(values: NDArray[np.float64], start: int, level: float, n_quiet: int) -> int:
    return values.size - 1 - _quiet_before(values[::-1], values.size - 1 - start, level, n_quiet)


def _samples(ms: float) -> int:
    return round(ms / MS_PER_SAMPLE)
