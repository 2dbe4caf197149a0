"""Recognize copies of a recording that differ in sampling rate, gain or name.

Data sets often contain a recording several times: PTB-XL has each at 500 and at 100 Hz, and CinC
2021 includes records of other databases. A reader who gets both copies would read the same
recording twice without knowing it.

The comparison uses the shape of the eight independent leads between 1 and 15 Hz in the first seven
seconds, each lead scaled to unit energy. Sampling rates of 100 Hz or more, gains, baseline filters
and mains filters hardly change it. ``fingerprint`` finds candidates among millions by the signs of
random projections (Charikar 2002, STOC, 380-388), in bands of 32 bits: candidates have at least one
band in common (Indyk & Motwani 1998, STOC, 604-613). ``is_same`` decides.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .leads import LEADS
from .signal import Signal

COMPARED = tuple(LEADS.index(lead) for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"))
# Recordings of CODE last 7 to 12 s; cropping or padding at the end is ignored.
SECONDS = 7.0

LOW_HZ, HIGH_HZ = 1.0, 15.0
N_BANDS, BAND_BITS = 16, 32
# Known copies of a recording correlate with .995 or more, two recordings of one patient with .6
# at most; see tests/domain/ecg/test_same_recording.py.
MIN_CORRELATION = 0.97

# Minimum number of leads that must correlate: one or two may be missing or damaged in a copy.
MIN_LEADS = 6

# Shape (8, n): Fourier coefficients of the compared leads, real parts before imaginary parts.
Shape = NDArray[np.float64]


def fingerprint(signal: Signal) -> tuple[int, ...]:
    """Return hash values; copies of a recording almost always have at least one in common.

    Each value fits in 63 bits and includes the number of its band, so one index can hold all
    values. Empty if fewer than ``MIN_LEADS`` of the compared leads have a signal.
    """
    shape = shape_of(signal)
    if np.count_nonzero(np.any(shape, axis=1)) < MIN_LEADS:
        return ()
    flat = shape.reshape(-1)
    bits = (_projections(len(flat)) @ flat > 0).reshape(N_BANDS, BAND_BITS)
    words = np.packbits(bits, axis=1).view(">u4")[:, 0].astype(np.int64)
    return tuple((np.arange(N_BANDS, dtype=np.int64) << BAND_BITS | words).tolist())


def is_same(signal: Signal, other: Signal) -> bool:
    """Return whether two signals are copies of one recording, whatever their rates and gains."""
    first, second = shape_of(signal), shape_of(other)
    if first.shape != second.shape:
        return False
    alike = (first * second).sum(axis=1)  # unit energy, so these are correlations
    return bool(np.count_nonzero(alike >= MIN_CORRELATION) >= MIN_LEADS)


def shape_of(signal: Signal) -> Shape:
    """Return the compared shape, nearly equal for copies of a recording; zero for a flat lead."""
    seconds = min(SECONDS, signal.n_samples / signal.sampling_rate_hz)
    n_samples = min(round(seconds * signal.sampling_rate_hz), signal.n_samples)
    samples = signal.samples[list(COMPARED), :n_samples].astype(np.float64)
    # Coefficient k has a frequency of k / seconds at any sampling rate.
    places = slice(int(np.ceil(LOW_HZ * seconds)), int(HIGH_HZ * seconds) + 1)
    spectrum = np.fft.rfft(samples, axis=1)[:, places]
    parts = np.concatenate([spectrum.real, spectrum.imag], axis=1)
    energy = np.linalg.norm(parts, axis=1, keepdims=True)
    shape: Shape = np.divide(parts, energy, out=np.zeros_like(parts), where=energy > 0)
    return shape


@cache
def _projections(length: int) -> NDArray[np.float64]:
    """Return pseudorandom +1 and -1, shape (bits, length), identical on every machine."""
    n_bits = N_BANDS * BAND_BITS
    stream = hashlib.shake_256(b"ecgreview same recording 1").digest(n_bits * length // 8 + 1)
    signs = np.unpackbits(np.frombuffer(stream, dtype=np.uint8))[: n_bits * length]
    return np.asarray(2.0 * signs - 1.0, dtype=np.float64).reshape(n_bits, length)
