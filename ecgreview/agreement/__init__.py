"""How far readers agree: coefficients with intervals, with their reasons when there is no value.

Usable on its own, without the site (docs/reference/agreement.md)::

    from ecgreview import agreement

    answers = agreement.Answers.of(ratings)  # (n_readers, n_exams, n_classes), int8
    found = agreement.report(answers, readers, classes)
    lines = agreement.pair_lines(found)
"""

from __future__ import annotations

from .answers import Answers, Cluster, Profile
from .cells import Cells
from .coefficient import Coefficient, Estimates
from .nominal import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha, percent_agreement
from .patterns import ABSENT, MISSING, PRESENT, BadCounts, BadRatings, PatternCount
from .report import VERSION, pair_lines, pooled_lines, repeat_lines, report
from .resampling import Resampling

__all__ = [
    "ABSENT",
    "MISSING",
    "PRESENT",
    "VERSION",
    "Answers",
    "BadCounts",
    "BadRatings",
    "Cells",
    "Cluster",
    "Coefficient",
    "Estimates",
    "PatternCount",
    "Profile",
    "Resampling",
    "cohen_kappa",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "pair_lines",
    "percent_agreement",
    "pooled_lines",
    "repeat_lines",
    "report",
]
