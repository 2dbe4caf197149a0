"""Shapes of heartbeats as dipole loops: effects of conduction and injury on QRS, ST and T.

Vectors have components to the left, feet and back (see ``waves.Vector``); times are fractions
of the QRS.
"""

from __future__ import annotations

from dataclasses import dataclass

from .waves import Vector, Wave


@dataclass(frozen=True, slots=True)
class Beat:
    """One ventricular complex.

    Attributes:
        qrs: its waves; together they fill the unit interval.
        t: the peak of the T wave, mV.
        st: the level of the ST segment, mV.
        qrs_ms: range from which the QRS duration of an exam is drawn; ectopic beats have its
            midpoint.
        t_width: width of the T wave relative to the usual one.
        spike: whether a pacing spike precedes QRS.
    """

    qrs: tuple[Wave, ...]
    t: Vector
    st: Vector = (0.0, 0.0, 0.0)
    qrs_ms: tuple[float, float] = (84.0, 98.0)
    t_width: float = 1.0
    spike: bool = False


P_WAVE = (
    Wave(0.0, 0.36, 0.76, (0.03, 0.09, -0.06)),  # right atrium: forward and down
    Wave(0.28, 0.64, 1.0, (0.07, 0.06, 0.05)),  # left atrium: left and back
)
P_RETROGRADE = (Wave(0.0, 0.5, 1.0, (-0.02, -0.13, 0.03)),)
P_ECTOPIC = (
    Wave(0.0, 0.40, 0.75, (0.06, -0.06, -0.03)),
    Wave(0.30, 0.62, 1.0, (0.02, -0.05, -0.05)),
)

_SEPTUM = Wave(0.0, 0.22, 0.48, (-0.18, -0.05, -0.34))
_LEFT_VENTRICLE = Wave(0.15, 0.50, 0.88, (1.12, 0.85, 0.30))
_BASE = Wave(0.45, 0.70, 1.0, (-0.12, -0.15, 0.60))
_USUAL_T: Vector = (0.28, 0.20, -0.14)

NORMAL = Beat(qrs=(_SEPTUM, _LEFT_VENTRICLE, _BASE), t=_USUAL_T)

LOW_VOLTAGE = Beat(
    qrs=(
        Wave(0.0, 0.20, 0.44, (-0.06, -0.01, -0.11)),
        Wave(0.15, 0.50, 0.86, (0.33, 0.25, 0.12)),
        Wave(0.42, 0.70, 1.0, (-0.04, -0.05, 0.18)),
    ),
    t=(0.12, 0.09, -0.06),
)

HYPERTROPHY = Beat(
    qrs=(
        Wave(0.0, 0.20, 0.44, (-0.25, -0.05, -0.40)),
        Wave(0.15, 0.50, 0.86, (2.05, 0.90, 0.95)),
        Wave(0.42, 0.70, 1.0, (-0.10, -0.20, 0.85)),
    ),
    t=(-0.36, -0.06, -0.24),
    st=(-0.12, -0.03, -0.10),
    qrs_ms=(96.0, 108.0),
)

LEFT_BUNDLE = Beat(
    qrs=(
        Wave(0.0, 0.34, 0.64, (0.80, 0.38, 0.60)),
        Wave(0.22, 0.52, 0.82, (0.55, 0.16, 0.70)),
        Wave(0.40, 0.70, 1.0, (0.85, 0.26, 0.75)),
    ),
    t=(-0.42, -0.08, -0.46),
    st=(-0.10, -0.02, -0.14),
    qrs_ms=(140.0, 160.0),
)

RIGHT_BUNDLE = Beat(
    qrs=(
        Wave(0.0, 0.13, 0.30, (-0.20, -0.05, -0.36)),
        Wave(0.10, 0.33, 0.60, (1.30, 0.72, 0.46)),
        Wave(0.40, 0.70, 1.0, (-0.58, -0.14, -0.72)),
    ),
    t=(0.36, 0.20, 0.16),
    qrs_ms=(132.0, 150.0),
)

