"""Small signals for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecgreview.ecg.leads import LEADS, LIMB_WEIGHTS
from ecgreview.ecg.signal import Signal

RATE_HZ = 500.0


def heartbeats(n_samples: int = 5000) -> NDArray[np.float64]:
    """Return plausible leads in microvolts, shape (12, n_samples): a narrow spike every second."""
    time_s = np.arange(n_samples) / RATE_HZ
    beat = np.exp(-(((time_s % 1.0) - 0.5) ** 2) / (2 * 0.012**2))
    size_uv = {"I": 700, "II": 1100, "V1": -800, "V2": -900, "V3": 600, "V4": 1500, "V5": 1400}
    leads = {lead: size * beat for lead, size in ({"V6": 1000} | size_uv).items()}
    leads |= {lead: i * leads["I"] + ii * leads["II"] for lead, (i, ii) in LIMB_WEIGHTS.items()}
    return np.stack([leads[lead] for lead in LEADS])


def signal(microvolts: NDArray[np.float64] | None = None) -> Signal:
    """Return ``microvolts``, or ``heartbeats()``, as a signal with 1 microvolt per step."""
    values = heartbeats() if microvolts is None else microvolts
    return Signal(np.rint(values).astype(np.int16), RATE_HZ, 1.0)
