"""How far readers agree: coefficients with their reasons when there is no value, and a report."""

from __future__ import annotations

from .cells import Cells
from .coefficient import Coefficient, Estimates
from .nominal import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha, percent_agreement
from .patterns import ABSENT, MISSING, PRESENT, BadRatings, PatternCount
from .report import VERSION, report

__all__ = [
    "ABSENT",
    "MISSING",
    "PRESENT",
    "VERSION",
    "BadRatings",
    "Cells",
    "Coefficient",
    "Estimates",
    "PatternCount",
    "cohen_kappa",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "percent_agreement",
    "report",
]
