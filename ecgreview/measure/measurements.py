"""The measurements of an exam, and reasons for missing values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class Missing(StrEnum):
    """Why a value is missing. Never change a code: suggestion runs store it."""

    RATE_TOO_COARSE = "sampling_rate_too_low"
    TOO_SHORT = "recording_too_short"
    NO_SIGNAL = "no_signal"
    NOISE = "noise"
    NO_WHOLE_BEAT = "no_whole_beat"
    FEW_BEATS = "few_beats"
    FEW_ALIKE = "few_beats_alike"
    QRS_EDGES = "qrs_edges_lost"
    FAST_RATE = "rate_above_120"
    P_INCONSISTENT = "p_wave_inconsistent"
    NO_ROOM_FOR_P = "no_room_for_p_wave"
    NO_P = "no_p_wave"
    RESTLESS = "line_never_at_rest"
    P_ONSET = "p_wave_onset_lost"
    NO_P_OR_T = "p_or_t_wave_missing"
    NO_ROOM_FOR_T = "no_room_for_t_wave"
    FLAT_T = "t_wave_flat"
    T_END = "t_wave_end_lost"
    LEAD_MISSING = "lead_without_signal"
    AXIS_INDETERMINATE = "axis_indeterminate"
    IMPLAUSIBLE = "implausible_value"


@dataclass(frozen=True, slots=True)
class Measured:
    """One value, or the reason why there is none.

    Attributes:
        value: in the unit that the name of its field ends with; None if it could not be measured.
        confidence: 0 (none) to 1; the consistency of the beats, not a probability of being right.
        n_beats: number of beats that support the value.
        reason: a ``Missing`` code; empty if there is a value.
    """

    value: float | None
    confidence: float
    n_beats: int
    reason: str

    @classmethod
    def of(cls, value: float, confidence: float, n_beats: int) -> Measured:
        return cls(round(value, 3), round(min(max(confidence, 0.0), 1.0), 3), n_beats, "")

    @classmethod
    def missing(cls, reason: Missing, n_beats: int = 0) -> Measured:
        return cls(None, 0.0, n_beats, reason)


@dataclass(frozen=True, slots=True)
class Instants:
    """Times of the measured events, in seconds from the first sample of the recording.

    Attributes:
        beats_s: the middle of every QRS.
        qrs_onsets_s: QRS onset over all leads, for the beats in the median.
        spikes_s: pacing spikes, and artifacts that look like them.
    """

    beats_s: tuple[float, ...] = ()
    qrs_onsets_s: tuple[float, ...] = ()
    spikes_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurements:
    """All measurements of one exam.

    Attributes:
        heart_rate_bpm: ventricular rate, from the mean RR interval.
        pr_ms: earliest P onset to earliest QRS onset over the leads.
        qrs_ms: earliest QRS onset to latest QRS offset over the leads.
        qt_ms: QRS onset to the end of T by the tangent method.
        qtc_fridericia_ms: ``qt_ms`` over the cube root of RR in seconds.
        qtc_bazett_ms: ``qt_ms`` over the square root of RR in seconds.
        qtc_framingham_ms: ``qt_ms`` + 154 (1 - RR in seconds).
        qtc_hodges_ms: ``qt_ms`` + 1.75 (rate - 60).
        axis_deg: frontal axis, -180 to 180, from the net area of QRS in I and aVF.
        limb_voltage_mv: largest peak-to-peak amplitude of QRS in a limb lead.
        precordial_voltage_mv: largest peak-to-peak amplitude of QRS in V1-V6.
        rr_variation: standard deviation of the RR intervals over their mean.
        rr_entropy: coefficient of sample entropy of the RR intervals; about -2 in sinus rhythm,
            above -1.4 if the intervals are random, as in atrial fibrillation.
        p_consistency: median correlation of the 200 ms before QRS of one beat with the mean of the
            others.
        p_upright_mv: how far (I + II) / 2 rises before QRS above both sides of the rise; a sinus
            P wave is upright in both leads.
        second_p_ratio: maximum speed between T and the next P over that of P itself; near 1 if
            there is another P wave, as in 2:1 block.
        dominant_share: share of the beats that have the dominant shape.
        paced_share: share of the dominant beats that begin with a pacing spike.
        v1_terminal_mv: mean of V1 over the last third of QRS.
        lateral_terminal_mv: mean of I and V6 over the last third of QRS.
        lateral_initial_mv: minimum of I and V6 in the first 40 ms of QRS.
        method_version: version of the measurement method.
        instants: times of the measured events.
    """

    heart_rate_bpm: Measured
    pr_ms: Measured
    qrs_ms: Measured
    qt_ms: Measured
    qtc_fridericia_ms: Measured
    qtc_bazett_ms: Measured
    qtc_framingham_ms: Measured
    qtc_hodges_ms: Measured
    axis_deg: Measured
    limb_voltage_mv: Measured
    precordial_voltage_mv: Measured
    rr_variation: Measured
    rr_entropy: Measured
    p_consistency: Measured
    p_upright_mv: Measured
    second_p_ratio: Measured
    dominant_share: Measured
    paced_share: Measured
    v1_terminal_mv: Measured
    lateral_terminal_mv: Measured
    lateral_initial_mv: Measured
    method_version: str
    instants: Instants = Instants()

    @classmethod
    def none(cls, reason: Missing, method_version: str) -> Measurements:
        """Return the measurements of an exam on which nothing could be measured."""
        absent = {name: Measured.missing(reason) for name in NAMES}
        return cls(**absent, method_version=method_version, instants=Instants())

    def fields(self) -> dict[str, Measured]:
        return {name: getattr(self, name) for name in NAMES}

    def to_json(self) -> dict[str, Any]:
        """Return the measurements as JSON values, without ``instants``."""
        return {name: asdict(measured) for name, measured in self.fields().items()} | {
            "method_version": self.method_version
        }


# The names of the measurements, in display order.
NAMES: tuple[str, ...] = tuple(
    f.name for f in fields(Measurements) if f.name not in {"method_version", "instants"}
)
