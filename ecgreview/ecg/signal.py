"""One 12-lead recording as integers with a unit, validated when constructed."""

from __future__ import annotations

import enum
import hashlib
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .leads import LEADS, N_LEADS

# The sample value that means "no value here", as in WFDB format 16.
INVALID = np.int16(-32768)

# Longer than any 12-lead recording in reader studies; limits how much memory is allocated.
MAX_SAMPLES = 5_000_000


class LeadStatus(enum.IntEnum):
    """Origin of a lead's samples. Packed signals contain the number, so never change it."""

    MISSING = 0
    RECORDED = 1
    DERIVED = 2


class BadSignal(ValueError):
    """The given arrays or numbers are not a valid 12-lead signal."""


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """A 12-lead signal.

    Attributes:
        samples: shape (12, n_samples), int16, read-only; rows in the order of ``leads.LEADS``;
            ``INVALID`` where there is no value, for the whole row when the lead is missing.
        sampling_rate_hz: samples per second and lead.
        microvolts_per_lsb: size of one integer step.
        lead_status: for each row, whether it was recorded, derived from others, or is missing.
    """

    samples: NDArray[np.int16]
    sampling_rate_hz: float
    microvolts_per_lsb: float
    lead_status: tuple[LeadStatus, ...] = (LeadStatus.RECORDED,) * N_LEADS

    def __post_init__(self) -> None:
        """Validate shape, type and numbers.

        Raises:
            BadSignal: the shape, type or a number is invalid; the message says which.
        """
        samples = self.samples
        if samples.ndim != 2 or samples.shape[0] != N_LEADS:
            raise BadSignal(f"expected samples of shape (12, n), found {samples.shape}")
        if samples.dtype != np.int16:
            raise BadSignal(f"expected int16 samples, found {samples.dtype}")
        if not 0 < samples.shape[1] <= MAX_SAMPLES:
            raise BadSignal(f"expected 1 to {MAX_SAMPLES} samples, found {samples.shape[1]}")
        if not (np.isfinite(self.sampling_rate_hz) and 0 < self.sampling_rate_hz <= 100_000):
            raise BadSignal(f"impossible sampling rate: {self.sampling_rate_hz} Hz")
        if not (np.isfinite(self.microvolts_per_lsb) and self.microvolts_per_lsb > 0):
            raise BadSignal(f"impossible unit: {self.microvolts_per_lsb} microvolts per step")
        if len(self.lead_status) != N_LEADS:
            raise BadSignal(f"expected the status of 12 leads, found {len(self.lead_status)}")
        frozen = np.ascontiguousarray(samples)
        if frozen is samples:
            frozen = samples.copy()
        frozen.setflags(write=False)
        object.__setattr__(self, "samples", frozen)

    @property
    def n_samples(self) -> int:
        """Samples per lead."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length of the recording in seconds."""
        return self.n_samples / self.sampling_rate_hz

    @property
    def missing_leads(self) -> tuple[str, ...]:
        """Names of the leads without a signal."""
        pairs = zip(LEADS, self.lead_status, strict=True)
        return tuple(lead for lead, status in pairs if status is LeadStatus.MISSING)

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the complete signal: equal signals have equal hashes."""
        status = bytes(int(s) for s in self.lead_status)
        head = struct.pack("<Qdd", self.n_samples, self.sampling_rate_hz, self.microvolts_per_lsb)
        return hashlib.sha256(head + status + self.samples.astype("<i2").tobytes()).hexdigest()

    def millivolts(self) -> NDArray[np.float64]:
        """Return the samples in mV, shape (12, n_samples), NaN where there is no value."""
        values = self.samples.astype(np.float64) * (self.microvolts_per_lsb / 1000.0)
        values[self.samples == INVALID] = np.nan
        return values
