"""Detect beats, and find those that have the dominant shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import butter, find_peaks, sosfiltfilt

from .measurements import Missing
from .preparation import RATE_HZ, Prepared, Unmeasurable

Places = NDArray[np.intp]

_REFRACTORY = round(0.24 * RATE_HZ)
_BEFORE, _AFTER = round(0.10 * RATE_HZ), round(0.14 * RATE_HZ)
_EDGE = round(0.06 * RATE_HZ)
_LAG = round(0.04 * RATE_HZ)
_ALIKE = 0.85
_T_WAVE_REACH = round(0.42 * RATE_HZ)
# The heart is electrically silent between beats. If the median energy exceeds this share of a
# beat's energy, the detections are noise.
_NOISE_RATIO = 0.5


@dataclass(frozen=True, slots=True)
class Beats:
    """The beats of one recording.

    Attributes:
        places: shape (n_beats,), sample at the middle of each QRS, ascending.
        dominant: shape (n_beats,), True where the beat has the dominant shape.
        similarity: median correlation of the dominant beats with their median beat, -1 to 1.
    """

    places: Places
    dominant: NDArray[np.bool_]
    similarity: float


def detect(prepared: Prepared) -> Beats:
    """Return the beats detected in all usable leads together.

    Raises:
        Unmeasurable: the signal is mostly noise, or contains no whole beat.
    """
    band = butter(2, (5.0, 25.0), btype="bandpass", fs=RATE_HZ, output="sos")
    steep = sosfiltfilt(band, prepared.millivolts[prepared.usable], axis=1)
    places = _without_t_waves(_peaks(_energy(steep)), prepared.millivolts[prepared.usable])
    places = places[(places > _EDGE) & (places < steep.shape[1] - _EDGE)]
    is_complete = (places >= _BEFORE + _LAG) & (places + _AFTER + _LAG < steep.shape[1])
    # A beat cut off by the edge still counts for the rhythm, but not for the shape.
    inner = places[is_complete & prepared.valid[places]]
    if inner.size == 0:
        raise Unmeasurable(Missing.NO_WHOLE_BEAT)
    aligned, alike, similarity = _dominant(prepared.millivolts[prepared.usable], inner)
    moved = places.copy()
    moved[np.searchsorted(places, inner)] = aligned
    order = np.argsort(moved, kind="stable")
    dominant = np.isin(moved, aligned[alike])
    return Beats(moved[order], dominant[order], similarity)


def _energy(steep: NDArray[np.float64]) -> NDArray[np.float64]:
    power = uniform_filter1d((steep**2).sum(axis=0), round(0.07 * RATE_HZ))
    # Rounding can make the running mean slightly negative where the signal is flat.
    energy: NDArray[np.float64] = np.sqrt(np.maximum(power, 0.0))
    return energy


def _peaks(energy: NDArray[np.float64]) -> Places:
    """Return the QRS locations in ``energy``; search long pauses again with a lower threshold.

    Raises:
        Unmeasurable: nothing stands out from the noise.
    """
    span = round(1.6 * RATE_HZ)
    highest = np.array([energy[i : i + span].max() for i in range(0, energy.size, span)])
    level = float(np.median(highest[highest > 0.1 * highest.max()]))
    active = energy[energy > 0.01 * level]  # ignore zero padding
    if level <= 0 or np.median(active) > _NOISE_RATIO * level:
        raise Unmeasurable(Missing.NOISE)
    peaks: Places = find_peaks(energy, height=0.4 * level, distance=_REFRACTORY)[0]
    weaker: Places = find_peaks(energy, height=0.22 * level, distance=_REFRACTORY)[0]
    if peaks.size < 3:
        return weaker if weaker.size else peaks
    usual = float(np.median(np.diff(peaks)))
    nearest = np.abs(weaker[:, None] - peaks[None, :]).min(axis=1)
    missed = weaker[nearest > 0.6 * usual]
    merged: Places = np.union1d(peaks, missed)
    return merged


def _without_t_waves(places: Places, leads: NDArray[np.float64]) -> Places:
    """Return ``places`` without T waves: peaks soon after a QRS that are far less steep.

    Source:
        The T-wave discrimination of Pan & Tompkins 1985, IEEE Trans Biomed Eng 32:230.
    """
    slope = np.sqrt((np.diff(leads, axis=1) ** 2).sum(axis=0))
    steepest = maximum_filter1d(slope, round(0.12 * RATE_HZ))[np.minimum(places, slope.size - 1)]
    kept: list[int] = []
    for i, place in enumerate(places):
        is_close = bool(kept) and place - places[kept[-1]] < _T_WAVE_REACH
        if not (is_close and steepest[i] < 0.4 * steepest[kept[-1]]):
            kept.append(i)
    return places[kept]


def _dominant(
    leads: NDArray[np.float64], places: Places
) -> tuple[Places, NDArray[np.bool_], float]:
    """Align ``places`` to the dominant shape.

    Returns:
        The aligned places, a mask of the beats that have the dominant shape, and
        ``Beats.similarity``.
    """
    cuts = _cut(leads, places)
    alike = _largest_family(cuts, places)
    for _ in range(2):
        template = np.median(_cut(leads, places[alike]), axis=0)
        places = np.array([_best_lag(leads, place, template) for place in places], dtype=np.intp)
        alike = _correlations(_cut(leads, places), template) > _ALIKE
        if not alike.any():
            alike[0] = True
    template = np.median(_cut(leads, places[alike]), axis=0)
    similarity = float(np.median(_correlations(_cut(leads, places[alike]), template)))
    return places, alike, similarity


def _largest_family(cuts: NDArray[np.float64], places: Places) -> NDArray[np.bool_]:
    """Return a mask of the most common shape; near ties go to the less premature beats."""
    flat = _normalized(cuts)
    alike = flat @ flat.T > _ALIKE
    waits = np.diff(places, prepend=places[0] - np.median(np.diff(places, prepend=0)))
    # The mean wait before a beat only decides between families of similar size.
    score = alike.sum(axis=1) + 1.5 * (alike @ waits) / (alike.sum(axis=1) * waits.max())
    family: NDArray[np.bool_] = alike[int(np.argmax(score))]
    return family.copy()


def _cut(leads: NDArray[np.float64], places: Places) -> NDArray[np.float64]:
    """Cut out the QRS windows, shape (n_beats, n_leads, width)."""
    offsets = np.arange(-_BEFORE, _AFTER)
    inside = np.clip(places[:, None] + offsets, 0, leads.shape[1] - 1)
    cuts: NDArray[np.float64] = leads[:, inside].transpose(1, 0, 2)
    return cuts


def _normalized(cuts: NDArray[np.float64]) -> NDArray[np.float64]:
    centered = cuts - cuts.mean(axis=2, keepdims=True)
    flat = centered.reshape(len(cuts), -1)
    size = np.linalg.norm(flat, axis=1, keepdims=True)
    normalized: NDArray[np.float64] = flat / np.where(size > 0, size, 1.0)
    return normalized


def _correlations(cuts: NDArray[np.float64], template: NDArray[np.float64]) -> NDArray[np.float64]:
    correlation: NDArray[np.float64] = _normalized(cuts) @ _normalized(template[None])[0]
    return correlation


def _best_lag(leads: NDArray[np.float64], place: int, template: NDArray[np.float64]) -> int:
    """Return ``place`` shifted by at most ``_LAG`` to the best match with the template."""
    tried = place + np.arange(-_LAG, _LAG + 1)
    return int(tried[int(np.argmax(_correlations(_cut(leads, tried), template)))])
