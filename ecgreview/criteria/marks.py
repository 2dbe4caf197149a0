"""Locate the evidence of a rule on the recording, as leads and time intervals to draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from ecgreview.measure.measurements import Measurements

Stretches = tuple[tuple[float, float], ...]

LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
CHEST = ("V1", "V2", "V3", "V4", "V5", "V6")

# The leads used by some measurements; all other measurements use all leads.
SHOWN_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"axis_deg": ("I", "aVF"), "limb_voltage_mv": LIMB, "precordial_voltage_mv": CHEST}
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What to draw for one line of evidence.

    Attributes:
        text: the measurement, such as "PR 238 ms".
        leads: leads of the measurement; empty for all leads.
        intervals_s: start and end of each interval, in seconds from the first sample. They are
            equal for an instant, such as a pacing spike.
    """

    text: str
    leads: tuple[str, ...]
    intervals_s: Stretches

    def to_json(self, *, tracing: int) -> dict[str, Any]:
        """Return JSON values; ``tracing`` is the position of the tracing in the exam."""
        return {
            "tracing": tracing,
            "text": self.text,
            "leads": list(self.leads),
            "intervals_s": [list(interval) for interval in self.intervals_s],
        }


def marks_of(measurement: str, text: str, measurements: Measurements) -> Marks | None:
    """Return where ``measurement`` was taken, or None if its times are unknown."""
    intervals = _intervals_s(measurement, measurements)
    if not intervals:
        return None
    return Marks(text, SHOWN_IN.get(measurement, ()), intervals)


def _intervals_s(measurement: str, measurements: Measurements) -> Stretches:
    instants = measurements.instants
    onsets = instants.qrs_onsets_s
    if measurement in {"heart_rate_bpm", "rr_entropy"}:
        return tuple(pairwise(instants.beats_s))
    if measurement == "paced_share":
        return tuple((instant, instant) for instant in instants.spikes_s)
    if measurement == "pr_ms":
        return _around(onsets, before_ms=measurements.pr_ms.value)
    if measurement.startswith("qt"):
        return _around(onsets, after_ms=measurements.qt_ms.value)
    return _around(onsets, after_ms=measurements.qrs_ms.value)


def _around(
    onsets: tuple[float, ...], *, before_ms: float | None = 0.0, after_ms: float | None = 0.0
) -> Stretches:
    """Return an interval around each QRS onset; empty if ``before_ms`` or ``after_ms`` is None."""
    if before_ms is None or after_ms is None:
        return ()
    return tuple(
        (round(max(onset - before_ms / 1000, 0.0), 4), round(onset + after_ms / 1000, 4))
        for onset in onsets
    )
