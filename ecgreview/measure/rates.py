"""Values derived from the heart rate: corrected QT and irregularity of RR intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from .measurements import Measured

# Bazett 1920, Heart 7:353; Fridericia 1920, Acta Med Scand 53:469; Framingham: Sagie et al. 1992,
# Am J Cardiol 70:797; Hodges et al. 1983, J Am Coll Cardiol 1:694.
FORMULAS: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "qtc_fridericia_ms": lambda qt_ms, rr_s: qt_ms / rr_s ** (1 / 3),
        "qtc_bazett_ms": lambda qt_ms, rr_s: qt_ms / rr_s**0.5,
        "qtc_framingham_ms": lambda qt_ms, rr_s: qt_ms + 154 * (1 - rr_s),
        "qtc_hodges_ms": lambda qt_ms, rr_s: qt_ms + 1.75 * (60 / rr_s - 60),
    }
)

# The entropy was developed for 12 beats, but 10 s at 50 bpm have only 8.
MIN_INTERVALS = 7

_TOLERANCES_S = np.arange(0.03, 0.305, 0.005)
_FEWEST_MATCHES = 5


def corrected(qt: Measured, rate_bpm: float) -> dict[str, Measured]:
    if qt.value is None:
        return dict.fromkeys(FORMULAS, qt)
    return {
        name: Measured.of(formula(qt.value, 60 / rate_bpm), qt.confidence, qt.n_beats)
        for name, formula in FORMULAS.items()
    }


def sample_entropy(rr_s: NDArray[np.float64]) -> float | None:
    """Return the coefficient of sample entropy, or None if too few intervals recur.

    This is the sample entropy for single intervals plus the logarithm of twice the tolerance over
    the mean interval. The tolerance is 30 ms, widened until intervals recur often enough.

    Args:
        rr_s: shape (n,), successive RR intervals in seconds.

    Source:
        Lake & Moorman 2011, Am J Physiol Heart Circ Physiol 300:H319.
    """
    distances = np.abs(rr_s[:, None] - rr_s[None, :])
    upper = np.triu(np.ones_like(distances, dtype=bool), k=1)[:-1, :-1]
    for tolerance in _TOLERANCES_S:
        alike = distances < tolerance
        current, following = alike[:-1, :-1], alike[1:, 1:]
        n_alike = int((current & upper).sum())
        n_followed = int((current & following & upper).sum())
        if n_followed >= _FEWEST_MATCHES:
            return -math.log(n_followed / n_alike) + math.log(2 * tolerance / float(rr_s.mean()))
    return None
