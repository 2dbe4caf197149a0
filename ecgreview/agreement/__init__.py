"""How far readers agree: coefficients with intervals, with their reasons when there is no value.

Usable on its own, without the site (docs/reference/agreement.md)::

    from ecgreview import agreement

    answers = agreement.Answers.of(ratings)  # (n_readers, n_exams, n_classes), int8
    found = agreement.report(answers, readers, classes)
    lines = agreement.pair_lines(found)
"""

from __future__ import annotations

from .coefficients.nominal import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from .counts.answers import Answers, Cluster, Profile
from .counts.cells import Cells
from .counts.patterns import ABSENT, MISSING, PRESENT, BadCounts, BadRatings, PatternCount
from .reports.report import VERSION, pair_lines, pooled_lines, repeat_lines, report
from .sampling.resampling import Resampling
from .values.coefficient import Coefficient, Estimates

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
