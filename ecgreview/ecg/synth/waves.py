"""Waves of the heart's electrical dipole, and their projection to the twelve leads."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A dipole (x to the left, y to the feet, z to the back), in mV as measured by the Frank leads.
Vector = tuple[float, float, float]

# The eight independent leads from the dipole: Dower, Machado & Osborne 1980, Clin Cardiol 3:87.
LEAD_MATRIX: NDArray[np.float64] = np.array(
    [
        [0.632, -0.235, 0.059],  # I
        [0.235, 1.066, -0.132],  # II
        [-0.515, 0.157, -0.917],  # V1
        [0.044, 0.164, -1.387],  # V2
        [0.882, 0.098, -1.277],  # V3
        [1.213, 0.127, -0.601],  # V4
        [1.125, 0.127, -0.086],  # V5
        [0.831, 0.076, 0.230],  # V6
    ]
)


@dataclass(frozen=True, slots=True)
class Wave:
    """One deflection, which begins at ``start``, is largest at ``peak`` and ends at ``end``.

    The three times are fractions of the complex it belongs to, so that a complex can be
    stretched. It is a raised cosine rather than a Gaussian, because its ends are exact and
    serve as ground truth.
    """

    start: float
    peak: float
    end: float
    vector: Vector

    @property
    def area(self) -> NDArray[np.float64]:
        """The integral of the wave over the unit complex, shape (3,)."""
        return np.asarray(self.vector) * (self.end - self.start) / 2


class Canvas:
    """The dipole of a whole recording, shape (3, n_samples), to which waves are added."""

    def __init__(self, n_samples: int, sampling_rate_hz: float) -> None:
        self.dipole: NDArray[np.float64] = np.zeros((3, n_samples))
        self.times_ms: NDArray[np.float64] = np.arange(n_samples, dtype=np.float64) * (
            1000.0 / sampling_rate_hz
        )

    def add_wave(self, wave: Wave, *, onset_ms: float, length_ms: float, gain: float) -> None:
        """Add one ``wave`` of a complex that begins at ``onset_ms`` and lasts ``length_ms``."""
        start, peak, end = (onset_ms + f * length_ms for f in (wave.start, wave.peak, wave.end))
        window = self._window(start, end)
        times = self.times_ms[window]
        rising = (times - start) / (peak - start)
        falling = (end - times) / (end - peak)
        shape = 0.5 - 0.5 * np.cos(np.pi * np.clip(np.minimum(rising, falling), 0.0, 1.0))
        self.dipole[:, window] += gain * np.outer(wave.vector, shape)

    def add_bell(
        self, vector: Vector, *, peak_ms: float, rise_ms: float, fall_ms: float, gain: float
    ) -> None:
        """Add a T wave: a Gaussian with standard deviation ``rise_ms`` before its peak and
        ``fall_ms`` after it.

        The tangent at its steepest descent meets the baseline exactly ``2 * fall_ms`` after
        the peak, which gives an exact value for the end of T as cardiologists define it.
        """
        window = self._window(peak_ms - 5 * rise_ms, peak_ms + 5 * fall_ms)
        times = self.times_ms[window] - peak_ms
        shape = np.exp(-0.5 * (times / np.where(times < 0, rise_ms, fall_ms)) ** 2)
        self.dipole[:, window] += gain * np.outer(vector, shape)

    def _window(self, start_ms: float, end_ms: float) -> slice:
        first, last = np.searchsorted(self.times_ms, (start_ms, end_ms))
        return slice(int(first), int(last))


def rotation(frontal_deg: float, horizontal_deg: float) -> NDArray[np.float64]:
    """Return the (3, 3) rotation of the heart in the frontal, then in the horizontal plane.

    A positive frontal angle is clockwise as seen from the front, like the electrical axis.
    """
    f, h = math.radians(frontal_deg), math.radians(horizontal_deg)
    frontal = np.array([[math.cos(f), -math.sin(f), 0], [math.sin(f), math.cos(f), 0], [0, 0, 1]])
    horizontal = np.array(
        [[math.cos(h), 0, -math.sin(h)], [0, 1, 0], [math.sin(h), 0, math.cos(h)]]
    )
    turned: NDArray[np.float64] = horizontal @ frontal
    return turned


def frontal_axis_deg(dipole: NDArray[np.float64]) -> float:
    """Return the frontal axis in degrees (-180, 180] of a ``dipole`` of shape (3,).

    aVF is weighted by 2/sqrt(3), because Goldberger's leads are weaker than Einthoven's by that
    factor.
    """
    lead_i, lead_ii = LEAD_MATRIX[:2] @ dipole
    return math.degrees(math.atan2((lead_ii - lead_i / 2) * 2 / math.sqrt(3), lead_i))
