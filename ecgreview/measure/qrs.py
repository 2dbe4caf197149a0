"""Measurements of QRS on the median beat: voltage, axis and signs of bundle branch block."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg.leads import LEADS

from .average import Average
from .measurements import Measured, Missing
from .preparation import RATE_HZ


def measure_qrs(average: Average) -> dict[str, Measured]:
    """Return the measurements of QRS by name, in degrees and millivolts."""
    qrs = average.beat[:, average.onset : average.offset + 1]
    lead = dict(zip(LEADS, qrs, strict=True))
    return {
        "axis_deg": _axis(average, lead["I"].sum(), lead["aVF"].sum(), np.abs(qrs[:6]).sum()),
        "limb_voltage_mv": _voltage(average, qrs, slice(0, 6)),
        "precordial_voltage_mv": _voltage(average, qrs, slice(6, 12)),
    } | _bundle_branch_signs(average, lead)


def _bundle_branch_signs(
    average: Average, lead: dict[str, NDArray[np.float64]]
) -> dict[str, Measured]:
    """Measure the beginning and end of QRS, which distinguish bundle branch blocks."""
    third = max((average.offset + 1 - average.onset) // 3, 1)
    usable = dict(zip(LEADS, average.usable, strict=True))
    v1 = lateral = initial = Measured.missing(Missing.LEAD_MISSING, average.n_beats)
    if usable["V1"]:
        v1 = average.measured(lead["V1"][-third:].mean())
    if usable["I"] and usable["V6"]:
        lateral = average.measured((lead["I"] + lead["V6"])[-third:].mean() / 2)
        lowest = np.minimum(lead["I"], lead["V6"])[: round(0.04 * RATE_HZ)].min()
        initial = average.measured(lowest)
    return {"v1_terminal_mv": v1, "lateral_terminal_mv": lateral, "lateral_initial_mv": initial}


def _axis(average: Average, net_i: float, net_avf: float, total: float) -> Measured:
    """Measure the frontal axis. aVF is weighted by 2/sqrt(3), as augmented leads are weaker."""
    if not (average.usable[LEADS.index("I")] and average.usable[LEADS.index("aVF")]):
        return Measured.missing(Missing.LEAD_MISSING, average.n_beats)
    weighted = net_avf * 2 / math.sqrt(3)
    if math.hypot(net_i, weighted) < 0.05 * total:
        return Measured.missing(Missing.AXIS_INDETERMINATE, average.n_beats)
    return average.measured(math.degrees(math.atan2(weighted, net_i)))


def _voltage(average: Average, qrs: NDArray[np.float64], rows: slice) -> Measured:
    if not average.usable[rows].all():
        return Measured.missing(Missing.LEAD_MISSING, average.n_beats)
    return average.measured(np.ptp(qrs[rows], axis=1).max())
