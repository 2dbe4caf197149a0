"""One synthetic exam: beats added to the dipole, projected to twelve leads, stored as integers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg.signal import Signal

from . import background, beats
from .beats import Beat
from .conditions import RECIPES, Atria, Condition
from .rhythms import Schedule
from .waves import LEAD_MATRIX, Canvas, Vector, Wave, frontal_axis_deg, rotation


class UnknownCondition(ValueError):
    """No condition has this name."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Exact ground truth of a synthetic exam; None where the exam has no such value.

    Attributes:
        beats_ms: time of the maximal QRS vector, for every QRS wholly inside the recording.
        is_ectopic: for each of these beats, whether it is a ventricular ectopic beat.
        p_onsets_ms: onset of each P wave inside the recording.
        rr_ms: mean interval between successive beats, including ectopic ones.
        heart_rate_bpm: from the mean RR interval.
        pr_ms: P onset to QRS onset, where one value applies to the whole exam.
        qrs_ms: QRS onset to QRS offset of a dominant beat.
        qt_ms: QRS onset to the end of T of a dominant beat, by the tangent method.
        axis_deg: frontal axis of the net area of QRS.
    """

    beats_ms: tuple[float, ...]
    is_ectopic: tuple[bool, ...]
    p_onsets_ms: tuple[float, ...]
    rr_ms: float
    heart_rate_bpm: float
    pr_ms: float | None
    qrs_ms: float
    qt_ms: float
    axis_deg: float


@dataclass(frozen=True, slots=True)
class SyntheticExam:
    """A signal with its ground truth."""

    signal: Signal
    findings: tuple[str, ...]
    age_years: float
    sex: str
    truth: Truth


@dataclass(frozen=True, slots=True)
class _Heart:
    """Random properties, drawn once per exam."""

    qrs_ms: float
    qt_ms: float
    p_ms: float
    gain: float
    turn: NDArray[np.float64]
    ectopic: Beat | None


def synthesize(
    condition: str,
    rng: np.random.Generator,
    *,
    sampling_rate_hz: float = 500.0,
    duration_s: float = 10.0,
    noise_gain: float = 1.0,
) -> SyntheticExam:
    """Return an exam with ``condition``, deterministic for a given state of ``rng``.

    Args:
        condition: one of ``CONDITIONS``.
        rng: the only source of randomness.
        sampling_rate_hz: 100 or more.
        duration_s: length of the recording.
        noise_gain: 0 for a clean signal, 1 for typical good conditions.

    Raises:
        UnknownCondition: ``condition`` is not in ``CONDITIONS``.
    """
    if condition not in RECIPES:
        raise UnknownCondition(condition)
    recipe = RECIPES[condition]
    schedule = recipe.rhythm(duration_s * 1000, rng)
    heart = _draw_heart(recipe, schedule, duration_s * 1000, rng)
    canvas = Canvas(round(duration_s * sampling_rate_hz), sampling_rate_hz)
    _paint(canvas, recipe, schedule, heart, rng)
    millivolts = LEAD_MATRIX @ _breathe(heart.turn @ canvas.dipole, canvas.times_ms, rng)
    hum = background.noise(*millivolts.shape, sampling_rate_hz=sampling_rate_hz, rng=rng)
    return SyntheticExam(
        signal=_as_signal(millivolts + noise_gain * hum, sampling_rate_hz),
        findings=recipe.findings,
        age_years=float(round(rng.uniform(*recipe.age_years))),
        sex=str(rng.choice(["F", "M"])),
        truth=_truth(recipe, schedule, heart, duration_s * 1000),
    )


def _draw_heart(
    recipe: Condition, schedule: Schedule, duration_ms: float, rng: np.random.Generator
) -> _Heart:
    rr_ms = _mean_rr(schedule, duration_ms)
    ectopic = recipe.ectopic[int(rng.integers(len(recipe.ectopic)))] if recipe.ectopic else None
    return _Heart(
        qrs_ms=rng.uniform(*recipe.beat.qrs_ms),
        qt_ms=rng.uniform(*recipe.qtc_ms) * (rr_ms / 1000) ** (1 / 3),
        p_ms=rng.uniform(92, 106) if rr_ms > 600 else rng.uniform(84, 92),
        gain=rng.uniform(0.92, 1.08),
        turn=rotation(rng.uniform(-1, 1) * recipe.turn_deg, rng.uniform(-7, 7)),
        ectopic=ectopic,
    )


def _paint(
    canvas: Canvas,
    recipe: Condition,
    schedule: Schedule,
    heart: _Heart,
    rng: np.random.Generator,
) -> None:
    """Draw the atria first, then every ventricular beat."""
    if recipe.atria is Atria.FIBRILLATION:
        canvas.dipole += background.fibrillatory(canvas.times_ms, rng)
    elif recipe.atria is Atria.FLUTTER:
        canvas.dipole += background.saw_tooth(canvas.times_ms)
    # If no P wave comes from the sinus node, all are retrograde; otherwise early ones are ectopic.
    all_ectopic = all(p.is_ectopic for p in schedule.atria)
    early = beats.P_RETROGRADE if all_ectopic else beats.P_ECTOPIC
    for p in schedule.atria:
        gain = heart.gain * (1 + rng.normal(0, 0.03))
        _add(canvas, early if p.is_ectopic else beats.P_WAVE, p.onset_ms, heart.p_ms, gain)
    for beat in schedule.ventricles:
        gain = heart.gain * (1 + rng.normal(0, 0.015))
        if beat.is_ectopic and heart.ectopic is not None:
            _add_beat(canvas, heart.ectopic, beat.onset_ms, _ectopic_qrs_ms(heart), heart, gain)
        else:
            _add_beat(canvas, recipe.beat, beat.onset_ms, heart.qrs_ms, heart, gain)


def _add_beat(
    canvas: Canvas, beat: Beat, onset_ms: float, qrs_ms: float, heart: _Heart, gain: float
) -> None:
    qt_ms = heart.qt_ms + (qrs_ms - heart.qrs_ms) * 0.6
    fall_ms = 0.118 * qt_ms * beat.t_width
    peak_ms = qt_ms - 2 * fall_ms
    _add(canvas, beat.qrs, onset_ms, qrs_ms, gain)
    canvas.add_bell(
        beat.t,
        peak_ms=onset_ms + peak_ms,
        rise_ms=min(1.5 * fall_ms, (peak_ms - 0.75 * qrs_ms) / 2.4),
        fall_ms=fall_ms,
        gain=gain,
    )
    # The injury current has its full level at the end of QRS, so the J point is sharp.
    rise = 0.5 * qrs_ms / (qt_ms - 0.5 * qrs_ms)
    level = Wave(0.0, rise, 1.0, beat.st)
    canvas.add_wave(
        level, onset_ms=onset_ms + 0.5 * qrs_ms, length_ms=qt_ms - 0.5 * qrs_ms, gain=gain
    )
    if beat.spike:
        spike: Vector = (0.5, -1.3, 1.0)
        canvas.add_wave(
            Wave(0.0, 0.5, 1.0, spike), onset_ms=onset_ms - 6.0, length_ms=6.0, gain=1.0
        )


def _add(
    canvas: Canvas, waves: tuple[Wave, ...], onset_ms: float, length_ms: float, gain: float
) -> None:
    for wave in waves:
        canvas.add_wave(wave, onset_ms=onset_ms, length_ms=length_ms, gain=gain)


def _breathe(
    dipole: NDArray[np.float64], times_ms: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return ``dipole`` with respiration: rotated by up to 2 degrees, scaled by 0.97 to 1.03."""
    phase = 2 * np.pi * times_ms / rng.uniform(3600, 4600) + rng.uniform(0, 6.3)
    angle = np.radians(2.0) * np.sin(phase)
    x, y, z = dipole * (1 + 0.03 * np.sin(phase + 0.8))
    return np.stack(
        [x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle), z]
    )


