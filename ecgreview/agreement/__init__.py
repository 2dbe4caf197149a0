"""Agreement between readers: coefficients with intervals, or the reason why there is no value.

Can be used without the site (docs/reference/agreement.md)::

    from ecgreview import agreement

    answers = agreement.Answers.of(ratings)  # (n_readers, n_exams, n_classes), int8
    report = agreement.report(answers, readers, classes)
    lines = agreement.pair_lines(report)

For one class with any categories, NaN where a reader did not rate::

    agreement.krippendorff_alpha(ratings)  # (n_readers, n_exams)

Subpackages: ``coefficients`` (weighted, two readers, sets, measurements; standard errors; verbal
scales), ``latent`` (prevalence and error rates without a reference), ``accuracy`` (readers and
suggestions against a reference). Functions return a value or the reason why there is none. They
raise subclasses of ``ValueError`` for invalid input.
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
