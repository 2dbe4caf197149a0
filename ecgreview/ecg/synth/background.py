"""Signals underlying the beats: atrial fibrillation or flutter, and realistic noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

# One flutter wave: about 290 per minute.
FLUTTER_WAVE_MS = 205.0


def fibrillatory(times_ms: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return fibrillatory waves, shape (3, n), mV: 5-7.5 Hz, drifting, largest towards V1."""
    seconds = times_ms / 1000
    waves = np.zeros((3, seconds.size))
    for share in (1.0, 0.7, 0.45):
        rate_hz = rng.uniform(5.0, 7.5)
        drift = np.sin(2 * np.pi * rng.uniform(0.15, 0.5) * seconds + rng.uniform(0, 6.3))
        phase = 2 * np.pi * rate_hz * seconds + 1.8 * drift + rng.uniform(0, 6.3)
        swell = 1 + 0.45 * np.sin(2 * np.pi * rng.uniform(0.2, 0.7) * seconds + rng.uniform(0, 6.3))
        shape = swell * (np.sin(phase) + 0.25 * np.sin(2 * phase + 0.7))
        direction = np.array([-0.014, 0.028, -0.046]) + rng.normal(0, 0.008, 3)
        waves += share * np.outer(direction, shape)
    return waves


def saw_tooth(times_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return flutter waves, shape (3, n), mV: slow rise and fast fall in II, III, aVF; positive in
    V1.
    """
    phase = 2 * np.pi * times_ms / FLUTTER_WAVE_MS
    tooth = sum(((-1) ** k) * np.sin(k * phase) / k**1.35 for k in range(1, 5))
    bump = np.clip(np.cos(phase + 0.4), 0, None) ** 2
    return np.outer([0.0, -0.115, 0.01], tooth) + np.outer([-0.01, 0.0, -0.10], bump)


def noise(
    n_channels: int, n_samples: int, *, sampling_rate_hz: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return electrode noise, shape (n_channels, n_samples), mV: wander, muscle and mains."""
    seconds = np.arange(n_samples) / sampling_rate_hz
    total = np.zeros((n_channels, n_samples))
    breath_hz = rng.uniform(0.2, 0.28)
    for rate_hz, size in ((breath_hz, 0.022), (0.07, 0.025), (0.43, 0.006)):
        phases = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.5, (n_channels, 1))
        sizes = size * rng.uniform(0.4, 1.2, (n_channels, 1))
        total += sizes * np.sin(2 * np.pi * rate_hz * seconds + phases)
    total += _muscle(n_channels, n_samples, sampling_rate_hz, rng)
    mains = rng.uniform(0.0, 0.003, (n_channels, 1))
    return total + mains * np.sin(2 * np.pi * 60.0 * seconds + rng.uniform(0, 6.3))


def _muscle(
    n_channels: int, n_samples: int, sampling_rate_hz: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return fluctuating muscle noise between 20 and 120 Hz, about 4 to 9 microvolts RMS."""
    highest = min(120.0, 0.45 * sampling_rate_hz)
    band = butter(2, (20.0, highest), btype="bandpass", fs=sampling_rate_hz, output="sos")
    tremor = sosfilt(band, rng.normal(0, 1, (n_channels, n_samples)), axis=1)
    tremor /= tremor.std(axis=1, keepdims=True)
    seconds = np.arange(n_samples) / sampling_rate_hz
    swell = 1 + 0.35 * np.sin(2 * np.pi * 0.3 * seconds + rng.uniform(0, 6.3, (n_channels, 1)))
    scaled: NDArray[np.float64] = tremor * swell * rng.uniform(0.004, 0.009, (n_channels, 1))
    return scaled
