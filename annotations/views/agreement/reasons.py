"""Why there is no number, or what to mind beside one, where it is no coefficient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, gettext_noop
from django.utils.translation import gettext_lazy as _

from annotations.views.agreement import numbers
from annotations.views.agreement.numbers import Number
from ecgreview.agreement.accuracy import arm_times, arms, performance
from ecgreview.agreement.latent.reasons import Reason
from ecgreview.agreement.reports import precision
from ecgreview.agreement.values import coefficient, pairing

LATENT: Mapping[Reason, str] = {
    Reason.NOT_COMPARED: gettext_noop("No exam was read by two readers."),
    Reason.NEVER_GIVEN: gettext_noop("No reader gave the class."),
    Reason.ALWAYS_GIVEN: gettext_noop("Every reader gave the class to every exam."),
    Reason.PREVALENCE_ABOVE_GIVEN: gettext_noop(
        "By the model more exams have the class than any reader gave it."
    ),
    Reason.LOW_SENSITIVITY: gettext_noop(
        "By the model readers miss the class more often than they see it: do not rely on it."
    ),
    Reason.FEW_TRUE_POSITIVES: gettext_noop(
        "Too few true positives are expected: exams that have the class and that two readers or"
        " more gave it."
    ),
    Reason.NO_SPREAD: gettext_noop("Every resample gives the same value, so there is no interval."),
    Reason.NO_BETTER_THAN_CHANCE: gettext_noop(
        "The reader gives the class no more often where it is than where it is not."
    ),
    Reason.NOT_CONVERGED: gettext_noop(
        "The search for the most likely values was stopped before it came to rest."
    ),
    Reason.TWO_READERS: gettext_noop(
        "Only two readers read the class: their agreement does not tell the prevalence from errors."
    ),
    Reason.NO_TRIPLES: gettext_noop(
        "No exam was read by three readers: pairs do not tell the prevalence from the readers'"
        " errors."
    ),
    Reason.TOO_FEW_VARY: gettext_noop(
        "No exam was read by three readers who vary in what they say of the class: the others do"
        " not tell the prevalence from errors."
    ),
    Reason.NEVER_READ: gettext_noop("The reader read no exam for the class."),
    Reason.CONSTANT: gettext_noop("The reader said the same of every exam."),
    Reason.FEW_TRIPLES: gettext_noop(
        "Of the exams that three readers read, few have the class or few lack it: trust the"
        " interval rather than the estimate."
    ),
    Reason.NOT_FITTED: gettext_noop("The class has no fit to compare with."),
    Reason.SATURATED: gettext_noop(
        "With three readers the model fits whatever they say: this cannot contradict it."
    ),
    Reason.POOLED: gettext_noop(
        "Known from what the classes have in common: the readings of this class alone do not tell"
        " the prevalence from errors."
    ),
    Reason.FEW_POOLED: gettext_noop(
        "Few exams tell of the class: much of this is known from what the classes have in common."
    ),
    Reason.TWO_READERS_POOLED: gettext_noop(
        "Only two readers: known from the assumption that classes and readers differ about as much"
        " as the model expects, not from the readings alone."
    ),
    Reason.NOTHING_TO_POOL: gettext_noop(
        "The readings of this class do not tell the prevalence from errors, and there is no other"
        " class to pool with."
    ),
    Reason.HARDLY_THERE: gettext_noop(
        "Fewer than one exam is expected to have the class: trust no estimate of it."
    ),
    Reason.NO_DONOR: gettext_noop(
        "No other class tells its prevalence from errors, so there is nothing to borrow."
    ),
    Reason.READERS_APART: gettext_noop(
        "Fewer than two readers of the class have read another one that tells of their skill."
    ),
    Reason.NO_CURVATURE: gettext_noop(
        "The readings hardly tell these values apart, so there is no interval."
    ),
    Reason.TOO_LARGE: gettext_noop(
        "So many readers answered in so many ways that this is not computed here."
    ),
    Reason.NO_INTERVALS: gettext_noop(
        "So many readers answered in so many ways that there are no intervals."
    ),
}
"""Of latent classes, in English: reports hold codes, those of earlier versions sentences."""

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
    **{str(code): gettext_lazy(text) for code, text in LATENT.items()},
    **{text: gettext_lazy(text) for text in LATENT.values()},  # of versions before the codes
}
"""Of performance, arms, times, forecasts and latent classes, for translation."""


def told(reason: str) -> str:
    """Return a sentence of the domain in the language of the page."""
    return str(REASONS[reason]) if reason in REASONS else numbers.told(reason)


def number(found: Mapping[str, Any], *, as_percent: bool = True) -> Number:
    """Return a measure ``{"estimate", "low", "high", "n", "reason", "method"}`` as text."""
    return numbers.number({**found, "reason": told(found["reason"])}, as_percent=as_percent)
