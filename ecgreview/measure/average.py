"""The median of the dominant beats, from which everything except the rhythm is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import fiducials
from .detection import Beats
from .fiducials import FiducialNotFound
from .measurements import Measured, Missing
from .preparation import RATE_HZ, Prepared

# Samples of the median beat before and after the middle of QRS.
BEFORE, AFTER = round(0.50 * RATE_HZ), round(0.70 * RATE_HZ)


@dataclass(frozen=True, slots=True)
class Average:
    """The median beat with the bounds of its QRS, and the beats it was computed from."""

    cuts: NDArray[np.float64]  # (n_beats, 12, width), mV relative to the level at QRS onset
    places: NDArray[np.intp]  # (n_beats,), sample at the middle of each QRS
    beat: NDArray[np.float64]  # (12, width)
    usable: NDArray[np.bool_]
    onset: int
    offset: int
    wait_before: float  # lower quartile of the samples since the previous beat
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
        """Mask of the usable leads that are not much noisier than the others, shape (12,)."""
        noise = np.median(np.abs(self.cuts - self.beat), axis=(0, 2))
        return self.usable & (noise <= max(2.5 * float(np.median(noise[self.usable])), 0.02))

    def measured(self, value: float) -> Measured:
        """Return ``value`` with the confidence and the number of beats of this average."""
        return Measured.of(float(value), self.confidence, self.n_beats)


def average_of(prepared: Prepared, beats: Beats) -> Average:
    """Return the median of the dominant beats with the bounds of its QRS.

    Raises:
        FiducialNotFound: fewer than two beats of the dominant shape are whole and free of gaps, or
            the edges of QRS cannot be found.
    """
    n_samples = prepared.millivolts.shape[1]
    is_complete = (beats.places >= BEFORE) & (beats.places + AFTER <= n_samples) & beats.dominant
    places = [p for p in beats.places[is_complete] if prepared.valid[p - BEFORE : p + AFTER].all()]
    if len(places) < 2:
        raise FiducialNotFound(Missing.FEW_ALIKE)
    cuts = np.stack([prepared.millivolts[:, p - BEFORE : p + AFTER] for p in places])
    beat = np.median(cuts, axis=0)
    onset, offset = fiducials.qrs_bounds(beat[prepared.usable], BEFORE)
    level = slice(max(onset - 6, 0), max(onset - 1, 1))
    cuts = cuts - cuts[:, :, level].mean(axis=2, keepdims=True)
    confidence = min(1.0, len(places) / 5) * max(beats.similarity, 0.0)
    return Average(
        cuts=cuts,
        places=np.array(places, dtype=np.intp),
        beat=np.median(cuts, axis=0),
        usable=prepared.usable,
        onset=onset,
        offset=offset,
        wait_before=_short_wait(beats, np.diff(beats.places, prepend=-BEFORE)),
        wait_after=_short_wait(beats, np.diff(beats.places, append=n_samples + AFTER)),
        confidence=confidence,
    )


def _short_wait(beats: Beats, waits: NDArray[np.intp]) -> float:
    """Return the lower quartile of ``waits`` of the dominant beats.

    The neighboring beat limits the search for P and T. With the lower quartile, the search stays
    clear of the neighbor for most beats.
    """
    return float(np.percentile(waits[beats.dominant], 25))
