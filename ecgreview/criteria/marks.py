"""Where on the recording the evidence of a rule shows: stretches of time that can be drawn."""

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

SHOWN_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"axis_deg": ("I", "aVF"), "limb_voltage_mv": LIMB, "precordial_voltage_mv": CHEST}
)
"""The leads that a measurement is taken in; all others are taken over all leads together."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What to draw for one line of evidence.

    Attributes:
        text: what was measured, such as "PR 238 ms".
        leads: in which leads it shows; empty for all of them.
        intervals_s: from and to, in seconds from the first sample; equal for an instant.
    """

    text: str
    leads: tuple[str, ...]
    intervals_s: Stretches

    def to_json(self, *, tracing: int) -> dict[str, Any]:
        """Return plain lists, numbers and strings, of the tracing at position ``tracing``."""
        return {
            "tracing": tracing,
            "text": self.text,
            "leads": list(self.leads),
            "intervals_s": [list(one) for one in self.intervals_s],
        }


def marks_of(measurement: str, text: str, measurements: Measurements) -> Marks | None:
    """Return where ``measurement`` was taken, or None where nothing was noted of it."""
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
        return tuple((one, one) for one in instants.spikes_s)
    if measurement == "pr_ms":
        return _around(onsets, before_ms=measurements.pr_ms.value)
    if measurement.startswith("qt"):
        return _around(onsets, after_ms=measurements.qt_ms.value)
    return _around(onsets, after_ms=measurements.qrs_ms.value)


def _around(
    onsets: tuple[float, ...], *, before_ms: float | None = 0.0, after_ms: float | None = 0.0
) -> Stretches:
    """Return a stretch around the beginning of each QRS; none where it was not measured."""
    if before_ms is None or after_ms is None:
        return ()
    return tuple(
        (round(max(onset - before_ms / 1000, 0.0), 4), round(onset + after_ms / 1000, 4))
        for onset in onsets
    )
