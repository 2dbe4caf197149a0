"""Measure one exam: detect and average beats, find waves, and give reasons for missing values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import Signal

from . import detection, fiducials, rates
from .average import BEFORE, Average, average_of
from .detection import Beats
from .fiducials import MS_PER_SAMPLE, FiducialNotFound
from .measurements import Instants, Measured, Measurements, Missing
from .preparation import RATE_HZ, Prepared, Unmeasurable, prepare
from .qrs import measure_qrs

METHOD_VERSION = "median-beat-2"

# Above this rate P overlaps T, so PR and QT are not reported.
FASTEST_FOR_INTERVALS_BPM = 120.0

_PLAUSIBLE = {
    "heart_rate_bpm": (20.0, 300.0),
    "pr_ms": (60.0, 420.0),
    "qrs_ms": (50.0, 240.0),
    "qt_ms": (200.0, 700.0),
}
_CONSISTENT_P = 0.5


def measure(signal: Signal) -> Measurements:
    """Return the measurements of ``signal``; values that cannot be measured have a reason."""
    try:
        prepared = prepare(signal)
        beats = detection.detect(prepared)
    except Unmeasurable as refusal:
        return Measurements.none(refusal.reason, METHOD_VERSION)
    rhythm = _rhythm(beats)
    try:
        average = average_of(prepared, beats)
    except FiducialNotFound as refusal:
        absent = Measurements.none(refusal.reason, METHOD_VERSION).fields()
        instants = _instants(prepared, beats, np.array([], dtype=np.intp))
        return Measurements(**(absent | rhythm), method_version=METHOD_VERSION, instants=instants)
    measured = rhythm | _intervals(average, rhythm["heart_rate_bpm"]) | measure_qrs(average)
    measured["paced_share"] = _paced_share(prepared, beats, average)
    onsets = average.places + (average.onset - BEFORE)
    instants = _instants(prepared, beats, onsets)
    return Measurements(**measured, method_version=METHOD_VERSION, instants=instants)


def _instants(prepared: Prepared, beats: Beats, onsets: NDArray[np.intp]) -> Instants:
    def seconds(samples: NDArray[np.intp]) -> tuple[float, ...]:
        return tuple(round(prepared.start_s + int(sample) / RATE_HZ, 4) for sample in samples)

    return Instants(seconds(beats.places), seconds(onsets), seconds(prepared.spikes))


def _rhythm(beats: Beats) -> dict[str, Measured]:
    """Measure what needs only the detected beats, not their median."""
    n_beats = beats.places.size
    share = Measured.of(float(beats.dominant.mean()), beats.similarity, n_beats)
    if n_beats < 3:
        few = Measured.missing(Missing.FEW_BEATS, n_beats)
        absent = dict.fromkeys(("heart_rate_bpm", "rr_variation", "rr_entropy"), few)
        return {**absent, "dominant_share": share}
    rr = np.diff(beats.places) / RATE_HZ
    confidence = min(1.0, n_beats / 5) * max(beats.similarity, 0.0) * float(beats.dominant.mean())
    rate = Measured.of(60 / float(rr.mean()), confidence, n_beats)
    return {
        "heart_rate_bpm": _plausible("heart_rate_bpm", rate),
        "rr_variation": Measured.of(float(rr.std() / rr.mean()), confidence, n_beats),
        "rr_entropy": _entropy(rr, confidence, n_beats),
        "dominant_share": share,
    }


def _entropy(rr_s: NDArray[np.float64], confidence: float, n_beats: int) -> Measured:
    value = rates.sample_entropy(rr_s) if rr_s.size >= rates.MIN_INTERVALS else None
    if value is None:
        return Measured.missing(Missing.FEW_BEATS, n_beats)
    return Measured.of(value, confidence, n_beats)


def _paced_share(prepared: Prepared, beats: Beats, average: Average) -> Measured:
    if not prepared.shows_spikes:
        return Measured.missing(Missing.RATE_TOO_COARSE, average.n_beats)
    starts = beats.places[beats.dominant] + (average.onset - BEFORE)
    if prepared.spikes.size == 0:
        return average.measured(0.0)
    distance = np.abs(starts[:, None] - prepared.spikes[None, :]).min(axis=1)
    return average.measured(float((distance <= round(0.03 * RATE_HZ)).mean()))


def _intervals(average: Average, rate: Measured) -> dict[str, Measured]:
    consistency = _p_consistency(average)
    qrs = (average.offset - average.onset) * MS_PER_SAMPLE
    measured = {
        "qrs_ms": _plausible("qrs_ms", average.measured(qrs)),
        "p_consistency": consistency,
        "p_upright_mv": _p_upright(average, rate),
    }
    if rate.value is None or rate.value > FASTEST_FOR_INTERVALS_BPM:
        reason = Missing.FAST_RATE if rate.value else Missing(rate.reason)
        names = ("pr_ms", "second_p_ratio", "qt_ms", *rates.FORMULAS)
        return measured | dict.fromkeys(names, Measured.missing(reason, average.n_beats))
    qt = _qt(average)
    pr = _pr(average, consistency, qt)
    return measured | {
        "pr_ms": pr,
        "second_p_ratio": _second_p(average, pr, qt),
        "qt_ms": qt,
        **rates.corrected(qt, rate.value),
    }


def _p_consistency(average: Average) -> Measured:
    """Correlate the 200 ms before QRS of each beat with the mean of the other beats."""
    n_beats = average.n_beats
    if n_beats < 3:
        return Measured.missing(Missing.FEW_ALIKE, n_beats)
    region = slice(max(average.onset - 110, 0), average.onset - 8)
    parts = average.cuts[:, average.quiet, region]
    parts = parts - parts.mean(axis=2, keepdims=True)
    flat = parts.reshape(n_beats, -1)
    others = (flat.sum(axis=0) - flat) / (n_beats - 1)
    sizes = np.linalg.norm(flat, axis=1) * np.linalg.norm(others, axis=1)
    similarity = (flat * others).sum(axis=1) / np.where(sizes > 0, sizes, 1.0)
    return Measured.of(float(np.median(similarity)), average.confidence, n_beats)


def _p_upright(average: Average, rate: Measured) -> Measured:
    """Measure how far (I + II) / 2 rises before QRS above both sides of the rise.

    Unlike PR, this needs no flat baseline, so it works even if P overlaps the end of T. The window
    begins where an average T wave has ended (QTc 400 ms by Fridericia).
    """
    if rate.value is None or not (
        average.usable[LEADS.index("I")] and average.usable[LEADS.index("II")]
    ):
        return Measured.missing(Missing.LEAD_MISSING if rate.value else Missing.FEW_BEATS)
    t_end = 0.4 * (60 / rate.value) ** (1 / 3) * RATE_HZ
    reach = min(average.wait_before - t_end, 0.24 * RATE_HZ)
    start, stop = max(average.onset - round(reach), 0), average.onset - round(0.02 * RATE_HZ)
    if stop - start < round(0.06 * RATE_HZ):
        return Measured.missing(Missing.NO_ROOM_FOR_P, average.n_beats)
    line = gaussian_filter1d(average.beat[:2].mean(axis=0), 3.0)  # I and II
    window = line[start:stop]
    top = int(np.argmax(window - np.linspace(window[0], window[-1], window.size)))
    rise = window[top] - max(window[: top + 1].min(), window[top:].min())
    return average.measured(rise)


def _pr(average: Average, consistency: Measured, qt: Measured) -> Measured:
    if consistency.value is None:
        return consistency
    if consistency.value < _CONSISTENT_P:
        return Measured.missing(Missing.P_INCONSISTENT, average.n_beats)
    # Start after the T wave of the previous beat.
    resting_s = average.wait_before - (
        qt.value / MS_PER_SAMPLE + 8 if qt.value else 0.44 * average.wait_before
    )
    earliest = max(average.onset - round(resting_s), average.onset - 195, 0)
    try:
        start = fiducials.p_onset(average.beat[average.quiet], average.onset, earliest)
    except FiducialNotFound as refusal:
        return Measured.missing(refusal.reason, average.n_beats)
    pr = Measured.of(
        (average.onset - start) * MS_PER_SAMPLE,
        average.confidence * consistency.value,
        average.n_beats,
    )
    return _plausible("pr_ms", pr)


def _second_p(average: Average, pr: Measured, qt: Measured) -> Measured:
    """Compare the maximum speed between T and the next P with that of P itself."""
    if pr.value is None or qt.value is None:
        return Measured.missing(Missing.NO_P_OR_T, average.n_beats)
    moving = fiducials.speed(average.beat[average.quiet], 6.0)
    p_length = round(pr.value / MS_PER_SAMPLE)
    p = moving[average.onset - p_length : average.onset - round(0.02 * RATE_HZ)]
    start = average.onset + round((qt.value + 60) / MS_PER_SAMPLE)
    stop = average.onset + round(average.wait_after) - p_length - round(0.05 * RATE_HZ)
    between = moving[start:stop]
    if p.size == 0 or between.size < round(0.08 * RATE_HZ):
        return Measured.missing(Missing.NO_ROOM_FOR_P, average.n_beats)
    return average.measured(between.max() / p.max())


def _qt(average: Average) -> Measured:
    latest = min(average.onset + round(0.82 * average.wait_after), average.beat.shape[1])
    try:
        end = fiducials.t_end(average.leads, average.offset, latest)
    except FiducialNotFound as refusal:
        return Measured.missing(refusal.reason, average.n_beats)
    return _plausible("qt_ms", average.measured((end - average.onset) * MS_PER_SAMPLE))


def _plausible(name: str, measured: Measured) -> Measured:
    """Return ``measured``, or a missing value if it is physiologically implausible."""
    low, high = _PLAUSIBLE[name]
    if measured.value is None or low <= measured.value <= high:
        return measured
    return Measured.missing(Missing.IMPLAUSIBLE, measured.n_beats)
