"""How far readers agree: coefficients with intervals, with their reasons when there is no value.

Usable on its own, without the site (docs/reference/agreement.md)::

    from ecgreview import agreement

    answers = agreement.Answers.of(ratings)  # (n_readers, n_exams, n_classes), int8
    found = agreement.report(answers, readers, classes)
    lines = agreement.pair_lines(found)

Of one class, any categories, NaN where a reader did not rate::

    agreement.krippendorff_alpha(ratings)  # (n_readers, n_exams)

What stands in rooms of its own: ``coefficients`` (weighted, of two readers, of sets, of
measurements; standard errors; words for how large they are), ``latent`` (prevalence and errors
without a reference), ``accuracy`` (readers and suggestions against a reference). Whatever is given,
a function returns a value or the reason why there is none, or raises a ``ValueError`` of its own.
"""

from __future__ import annotations

from . import accuracy, coefficients, latent
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
from .latent.report import latent_report
from .reports.report import VERSION, pair_lines, pooled_lines, repeat_lines, report
from .sampling.resampling import BadResampling, Resampling
from .values.bounded import BadConfidence, Measure
from .values.coefficient import Coefficient, Estimates

__all__ = [
    "ABSENT",
    "MISSING",
    "PRESENT",
    "VERSION",
    "Answers",
    "BadConfidence",
    "BadCounts",
    "BadRatings",
    "BadResampling",
    "Cells",
    "Cluster",
    "Coefficient",
    "Estimates",
    "Measure",
    "PatternCount",
    "Profile",
    "Resampling",
    "accuracy",
    "coefficients",
    "cohen_kappa",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "latent",
    "latent_report",
    "pair_lines",
    "percent_agreement",
    "pooled_lines",
    "repeat_lines",
    "report",
]
