"""Assemble lead traces of any format into a validated twelve-lead Signal."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg.audit import peak_to_peak, significant
from ecgreview.ecg.leads import LEADS, LIMB_WEIGHTS
from ecgreview.ecg.signal import INVALID, LeadStatus, Signal

from .codes import RefusalCode
from .recording import Refused

MIN_DURATION_S = 2.0
MIN_RATE_HZ, MAX_RATE_HZ = 50.0, 10_000.0
# One volt: no electrode on skin records that, so the file's unit must be wrong.
MAX_ABSOLUTE_MV = 1_000.0

_COARSER = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_FULL_SCALE = 32767

Traces = Mapping[str, NDArray[np.float64]]


def assemble(traces: Traces, *, sampling_rate_hz: float, microvolts_per_lsb: float) -> Signal:
    """Return the twelve-lead signal made of ``traces``, deriving leads that I and II determine.

    Args:
        traces: standard lead name -> shape (n,), in steps of ``microvolts_per_lsb``; NaN or
            infinity where there is no value. Whole steps are stored exactly.
        sampling_rate_hz: as stated in the file.
        microvolts_per_lsb: size of a step; increased if an amplitude would not fit into 16 bits.

    Raises:
        Refused: leads are missing, the sampling rate is impossible, or the signal is too short,
            blank or impossibly large.
    """
    check_rate(sampling_rate_hz)
    complete, status = _complete(traces)
    steps = np.stack([complete[lead] for lead in LEADS])
    _check_duration(steps.shape[1], sampling_rate_hz)
    _check_amplitude(steps * (microvolts_per_lsb / 1000))
    samples, coarser = _quantized(steps)
    status = tuple(
        LeadStatus.MISSING if (row == INVALID).all() else lead_status
        for row, lead_status in zip(samples, status, strict=True)
    )
    return Signal(samples, sampling_rate_hz, microvolts_per_lsb * coarser, status)


def check_rate(sampling_rate_hz: float) -> None:
    """Refuse a sampling rate that no electrocardiograph has.

    Raises:
        Refused: it is outside 50 to 10,000 Hz.
    """
    if not MIN_RATE_HZ <= sampling_rate_hz <= MAX_RATE_HZ:
        raise Refused(
            RefusalCode.SAMPLING_RATE,
            least=MIN_RATE_HZ,
            most=MAX_RATE_HZ,
            found=significant(sampling_rate_hz, 6),
        )


def _complete(traces: Traces) -> tuple[dict[str, NDArray[np.float64]], tuple[LeadStatus, ...]]:
    derived = {}
    if "I" in traces and "II" in traces:
        derived = {
            lead: weight_i * traces["I"] + weight_ii * traces["II"]
            for lead, (weight_i, weight_ii) in LIMB_WEIGHTS.items()
            if lead not in traces
        }
    complete = {**traces, **derived}
    absent = [lead for lead in LEADS if lead not in complete]
    if absent:
        raise Refused(RefusalCode.LEADS_MISSING, found=len(traces), absent=", ".join(absent))
    status = [LeadStatus.DERIVED if lead in derived else LeadStatus.RECORDED for lead in LEADS]
    return complete, tuple(status)


def _check_duration(n_samples: int, sampling_rate_hz: float) -> None:
    duration_s = n_samples / sampling_rate_hz
    if duration_s < MIN_DURATION_S:
        raise Refused(RefusalCode.TOO_SHORT, least=MIN_DURATION_S, found=round(duration_s, 2))


def _check_amplitude(millivolts: NDArray[np.float64]) -> None:
    finite = np.where(np.isfinite(millivolts), millivolts, np.nan)
    if not (peak_to_peak(finite) > 0).any():
        raise Refused(RefusalCode.BLANK)
    peak_mv = np.fmax.reduce(np.abs(finite), axis=None)
    if peak_mv > MAX_ABSOLUTE_MV:
        raise Refused(RefusalCode.AMPLITUDE, found=significant(peak_mv, 3))


def _quantized(steps: NDArray[np.float64]) -> tuple[NDArray[np.int16], int]:
    """Return int16 samples and the number of steps per unit, chosen so that no sample clips."""
    is_valid = np.isfinite(steps)
    finite = np.where(is_valid, steps, 0.0)
    peak = np.abs(finite).max()
    coarser = next((c for c in _COARSER if peak / c <= _FULL_SCALE), None)
    if coarser is None:
        raise Refused(
            RefusalCode.RESOLUTION, most=_COARSER[-1] * _FULL_SCALE, found=significant(peak, 3)
        )
    samples = np.rint(finite / coarser).astype(np.int16)
    samples[~is_valid] = INVALID
    return samples, coarser
