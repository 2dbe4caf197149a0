"""What is wrong, or merely odd, with a signal: said aloud, never repaired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .leads import LEADS, LIMB_WEIGHTS
from .signal import INVALID, LeadStatus, Signal

MAX_RESIDUAL_MV = 0.05
"""Rounding and resampling of real 12-lead files stay below 26 microvolts."""

REVERSAL_CORRELATION = -0.3
"""corr(I, V6) below this found 55 of 60 simulated arm-lead reversals with no false alarm."""

SMALL_MV = 0.1
LARGE_MV = 15.0
"""Peak to peak. Genuine recordings can be taller (PTB-XL 421), so this is a remark, no refusal."""

CLIPPED_S = 0.02
CLIPPED_FROM_MV = 0.5
"""A plateau this long, this far from the median, at the very extreme of the lead: a full scale."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing a person should know about a signal that was nevertheless accepted.

    Attributes:
        code: stable identifier, such as ``flat_lead``.
        text: one sentence for a person.
        leads: the leads it is about, in the standard order; empty when about the recording.
    """

    code: str
    text: str
    leads: tuple[str, ...] = ()


def audit(signal: Signal) -> tuple[Remark, ...]:
    """Return everything remarkable about ``signal``, the most general first."""
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
    return [Remark("missing_lead", f"No signal in {_named(leads)}.", leads)] if leads else []


def _derived(signal: Signal) -> list[Remark]:
    leads = _pick([status is LeadStatus.DERIVED for status in signal.lead_status])
    text = f"{_named(leads)} not recorded: computed from I and II."
    return [Remark("derived_lead", text, leads)] if leads else []


def _gaps(signal: Signal) -> list[Remark]:
    absent = (signal.samples == INVALID).sum(axis=1)
    leads = _pick((absent > 0) & (absent < signal.n_samples))
    if not leads:
        return []
    seconds = absent[[LEADS.index(lead) for lead in leads]].max() / signal.sampling_rate_hz
    return [Remark("gap", f"Part of {_named(leads)} has no values (up to {seconds:.2f} s).", leads)]


def _flat(millivolts: NDArray[np.float64]) -> list[Remark]:
    leads = _pick(peak_to_peak(millivolts) == 0)
    return [Remark("flat_lead", f"{_named(leads)}: a flat line.", leads)] if leads else []


def _amplitude(millivolts: NDArray[np.float64]) -> list[Remark]:
    ranges = peak_to_peak(millivolts)
    alive = ranges[ranges > 0]
    if alive.size and np.median(alive) < SMALL_MV:
        text = (
            f"Half of the leads span less than {np.median(alive):.2g} mV: "
            "the file is probably not in the unit it was read in."
        )
        return [Remark("amplitude_small", text)]
    leads = _pick(ranges > LARGE_MV)
    text = f"{_named(leads)}: more than {LARGE_MV:g} mV from peak to peak; artefact or wrong gain."
    return [Remark("amplitude_large", text, leads)] if leads else []


def _limb_identities(millivolts: NDArray[np.float64]) -> list[Remark]:
    lead_i, lead_ii = millivolts[0], millivolts[1]
    worst = np.zeros(len(LEADS))
    for lead, (weight_i, weight_ii) in LIMB_WEIGHTS.items():
        row = LEADS.index(lead)
        residual = np.abs(millivolts[row] - weight_i * lead_i - weight_ii * lead_ii)
        worst[row] = np.fmax.reduce(residual, initial=0.0)
    leads = _pick(worst > MAX_RESIDUAL_MV)
    text = (
        f"{_named(leads)} not what I and II make of it (Einthoven, Goldberger): "
        f"off by up to {worst.max() * 1000:.0f} microvolts."
    )
    return [Remark("limb_identity", text, leads)] if leads else []


def _arm_reversal(millivolts: NDArray[np.float64]) -> list[Remark]:
    one, other = millivolts[LEADS.index("I")], millivolts[LEADS.index("V6")]
    both = np.isfinite(one) & np.isfinite(other)
    if not both.any() or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return []
    correlation = float(np.corrcoef(one[both], other[both])[0, 1])
    if correlation >= REVERSAL_CORRELATION:
        return []
    text = f"I runs against V6 (correlation {correlation:.2f}): arm leads perhaps interchanged."
    return [Remark("arm_reversal_suspected", text, ("I",))]


def _clipping(millivolts: NDArray[np.float64], sampling_rate_hz: float) -> list[Remark]:
    run = max(5, round(CLIPPED_S * sampling_rate_hz))
    leads = _pick([_is_clipped(lead, run) for lead in millivolts])
    text = f"{_named(leads)}: the tops are cut off at the limit of the recorder."
    return [Remark("clipping", text, leads)] if leads else []


def _is_clipped(lead: NDArray[np.float64], run: int) -> bool:
    """Return whether ``lead``, in mV, stays at an extreme for ``run`` samples on end."""
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


def _named(leads: tuple[str, ...]) -> str:
    return ", ".join(leads)
