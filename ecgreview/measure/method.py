"""Measure one exam: detect, average, delimit, and say what could not be told."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg.leads import LEADS
from ecgreview.ecg.signal import Signal

from . import detection, fiducials
from .detection import Beats
from .fiducials import MS_PER_SAMPLE, NotFound
from .measurements import Instants, Measured, Measurements
from .preparation import RATE_HZ, Prepared, Unmeasurable, prepare

METHOD_VERSION = "median-beat-1"

FASTEST_FOR_INTERVALS_BPM = 120.0
"""Above this rate P falls upon T: PR and QT are not told."""

_PLAUSIBLE = {
    "heart_rate_bpm": (20.0, 300.0),
    "pr_ms": (60.0, 420.0),
    "qrs_ms": (50.0, 240.0),
    "qt_ms": (200.0, 700.0),
}
_BEFORE, _AFTER = round(0.50 * RATE_HZ), round(0.70 * RATE_HZ)
_CONSISTENT_P = 0.5


@dataclass(frozen=True, slots=True)
class _Average:
    """The median beat, its limits in samples, and what it was made of."""

    cuts: NDArray[np.float64]  # (n_beats, 12, width), mV from the level at QRS onset
    places: NDArray[np.intp]  # (n_beats,), sample of the middle of each
    beat: NDArray[np.float64]  # (12, width)
    usable: NDArray[np.bool_]
    onset: int
    offset: int
    wait_before: float  # from the beat before, samples; short rather than typical
    wait_after: float
    confidence: float

    @property
    def n_beats(self) -> int:
        return len(self.cuts)

    @property
    def leads(self) -> NDArray[np.float64]:
        """The usable leads of the median beat."""
        return self.beat[self.usable]

    @property
    def quiet(self) -> NDArray[np.bool_]:
        """Shape (12,), the usable leads without those much noisier than the others."""
        noise = np.median(np.abs(self.cuts - self.beat), axis=(0, 2))
        return self.usable & (noise <= max(2.5 * float(np.median(noise[self.usable])), 0.02))


def measure(signal: Signal) -> Measurements:
    """Return what can be measured on ``signal``; never raises on a valid one."""
    try:
        prepared = prepare(signal)
        beats = detection.detect(prepared)
    except Unmeasurable as refusal:
        return Measurements.none(str(refusal), METHOD_VERSION)
    rhythm = _rhythm(beats)
    try:
        average = _average(prepared, beats)
    except NotFound as refusal:
        absent = Measurements.none(str(refusal), METHOD_VERSION).fields()
        instants = _instants(prepared, beats, np.array([], dtype=np.intp))
        return Measurements(**(absent | rhythm), method_version=METHOD_VERSION, instants=instants)
    found = rhythm | _intervals(average, rhythm["heart_rate_bpm"]) | _voltages(average)
    found["paced_share"] = _paced_share(prepared, beats, average)
    onsets = average.places + (average.onset - _BEFORE)
    instants = _instants(prepared, beats, onsets)
    return Measurements(**found, method_version=METHOD_VERSION, instants=instants)


def _instants(prepared: Prepared, beats: Beats, onsets: NDArray[np.intp]) -> Instants:
    def seconds(samples: NDArray[np.intp]) -> tuple[float, ...]:
        return tuple(round(prepared.start_s + int(one) / RATE_HZ, 4) for one in samples)

    return Instants(seconds(beats.places), seconds(onsets), seconds(prepared.spikes))


def _rhythm(beats: Beats) -> dict[str, Measured]:
    """Measure what needs only the instants of the beats."""
    n_beats = beats.places.size
    share = Measured.of(float(beats.dominant.mean()), beats.likeness, n_beats)
    if n_beats < 3:
        few = Measured.missing("Fewer than three beats were found.", n_beats)
        return {"heart_rate_bpm": few, "rr_variation": few, "dominant_share": share}
    rr = np.diff(beats.places) / RATE_HZ
    confidence = min(1.0, n_beats / 5) * max(beats.likeness, 0.0) * float(beats.dominant.mean())
    rate = Measured.of(60 / float(rr.mean()), confidence, n_beats)
    return {
        "heart_rate_bpm": _plausible("heart_rate_bpm", rate),
        "rr_variation": Measured.of(float(rr.std() / rr.mean()), confidence, n_beats),
        "dominant_share": share,
    }


def _average(prepared: Prepared, beats: Beats) -> _Average:
    """Return the median of the dominant beats, delimited.

    Raises:
        NotFound: too few beats are alike, or QRS has no edges.
    """
    n_samples = prepared.millivolts.shape[1]
    whole = (beats.places >= _BEFORE) & (beats.places + _AFTER <= n_samples) & beats.dominant
    places = [p for p in beats.places[whole] if prepared.valid[p - _BEFORE : p + _AFTER].all()]
    if len(places) < 2:
        raise NotFound("Fewer than two whole beats are alike.")
    cuts = np.stack([prepared.millivolts[:, p - _BEFORE : p + _AFTER] for p in places])
    beat = np.median(cuts, axis=0)
    onset, offset = fiducials.qrs_bounds(beat[prepared.usable], _BEFORE)
    level = slice(max(onset - 6, 0), max(onset - 1, 1))
    cuts = cuts - cuts[:, :, level].mean(axis=2, keepdims=True)
    confidence = min(1.0, len(places) / 5) * max(beats.likeness, 0.0)
    return _Average(
        cuts=cuts,
        places=np.array(places, dtype=np.intp),
        beat=np.median(cuts, axis=0),
        usable=prepared.usable,
        onset=onset,
        offset=offset,
        wait_before=_short_wait(beats, np.diff(beats.places, prepend=-_BEFORE)),
        wait_after=_short_wait(beats, np.diff(beats.places, append=n_samples + _AFTER)),
        confidence=confidence,
    )


def _short_wait(beats: Beats, waits: NDArray[np.intp]) -> float:
    """Return the lower quartile of ``waits`` around dominant beats.

    The next beat, early or not, bounds where T may end: half the beats must not decide for all.
    """
    return float(np.percentile(waits[beats.dominant], 25))


def _paced_share(prepared: Prepared, beats: Beats, average: _Average) -> Measured:
    starts = beats.places[beats.dominant] + (average.onset - _BEFORE)
    if prepared.spikes.size == 0:
        return _measured(average, 0.0)
    distance = np.abs(starts[:, None] - prepared.spikes[None, :]).min(axis=1)
    return _measured(average, float((distance <= round(0.03 * RATE_HZ)).mean()))


def _intervals(average: _Average, rate: Measured) -> dict[str, Measured]:
    consistency = _p_consistency(average)
    qrs = (average.offset - average.onset) * MS_PER_SAMPLE
    found = {
        "qrs_ms": _plausible("qrs_ms", _measured(average, qrs)),
        "p_consistency": consistency,
    }
    if rate.value is None or rate.value > FASTEST_FOR_INTERVALS_BPM:
        reason = rate.reason or f"PR and QT are not told above {FASTEST_FOR_INTERVALS_BPM:g} bpm."
        fast = Measured.missing(reason, average.n_beats)
        names = ("pr_ms", "second_p_ratio", "qt_ms", "qtc_fridericia_ms", "qtc_bazett_ms")
        return found | dict.fromkeys(names, fast)
    qt = _qt(average)
    pr = _pr(average, consistency, qt)
    rr_s = 60 / rate.value
    return found | {
        "pr_ms": pr,
        "second_p_ratio": _second_p(average, pr, qt),
        "qt_ms": qt,
        "qtc_fridericia_ms": _corrected(qt, rr_s ** (1 / 3)),
        "qtc_bazett_ms": _corrected(qt, rr_s**0.5),
    }


def _p_consistency(average: _Average) -> Measured:
    """Correlate the 200 ms before QRS of each beat with the mean of the other beats'."""
    n_beats = average.n_beats
    if n_beats < 3:
        return Measured.missing("Fewer than three beats are alike.", n_beats)
    region = slice(max(average.onset - 110, 0), average.onset - 8)
    parts = average.cuts[:, average.quiet, region]
    parts = parts - parts.mean(axis=2, keepdims=True)
    flat = parts.reshape(n_beats, -1)
    others = (flat.sum(axis=0) - flat) / (n_beats - 1)
    sizes = np.linalg.norm(flat, axis=1) * np.linalg.norm(others, axis=1)
    likeness = (flat * others).sum(axis=1) / np.where(sizes > 0, sizes, 1.0)
    return Measured.of(float(np.median(likeness)), average.confidence, n_beats)


