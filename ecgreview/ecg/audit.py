"""Detect problems and oddities of a signal, and return them as remarks. Signals are not changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from .leads import LEADS, LIMB_WEIGHTS
from .signal import INVALID, LeadStatus, Signal

# Errors from rounding and resampling in real 12-lead files stay below 26 microvolts.
MAX_RESIDUAL_MV = 0.05

# This threshold on corr(I, V6) detected 55 of 60 simulated arm-lead reversals without a false
# alarm.
REVERSAL_CORRELATION = -0.3

SMALL_MV = 0.1
# Peak to peak. Genuine recordings can exceed it (PTB-XL 421), so they are accepted with a remark.
LARGE_MV = 15.0

CLIPPED_S = 0.02
# A plateau this long, this far from the median, at the extreme of the lead suggests clipping.
CLIPPED_FROM_MV = 0.5


class RemarkCode(StrEnum):
    """Type of a remark. Never change a value: tracings and imports store it.

    The comment after a code lists the keys of its ``Remark.details``.
    """

    MISSING_LEAD = "missing_lead"
    DERIVED_LEAD = "derived_lead"
    GAP = "gap"  # seconds
    FLAT_LEAD = "flat_lead"
    AMPLITUDE_SMALL = "amplitude_small"  # median_mv
    AMPLITUDE_LARGE = "amplitude_large"  # most_mv
    LIMB_IDENTITY = "limb_identity"  # microvolts
    ARM_REVERSAL_SUSPECTED = "arm_reversal_suspected"  # correlation
    CLIPPING = "clipping"

    # From the file format.
    OTHER_SIGNALS = "other_signals"  # signals
    UNIT_NOT_STATED = "unit_not_stated"
    TRAILING_BYTES = "trailing_bytes"  # n_bytes, file
    CHECKSUM = "checksum"  # signals
    AGE = "age"  # age_years
    NO_METADATA = "no_metadata"  # file

    # From the import, which compares recordings.
    SAME_RECORDING = "same_recording"  # file
    SAME_RECORDING_ELSEWHERE = "same_recording_elsewhere"  # file, dataset


@dataclass(frozen=True, slots=True)
class Remark:
    """A note about an accepted signal or file, for people.

    Attributes:
        leads: the affected leads, in the standard order; empty for the whole recording.
        details: values for the sentence that explains the code.
    """

    code: RemarkCode
    leads: tuple[str, ...] = ()
    details: Mapping[str, str | int | float] = field(default_factory=dict)


def audit(signal: Signal) -> tuple[Remark, ...]:
    """Return all remarks on ``signal``, in the order of ``RemarkCode``."""
    millivolts = signal.millivolts()
    return (
        *_missing(signal),
        *_derived(signal),
        *_gaps(signal),
        *_flat(millivolts),
        *_amplitude(millivolts),
        *_limb_identities(millivolts),
        *_arm_reversal(millivolts),
        *_clipping(millivolts, signal.sampling_rate_hz),
    )


def peak_to_peak(millivolts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the range of each lead in mV, shape (12,); NaN for a lead without values."""
    highest = np.fmax.reduce(millivolts, axis=1)
    lowest = np.fmin.reduce(millivolts, axis=1)
    return np.asarray(highest - lowest)


def _missing(signal: Signal) -> list[Remark]:
    leads = signal.missing_leads
    return [Remark(RemarkCode.MISSING_LEAD, leads)] if leads else []


def _derived(signal: Signal) -> list[Remark]:
    leads = _pick([status is LeadStatus.DERIVED for status in signal.lead_status])
    return [Remark(RemarkCode.DERIVED_LEAD, leads)] if leads else []


def _gaps(signal: Signal) -> list[Remark]:
    absent = (signal.samples == INVALID).sum(axis=1)
    leads = _pick((absent > 0) & (absent < signal.n_samples))
    if not leads:
        return []
    seconds = absent[[LEADS.index(lead) for lead in leads]].max() / signal.sampling_rate_hz
    return [Remark(RemarkCode.GAP, leads, {"seconds": round(float(seconds), 2)})]


def _flat(millivolts: NDArray[np.float64]) -> list[Remark]:
    leads = _pick(peak_to_peak(millivolts) == 0)
    return [Remark(RemarkCode.FLAT_LEAD, leads)] if leads else []


def _amplitude(millivolts: NDArray[np.float64]) -> list[Remark]:
    ranges = peak_to_peak(millivolts)
    alive = ranges[ranges > 0]
    if alive.size and np.median(alive) < SMALL_MV:
        median_mv = significant(float(np.median(alive)), 2)
        return [Remark(RemarkCode.AMPLITUDE_SMALL, details={"median_mv": median_mv})]
    leads = _pick(ranges > LARGE_MV)
    return [Remark(RemarkCode.AMPLITUDE_LARGE, leads, {"most_mv": LARGE_MV})] if leads else []


def _limb_identities(millivolts: NDArray[np.float64]) -> list[Remark]:
    lead_i, lead_ii = millivolts[0], millivolts[1]
    worst = np.zeros(len(LEADS))
    for lead, (weight_i, weight_ii) in LIMB_WEIGHTS.items():
        row = LEADS.index(lead)
        residual = np.abs(millivolts[row] - weight_i * lead_i - weight_ii * lead_ii)
        worst[row] = np.fmax.reduce(residual, initial=0.0)
    leads = _pick(worst > MAX_RESIDUAL_MV)
    microvolts = round(float(worst.max()) * 1000)
    return [Remark(RemarkCode.LIMB_IDENTITY, leads, {"microvolts": microvolts})] if leads else []


def _arm_reversal(millivolts: NDArray[np.float64]) -> list[Remark]:
    lead_i, lead_v6 = millivolts[LEADS.index("I")], millivolts[LEADS.index("V6")]
    both = np.isfinite(lead_i) & np.isfinite(lead_v6)
    if not both.any() or np.ptp(lead_i[both]) == 0 or np.ptp(lead_v6[both]) == 0:
        return []
    correlation = float(np.corrcoef(lead_i[both], lead_v6[both])[0, 1])
    if correlation >= REVERSAL_CORRELATION:
        return []
    details = {"correlation": round(correlation, 2)}
    return [Remark(RemarkCode.ARM_REVERSAL_SUSPECTED, ("I",), details)]


def _clipping(millivolts: NDArray[np.float64], sampling_rate_hz: float) -> list[Remark]:
    run = max(5, round(CLIPPED_S * sampling_rate_hz))
    leads = _pick([_is_clipped(lead, run) for lead in millivolts])
    return [Remark(RemarkCode.CLIPPING, leads)] if leads else []


def _is_clipped(lead: NDArray[np.float64], run: int) -> bool:
    """Return whether ``lead`` (mV) stays for ``run`` samples at an extreme far from its median."""
    values = lead[np.isfinite(lead)]
    if values.size < run:
        return False
    middle = np.median(values)
    extremes = (values.max(), values.min())
    far = [extreme for extreme in extremes if abs(extreme - middle) >= CLIPPED_FROM_MV]
    return any(_longest_run(values == extreme) >= run for extreme in far)


def _longest_run(mask: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _pick(mask: NDArray[np.bool_] | list[bool]) -> tuple[str, ...]:
    return tuple(lead for lead, chosen in zip(LEADS, mask, strict=True) if chosen)


def significant(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")
