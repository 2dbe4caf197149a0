"""Why there is no number, or what to mind beside one, where it is no coefficient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.views import agreement_numbers as numbers
from annotations.views.agreement_numbers import Number
from ecgreview.agreement.accuracy import arm_times, arms, performance
from ecgreview.agreement.latent import design as latent_design
from ecgreview.agreement.latent import pooled, pooled_report, two_states
from ecgreview.agreement.latent import report as latent_report
from ecgreview.agreement.latent import triples as latent_triples
from ecgreview.agreement.reports import precision
from ecgreview.agreement.values import coefficient, pairing

REASONS: Mapping[str, Promise] = {
    performance.NOTHING_READ: _("No exam was read that has a reference."),
    performance.NEVER_RIGHT: _("The reference never has the class."),
    performance.ALWAYS_RIGHT: _("The reference always has the class."),
    performance.NEVER_CALLED: _("The reader never gave the class."),
    performance.NOT_MET: _("Neither the reader nor the reference has the class."),
    performance.NO_CLASS_MET: _("Neither the reader nor the reference has any class."),
    coefficient.NO_SPREAD: _("Every resample gives the same value, so there is no interval."),
    arms.NO_SHOWN: _("No answer of this kind was given with the suggestion shown."),
    arms.NO_HIDDEN: _("No answer of this kind was given with the suggestion hidden."),
    arms.ONE_READER: _("Fewer than two readers answered, so how far readers differ is unknown."),
    arm_times.NO_TIME: _("No reading of this kind has a time."),
    pairing.FEW_PAIRS: _("Fewer than two exams were read under both conditions."),
    pairing.NO_SPREAD: _("All exams have the same difference, so there is no interval."),
    precision.FEW_TOLD: _("Fewer than 20 exams tell of the class, so the forecast is rough."),
    two_states.NO_BETTER_THAN_CHANCE: _(
        "The reader gives the class no more often where it is than where it is not."
    ),
    two_states.NOT_CONVERGED: _(
        "The search for the most likely values was stopped before it came to rest."
    ),
    latent_design.TWO_READERS: _(
        "Only two readers read the class: their agreement does not tell the prevalence from errors."
    ),
    latent_design.NO_TRIPLES: _(
        "No exam was read by three readers: pairs do not tell the prevalence from the readers'"
        " errors."
    ),
    latent_design.TOO_FEW_VARY: _(
        "No exam was read by three readers who vary in what they say of the class: the others do"
        " not tell the prevalence from errors."
    ),
    latent_design.NEVER_READ: _("The reader read no exam for the class."),
    latent_design.CONSTANT: _("The reader said the same of every exam."),
    latent_design.FEW_TRIPLES: _(
        "Of the exams that three readers read, few have the class or few lack it: trust the"
        " interval rather than the estimate."
    ),
    latent_triples.NOT_FITTED: _("The class has no fit to compare with."),
    latent_triples.SATURATED: _(
        "With three readers the model fits whatever they say: this cannot contradict it."
    ),
    pooled.POOLED: _(
        "Known from what the classes have in common: the readings of this class alone do not tell"
        " the prevalence from errors."
    ),
    pooled.FEW_POOLED: _(
        "Few exams tell of the class: much of this is known from what the classes have in common."
    ),
    pooled.TWO_READERS_POOLED: _(
        "Only two readers: known from the assumption that classes and readers differ about as much"
        " as the model expects, not from the readings alone."
    ),
    pooled.NOTHING_TO_POOL: _(
        "The readings of this class do not tell the prevalence from errors, and there is no other"
        " class to pool with."
    ),
    pooled.HARDLY_THERE: _(
        "Fewer than one exam is expected to have the class: trust no estimate of it."
    ),
    pooled_report.NO_DONOR: _(
        "No other class tells its prevalence from errors, so there is nothing to borrow."
    ),
    pooled_report.READERS_APART: _(
        "Fewer than two readers of the class have read another one that tells of their skill."
    ),
    pooled_report.NO_CURVATURE: _(
        "The readings hardly tell these values apart, so there is no interval."
    ),
    latent_report.TOO_LARGE: _(
        "So many readers answered in so many ways that this is not computed here."
    ),
    latent_report.NO_INTERVALS: _(
        "So many readers answered in so many ways that there are no intervals."
    ),
}
"""Of performance, arms, times, forecasts and latent classes, for translation."""


def told(reason: str) -> str:
    """Return a sentence of the domain in the language of the page."""
    return str(REASONS[reason]) if reason in REASONS else numbers.told(reason)


def number(found: Mapping[str, Any], *, as_percent: bool = True) -> Number:
    """Return a measure ``{"estimate", "low", "high", "n", "reason", "method"}`` as text."""
    return numbers.number({**found, "reason": told(found["reason"])}, as_percent=as_percent)