def _pr(average: _Average, consistency: Measured, qt: Measured) -> Measured:
    if consistency.value is None:
        return consistency
    if consistency.value < _CONSISTENT_P:
        return Measured.missing("No P wave keeps its place before QRS.", average.n_beats)
    # The T wave of the beat before must be over.
    rest = average.wait_before - (
        qt.value / MS_PER_SAMPLE + 8 if qt.value else 0.44 * average.wait_before
    )
    earliest = max(average.onset - round(rest), average.onset - 195, 0)
    try:
        start = fiducials.p_onset(average.beat[average.quiet], average.onset, earliest)
    except NotFound as refusal:
        return Measured.missing(str(refusal), average.n_beats)
    pr = Measured.of(
        (average.onset - start) * MS_PER_SAMPLE,
        average.confidence * consistency.value,
        average.n_beats,
    )
    return _plausible("pr_ms", pr)


def _second_p(average: _Average, pr: Measured, qt: Measured) -> Measured:
    """Compare what moves between T and the next P with P itself."""
    if pr.value is None or qt.value is None:
        return Measured.missing("P or T was not found.", average.n_beats)
    moving = fiducials.speed(average.beat[average.quiet], 6.0)
    p_length = round(pr.value / MS_PER_SAMPLE)
    p = moving[average.onset - p_length : average.onset - round(0.02 * RATE_HZ)]
    start = average.onset + round((qt.value + 60) / MS_PER_SAMPLE)
    stop = average.onset + round(average.wait_after) - p_length - round(0.05 * RATE_HZ)
    between = moving[start:stop]
    if p.size == 0 or between.size < round(0.08 * RATE_HZ):
        return Measured.missing("There is no room between T and the next P.", average.n_beats)
    return _measured(average, between.max() / p.max())