def _as_signal(millivolts: NDArray[np.float64], sampling_rate_hz: float) -> Signal:
    """Return eight leads in mV as twelve leads in integer microvolts, with exact Einthoven sums."""
    eight = np.clip(np.rint(millivolts * 1000), -16_000, 16_000).astype(np.int32)
    lead_i, lead_ii = eight[0], eight[1]
    limb = [
        lead_i,
        lead_ii,
        lead_ii - lead_i,
        -((lead_i + lead_ii) >> 1),
        (2 * lead_i - lead_ii) >> 1,
        (2 * lead_ii - lead_i) >> 1,
    ]
    samples = np.stack([*limb, *eight[2:]]).astype(np.int16)
    return Signal(samples, sampling_rate_hz, 1.0)


def _truth(recipe: Condition, schedule: Schedule, heart: _Heart, duration_ms: float) -> Truth:
    rr_ms = _mean_rr(schedule, duration_ms)
    inside = [
        (b, _ectopic_qrs_ms(heart) if b.is_ectopic else heart.qrs_ms)
        for b in schedule.ventricles
        if b.onset_ms >= 0
    ]
    inside = [(b, width) for b, width in inside if b.onset_ms + width <= duration_ms]
    shapes = (heart.ectopic if b.is_ectopic and heart.ectopic else recipe.beat for b, _ in inside)
    peaks = [b.onset_ms + width * _peak(s) for (b, width), s in zip(inside, shapes, strict=True)]
    injury = Wave(0.5, 1.0, 1.5, recipe.beat.st).area / 2  # the half within QRS
    area = np.sum([wave.area for wave in recipe.beat.qrs], axis=0) + injury
    return Truth(
        beats_ms=tuple(peaks),
        is_ectopic=tuple(b.is_ectopic for b, _ in inside),
        p_onsets_ms=tuple(p.onset_ms for p in schedule.atria if 0 <= p.onset_ms <= duration_ms),
        rr_ms=rr_ms,
        heart_rate_bpm=60_000 / rr_ms,
        pr_ms=schedule.pr_ms,
        qrs_ms=heart.qrs_ms,
        qt_ms=heart.qt_ms,
        axis_deg=frontal_axis_deg(heart.turn @ area),
    )


def _ectopic_qrs_ms(heart: _Heart) -> float:
    return sum(heart.ectopic.qrs_ms) / 2 if heart.ectopic else heart.qrs_ms


def _peak(beat: Beat) -> float:
    """Return the time of the maximal vector of ``beat``, as a fraction of QRS."""
    canvas = Canvas(500, 500.0)
    _add(canvas, beat.qrs, 0.0, 1000.0, 1.0)
    return float(np.argmax(np.sum(canvas.dipole**2, axis=0))) / 500


def _mean_rr(schedule: Schedule, duration_ms: float) -> float:
    onsets = np.array([b.onset_ms for b in schedule.ventricles if 0 <= b.onset_ms <= duration_ms])
    return float(np.mean(np.diff(onsets)))