LEFT_ANTERIOR_FASCICLE = Beat(
    qrs=(
        Wave(0.0, 0.20, 0.42, (-0.22, 0.38, -0.32)),
        Wave(0.15, 0.52, 0.88, (1.00, -0.86, 0.42)),
        Wave(0.44, 0.72, 1.0, (-0.05, -0.25, 0.55)),
    ),
    t=(0.26, 0.20, -0.12),
    qrs_ms=(94.0, 106.0),
)

BIFASCICULAR = Beat(
    qrs=(
        Wave(0.0, 0.13, 0.30, (-0.22, 0.34, -0.34)),
        Wave(0.10, 0.34, 0.60, (1.00, -0.80, 0.45)),
        Wave(0.38, 0.70, 1.0, (-0.62, -0.18, -0.72)),
    ),
    t=(0.34, 0.18, 0.16),
    qrs_ms=(132.0, 148.0),
)

PREEXCITATION = Beat(
    qrs=(
        Wave(0.0, 0.42, 0.66, (0.34, 0.36, -0.46)),
        Wave(0.30, 0.58, 0.86, (1.15, 0.70, -0.10)),
        Wave(0.62, 0.82, 1.0, (-0.15, -0.10, 0.42)),
    ),
    t=(-0.08, -0.06, 0.14),
    st=(-0.05, -0.05, 0.07),
    qrs_ms=(124.0, 138.0),
)

ANTERIOR_INJURY = Beat(
    qrs=(
        Wave(0.0, 0.28, 0.60, (-0.08, 0.02, 0.34)),  # no septal activity: Q in V1-V3
        Wave(0.15, 0.50, 0.86, (1.00, 0.80, 0.40)),
        Wave(0.42, 0.70, 1.0, (-0.10, -0.15, 0.35)),
    ),
    t=(0.26, 0.10, -0.46),
    st=(0.10, -0.06, -0.24),
    t_width=1.15,
)

INFERIOR_INJURY = Beat(
    qrs=(
        Wave(0.0, 0.20, 0.48, (-0.10, -0.32, -0.34)),
        Wave(0.15, 0.52, 0.86, (1.05, 0.80, 0.38)),
        Wave(0.42, 0.70, 1.0, (-0.15, -0.05, 0.60)),
    ),
    t=(0.04, 0.42, 0.02),
    st=(-0.09, 0.27, 0.08),
    t_width=1.15,
)

INFERIOR_SCAR = Beat(
    qrs=(
        Wave(0.0, 0.26, 0.60, (-0.16, -0.95, -0.36)),
        Wave(0.20, 0.55, 0.86, (1.15, 0.72, 0.38)),
        Wave(0.42, 0.70, 1.0, (-0.15, 0.12, 0.60)),
    ),
    t=(0.28, -0.16, -0.06),
)

FLAT_T = Beat(qrs=NORMAL.qrs, t=(0.04, 0.015, 0.0), st=(-0.02, -0.02, 0.01))

OUTFLOW_ECTOPIC = Beat(
    qrs=(
        Wave(0.0, 0.40, 0.72, (0.35, 1.30, 0.75)),
        Wave(0.30, 0.64, 1.0, (0.15, 1.00, 1.05)),
    ),
    t=(-0.12, -0.55, -0.48),
    st=(-0.03, -0.12, -0.10),
    qrs_ms=(142.0, 160.0),
)

LEFT_ECTOPIC = Beat(
    qrs=(
        Wave(0.0, 0.38, 0.70, (-0.45, -0.70, -1.00)),
        Wave(0.30, 0.64, 1.0, (-0.85, -1.10, -0.45)),
    ),
    t=(0.35, 0.48, 0.36),
    st=(0.07, 0.10, 0.07),
    qrs_ms=(146.0, 164.0),
)

PACED = Beat(
    qrs=(
        Wave(0.0, 0.36, 0.68, (0.75, -0.80, 0.55)),
        Wave(0.30, 0.64, 1.0, (0.30, -1.25, 1.05)),
    ),
    t=(-0.30, 0.50, -0.48),
    st=(-0.07, 0.11, -0.12),
    qrs_ms=(152.0, 172.0),
    spike=True,
)
