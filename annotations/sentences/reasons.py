"""What the codes of the domain mean, in sentences: the one place that has them, translated.

Reports, rows, files and the API hold codes. Pages, the written report and the API's explanations
ask here, in the language in use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ecgreview.agreement.values.reasons import Reason
from ecgreview.design.reasons import PredictionReason

AGREEMENT: Mapping[Reason, Promise] = {
    Reason.NOT_COMPARED: _("No exam was read by two readers."),
    Reason.NEVER_GIVEN: _("No reader gave the class."),
    Reason.ALWAYS_GIVEN: _("Every reader gave the class to every exam."),
    Reason.NEVER_GIVEN_BY_TWO: _("No exam was given the class by two readers."),
    Reason.NO_CLASS: _("No class has a value."),
    Reason.NO_PAIR_DEFINED: _("No pair of readers has a defined kappa."),
    Reason.CATEGORY_UNUSED: _("No reading is of this category."),
    Reason.ONE_CATEGORY: _("There is only one category, so nothing else could have been said."),
    Reason.NOTHING_SHARED: _("The two readers have no category in common."),
    Reason.ALL_ALIKE: _("All readings say the same, so agreement beyond chance is undefined."),
    Reason.NO_CHANCE_DISAGREEMENT: _("By these weights the readers could not disagree by chance."),
    Reason.NEVER_DISAGREED: _("The two readers never disagreed, so there is nothing to test."),
    Reason.ABSENCE_ONLY: _("No reader gave the class: this is agreement about its absence only."),
    Reason.ONE_CATEGORY_USED: _("All readings say the same: this is agreement about that alone."),
    Reason.TOO_MANY_SETS: _(
        "The exams have too many different sets of classes to compare all with all."
    ),
    Reason.NO_SPREAD: _("Every resample gives the same value, so there is no interval."),
    Reason.FEW_EXAMS_OF_CLASS: _("Too few exams tell of the class for an interval."),
    Reason.PATIENTS_AND_FEW_EXAMS: _(
        "Patients have several exams, and too few exams tell of the class for an interval."
    ),
    Reason.PAIRS_OF_PATIENTS: _(
        "Patients have several exams: of pairs there are no intervals then."
    ),
    Reason.REPEATS_OF_PATIENTS: _(
        "Patients have several exams: of repeated readings there are no intervals then."
    ),
    Reason.MEASUREMENTS_OF_PATIENTS: _(
        "Patients have several exams that were measured: intervals, which take exams to be"
        " independent, would be too narrow."
    ),
    Reason.PAIRS_OVER_CLASSES: _(
        "The classes of an exam go together: of pairs over all classes there are no intervals."
    ),
    Reason.EQUAL_DIFFERENCES: _("All differences are the same, so there is no interval."),
    Reason.ONE_EXAM: _("One exam alone has no standard error."),
    Reason.NO_EXAM_DIFFERS: _(
        "No exam differs from the others, so the formula shows no uncertainty."
    ),
    Reason.UNEQUAL_READINGS: _("The exams do not all have the same number of readings."),
    Reason.NO_REFERENCE_READ: _("No exam was read that has a reference."),
    Reason.REFERENCE_NEVER: _("The reference never has the class."),
    Reason.REFERENCE_ALWAYS: _("The reference always has the class."),
    Reason.READER_NEVER: _("The reader never gave the class."),
    Reason.IN_NEITHER: _("Neither the reader nor the reference has the class."),
    Reason.NO_CLASS_IN_EITHER: _("Neither the reader nor the reference has any class."),
    Reason.NONE_SHOWN: _("No answer of this kind was given with the suggestion shown."),
    Reason.NONE_HIDDEN: _("No answer of this kind was given with the suggestion hidden."),
    Reason.NO_TIMES: _("No reading of this kind has a time."),
    Reason.FEW_READERS_ANSWERED: _(
        "Fewer than two readers answered, so how far readers differ is unknown."
    ),
    Reason.FEW_PAIRED_EXAMS: _("Fewer than two exams were read under both conditions."),
    Reason.FEW_READERS_MEASURED: _(
        "Fewer than two readers measured, so there is nothing to compare."
    ),
    Reason.FEW_EXAMS_MEASURED: _("Fewer than two exams were measured by all readers."),
    Reason.FEW_MEASURED_TWICE: _("Fewer than two exams were measured twice."),
    Reason.ALL_EQUAL: _("All measurements are the same, so how far exams differ is unknown."),
    Reason.EXAMS_ALIKE: _("The exams differ too little for a reliability to be defined."),
    Reason.ONE_CONSTANT: _("One of the two measured the same in every exam."),
    Reason.NO_DEGREES_OF_FREEDOM: _("There are too few exams for an interval."),
    Reason.ON_ONE_LINE: _("The measurements lie on one line, so there is no interval."),
    Reason.ROUGH_FORECAST: _("Fewer than 20 exams tell of the class, so the forecast is rough."),
    Reason.NO_READING: _("The reader gave no reading."),
    Reason.NO_THREE_READINGS: _(
        "No exam has three readings: agreement between two does not tell right from wrong."
    ),
    Reason.NEVER_READ: _("The reader read no exam for the class."),
    Reason.TWO_READERS: _(
        "Only two readers read the class: their agreement does not tell the prevalence from errors."
    ),
    Reason.NO_TRIPLES: _(
        "No exam was read by three readers: pairs do not tell the prevalence from the readers'"
        " errors."
    ),
    Reason.TOO_FEW_VARY: _(
        "No exam was read by three readers who vary in what they say of the class: the others do"
        " not tell the prevalence from errors."
    ),
    Reason.PREVALENCE_ABOVE_GIVEN: _(
        "By the model more exams have the class than any reader gave it."
    ),
    Reason.LOW_SENSITIVITY: _(
        "By the model readers miss the class more often than they see it: do not rely on it."
    ),
    Reason.FEW_TRUE_POSITIVES: _(
        "Too few true positives are expected: exams that have the class and that two readers or"
        " more gave it."
    ),
    Reason.NO_DONOR: _(
        "No other class tells its prevalence from errors, so there is nothing to borrow."
    ),
    Reason.READERS_APART: _(
        "Fewer than two readers of the class have read another one that tells of their skill."
    ),
    Reason.NOTHING_TO_POOL: _(
        "The readings of this class do not tell the prevalence from errors, and there is no other"
        " class to pool with."
    ),
    Reason.CONSTANT: _("The reader said the same of every exam."),
    Reason.NO_BETTER_THAN_CHANCE: _(
        "The reader gives the class no more often where it is than where it is not."
    ),
    Reason.NOT_CONVERGED: _(
        "The search for the most likely values was stopped before it came to rest."
    ),
    Reason.FEW_TRIPLES: _(
        "Of the exams that three readers read, few have the class or few lack it: trust the"
        " interval rather than the estimate."
    ),
    Reason.POOLED: _(
        "Known from what the classes have in common: the readings of this class alone do not tell"
        " the prevalence from errors."
    ),
    Reason.FEW_POOLED: _(
        "Few exams tell of the class: much of this is known from what the classes have in common."
    ),
    Reason.TWO_READERS_POOLED: _(
        "Only two readers: known from the assumption that classes and readers differ about as much"
        " as the model expects, not from the readings alone."
    ),
    Reason.HARDLY_THERE: _(
        "Fewer than one exam is expected to have the class: trust no estimate of it."
    ),
    Reason.SATURATED: _(
        "With three readers the model fits whatever they say: this cannot contradict it."
    ),
    Reason.NOT_FITTED: _("The class has no fit to compare with."),
    Reason.NO_CURVATURE: _("The readings hardly tell these values apart, so there is no interval."),
    Reason.NO_INTERVALS: _("So many readers answered in so many ways that there are no intervals."),
    Reason.TOO_LARGE: _("So many readers answered in so many ways that this is not computed here."),
}

PREDICTION: Mapping[PredictionReason, Promise] = {
    PredictionReason.NO_PAIR_PLANNED: _("No exam is to be read by two readers."),
    PredictionReason.NEVER_EXPECTED: _("No exam is expected to have the class."),
    PredictionReason.ALWAYS_EXPECTED: _("Every exam is expected to have the class."),
    PredictionReason.FEW_EXPECTED: _(
        "Fewer than five exams are expected to have the class, or to be without it."
    ),
}

SENTENCES: Mapping[str, Promise] = {
    str(code): meaning for part in (AGREEMENT, PREDICTION) for code, meaning in part.items()
}


def sentence(code: str) -> str:
    """Return what ``code`` means, in the language in use; empty for no code.

    A code that a later version of the product stored is returned as it is.
    """
    return str(SENTENCES.get(code, code))


def sentences_of(results: Any) -> dict[str, str]:
    """Return what each code means that ``results``, as JSON holds them, give as a ``reason``."""
    return {code: sentence(code) for code in sorted(set(_reasons(results)))}


def _reasons(results: Any) -> Iterator[str]:
    if isinstance(results, Mapping):
        if results.get("reason"):
            yield str(results["reason"])
        for one in results.values():
            yield from _reasons(one)
    elif isinstance(results, list):
        for one in results:
            yield from _reasons(one)