def _qt(average: _Average) -> Measured:
    latest = min(average.onset + round(0.82 * average.wait_after), average.beat.shape[1])
    try:
        end = fiducials.t_end(average.leads, average.offset, latest)
    except NotFound as refusal:
        return Measured.missing(str(refusal), average.n_beats)
    return _plausible("qt_ms", _measured(average, (end - average.onset) * MS_PER_SAMPLE))


def _corrected(qt: Measured, divisor: float) -> Measured:
    if qt.value is None:
        return qt
    return Measured.of(qt.value / divisor, qt.confidence, qt.n_beats)


def _voltages(average: _Average) -> dict[str, Measured]:
    qrs = average.beat[:, average.onset : average.offset + 1]
    lead = dict(zip(LEADS, qrs, strict=True))
    return {
        "axis_deg": _axis(average, lead["I"].sum(), lead["aVF"].sum(), np.abs(qrs[:6]).sum()),
        "limb_voltage_mv": _voltage(average, qrs, slice(0, 6), "limb"),
        "precordial_voltage_mv": _voltage(average, qrs, slice(6, 12), "chest"),
    } | _bundle_branch_signs(average, lead)


def _bundle_branch_signs(
    average: _Average, lead: dict[str, NDArray[np.float64]]
) -> dict[str, Measured]:
    """Measure what tells the shapes of bundle branch block: the end of QRS, and its beginning."""
    third = max((average.offset + 1 - average.onset) // 3, 1)
    usable = dict(zip(LEADS, average.usable, strict=True))
    v1 = lateral = initial = Measured.missing("V1, I or V6 has no signal.", average.n_beats)
    if usable["V1"]:
        v1 = _measured(average, lead["V1"][-third:].mean())
    if usable["I"] and usable["V6"]:
        lateral = _measured(average, (lead["I"] + lead["V6"])[-third:].mean() / 2)
        lowest = np.minimum(lead["I"], lead["V6"])[: round(0.04 * RATE_HZ)].min()
        initial = _measured(average, lowest)
    return {"v1_terminal_mv": v1, "lateral_terminal_mv": lateral, "lateral_initial_mv": initial}


def _axis(average: _Average, net_i: float, net_avf: float, total: float) -> Measured:
    """Measure the frontal axis; aVF is weighted by 2/sqrt(3), Goldberger's leads being weaker."""
    if not (average.usable[LEADS.index("I")] and average.usable[LEADS.index("aVF")]):
        return Measured.missing("I or aVF has no signal.", average.n_beats)
    weighted = net_avf * 2 / math.sqrt(3)
    if math.hypot(net_i, weighted) < 0.05 * total:
        return Measured.missing("The frontal axis is indeterminate.", average.n_beats)
    return _measured(average, math.degrees(math.atan2(weighted, net_i)))


def _voltage(average: _Average, qrs: NDArray[np.float64], rows: slice, kind: str) -> Measured:
    if not average.usable[rows].all():
        return Measured.missing(f"Not every {kind} lead has a signal.", average.n_beats)
    return _measured(average, np.ptp(qrs[rows], axis=1).max())


def _measured(average: _Average, value: float) -> Measured:
    return Measured.of(float(value), average.confidence, average.n_beats)


def _plausible(name: str, measured: Measured) -> Measured:
    """Return ``measured``, or its absence when no heart could have such a value."""
    low, high = _PLAUSIBLE[name]
    if measured.value is None or low <= measured.value <= high:
        return measured
    reason = f"The value found, {measured.value:g}, is outside {low:g} to {high:g}."
    return Measured.missing(reason, measured.n_beats)
