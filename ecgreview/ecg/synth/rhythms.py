"""Schedules of atrial and ventricular beats for each rhythm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

# Minimum and maximum of a value to draw.
Range = tuple[float, float]

# Schedules begin this long before the recording and end this long after it.
MARGIN_MS = 2500.0


@dataclass(frozen=True, slots=True)
class Atrial:
    """One P wave: its onset; ``is_ectopic`` if it does not come from the sinus node."""

    onset_ms: float
    is_ectopic: bool = False


@dataclass(frozen=True, slots=True)
class Ventricular:
    """One QRS: its onset; ``is_ectopic`` if it is a ventricular ectopic beat."""

    onset_ms: float
    is_ectopic: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """All beats of one recording; ``pr_ms`` only where one PR interval applies to the exam."""

    atria: tuple[Atrial, ...]
    ventricles: tuple[Ventricular, ...]
    pr_ms: float | None = None


# Makes a schedule from a duration in ms and a random generator.
Rhythm = Callable[[float, np.random.Generator], Schedule]


def sinus(
    rate_bpm: Range, pr_ms: Range = (145.0, 175.0), breathing: Range = (0.015, 0.03)
) -> Rhythm:
    """Sinus rhythm: every P wave is conducted, and the PP interval varies with respiration by a
    fraction drawn from ``breathing``.
    """

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        pr = rng.uniform(*pr_ms)
        onsets = _nodal(60_000 / rng.uniform(*rate_bpm), rng.uniform(*breathing), duration_ms, rng)
        return _conducted(onsets, pr)

    return rhythm


def fibrillation(rate_bpm: Range) -> Rhythm:
    """Atrial fibrillation: irregularly irregular conduction without P waves."""

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        mean = 60_000 / rng.uniform(*rate_bpm)
        onsets = [-MARGIN_MS]
        while onsets[-1] < duration_ms + MARGIN_MS:
            # Gamma with a coefficient of variation near 0.2, above the node's
            # refractory time.
            onsets.append(onsets[-1] + max(0.55 * mean, mean * float(rng.gamma(25.0, 1 / 25.0))))
        return Schedule((), tuple(Ventricular(t) for t in onsets))

    return rhythm


def flutter(ratios: tuple[int, ...], *, wave_ms: float) -> Rhythm:
    """Atrial flutter: every n-th wave is conducted, with n drawn from ``ratios`` each time.

    There are no P waves, because the flutter waves are part of the background.
    """

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        onsets = [-MARGIN_MS]
        while onsets[-1] < duration_ms + MARGIN_MS:
            onsets.append(onsets[-1] + wave_ms * int(rng.choice(ratios)) + rng.normal(0, 3))
        return Schedule((), tuple(Ventricular(t) for t in onsets))

    return rhythm


def wenckebach(rate_bpm: Range, *, cycle: int) -> Rhythm:
    """PR grows by ever smaller steps; of every ``cycle`` P waves, the last one is blocked."""

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        onsets = _nodal(60_000 / rng.uniform(*rate_bpm), 0.008, duration_ms, rng)
        first, step = rng.uniform(170, 190), rng.uniform(75, 95)
        growth = np.cumsum([0.0] + [step / (1 + 0.9 * i) for i in range(cycle - 2)])
        beats = [
            Ventricular(p + first + growth[i % cycle])
            for i, p in enumerate(onsets)
            if i % cycle < cycle - 1
        ]
        return Schedule(tuple(map(Atrial, onsets)), tuple(beats))

    return rhythm


def blocked_two_to_one(atrial_bpm: Range, pr_ms: Range) -> Rhythm:
    """Every other P wave is conducted, always with the same PR."""

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        pr = rng.uniform(*pr_ms)
        onsets = _nodal(60_000 / rng.uniform(*atrial_bpm), 0.008, duration_ms, rng)
        beats = tuple(Ventricular(p + pr) for p in onsets[::2])
        return Schedule(tuple(map(Atrial, onsets)), beats, pr)

    return rhythm


def dissociated(atrial_bpm: Range, ventricular_bpm: Range) -> Rhythm:
    """Atria and ventricles beat independently."""

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        atria = _nodal(60_000 / rng.uniform(*atrial_bpm), 0.012, duration_ms, rng)
        ventricles = _nodal(60_000 / rng.uniform(*ventricular_bpm), 0.003, duration_ms, rng)
        return Schedule(tuple(map(Atrial, atria)), tuple(map(Ventricular, ventricles)))

    return rhythm


def with_ventricular_ectopy(rate_bpm: Range, *, every: Range) -> Rhythm:
    """Sinus rhythm in which every n-th beat is ventricular, with n drawn from ``every`` each time.

    A full compensatory pause follows each of them.
    """

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        period = 60_000 / rng.uniform(*rate_bpm)
        pr, coupling = rng.uniform(145, 170), rng.uniform(0.58, 0.66) * period
        onsets = _nodal(period, 0.015, duration_ms, rng)
        beats, atria = [], []
        gap = _next_gap(every, rng)
        for i, onset in enumerate(onsets):
            early = gap == 0 and i > 0
            gap = _next_gap(every, rng) if early else gap - 1
            # The sinus node is not reset: its P wave falls into the ectopic beat and
            # is hidden.
            atria += [] if early else [Atrial(onset)]
            at = onsets[i - 1] + pr + coupling + rng.normal(0, 6) if early else onset + pr
            beats.append(Ventricular(at, is_ectopic=early))
        return Schedule(tuple(atria), tuple(beats), pr)

    return rhythm


def with_atrial_ectopy(rate_bpm: Range, *, every: Range) -> Rhythm:
    """Sinus rhythm with early atrial beats that reset the node: the pause is not compensatory."""

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        period, pr = 60_000 / rng.uniform(*rate_bpm), rng.uniform(145, 170)
        atria: list[Atrial] = []
        at, gap = -MARGIN_MS, _next_gap(every, rng)
        while at < duration_ms + MARGIN_MS:
            atria.append(Atrial(at, is_ectopic=gap == 0))
            early = gap == 1
            after_early = gap == 0
            gap = _next_gap(every, rng) if after_early else gap - 1
            factor = rng.uniform(0.60, 0.68) if early else 1.08 if after_early else 1.0
            at += period * factor * (1 + rng.normal(0, 0.008))
        beats = tuple(Ventricular(a.onset_ms + pr + 12 * a.is_ectopic) for a in atria)
        return Schedule(tuple(atria), beats, pr)

    return rhythm


def retrograde(rate_bpm: Range, *, after_ms: float) -> Rhythm:
    """A regular rhythm of the AV node with retrograde P waves ``after_ms`` after QRS onset."""

    def rhythm(duration_ms: float, rng: np.random.Generator) -> Schedule:
        onsets = _nodal(60_000 / rng.uniform(*rate_bpm), 0.002, duration_ms, rng)
        atria = tuple(Atrial(t + after_ms, is_ectopic=True) for t in onsets)
        return Schedule(atria, tuple(map(Ventricular, onsets)))

    return rhythm


def _conducted(onsets: list[float], pr_ms: float) -> Schedule:
    beats = tuple(Ventricular(p + pr_ms) for p in onsets)
    return Schedule(tuple(map(Atrial, onsets)), beats, pr_ms)


def _nodal(
    period_ms: float, breathing: float, duration_ms: float, rng: np.random.Generator
) -> list[float]:
    """Return times about ``period_ms`` apart, with gaps that vary with respiration."""
    at = -MARGIN_MS - rng.uniform(0, period_ms)
    phase, breath_ms = rng.uniform(0, 2 * np.pi), rng.uniform(3600, 4600)
    swing = partial(_swing, breathing=breathing, phase=phase, breath_ms=breath_ms)
    onsets = []
    while at < duration_ms + MARGIN_MS:
        onsets.append(float(at))
        at += period_ms * (1 + swing(at) + rng.normal(0, 0.004))
    return onsets


def _swing(at_ms: float, *, breathing: float, phase: float, breath_ms: float) -> float:
    return breathing * float(np.sin(2 * np.pi * at_ms / breath_ms + phase))


def _next_gap(every: Range, rng: np.random.Generator) -> int:
    return int(rng.integers(int(every[0]), int(every[1]) + 1)) - 1
