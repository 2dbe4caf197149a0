"""Sentences for reason codes: why a number is missing, or what to keep in mind about it.

Reports, rows, files and the API hold codes. Pages, the written report and explanations in the API
get the sentences from here, in the active language.
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
    Reason.NEVER_GIVEN: _("No reader marked the class."),
    Reason.ALWAYS_GIVEN: _("Every reader marked the class in every exam."),
    Reason.NEVER_GIVEN_BY_TWO: _("No two readers marked the class in the same exam."),
    Reason.NO_CLASS: _("No class has a value."),
    Reason.NO_PAIR_DEFINED: _("No pair of readers has a defined kappa."),
    Reason.CATEGORY_UNUSED: _("No reading has this category."),
    Reason.ONE_CATEGORY: _("There is only one category, so readers could not disagree."),
    Reason.NOTHING_SHARED: _("The two readers have no category in common."),
    Reason.ALL_ALIKE: _("All readings are identical, so agreement beyond chance is undefined."),
    Reason.NO_CHANCE_DISAGREEMENT: _("With these weights, no disagreement is expected by chance."),
    Reason.NEVER_DISAGREED: _("The two readers never disagreed, so there is nothing to test."),
    Reason.ABSENCE_ONLY: _("No reader marked the class, so this is agreement on its absence only."),
    Reason.ONE_CATEGORY_USED: _(
        "All readings are identical, so this is agreement on a single answer."
    ),
    Reason.TOO_MANY_SETS: _(
        "There are too many different sets of classes to compare every pair of sets."
    ),
    Reason.NO_SPREAD: _("Every resample gives the same value, so there is no interval."),
    Reason.FEW_EXAMS_OF_CLASS: _("There are too few informative exams for an interval."),
    Reason.PATIENTS_AND_FEW_EXAMS: _(
        "Some patients have several exams, and there are too few informative exams for an interval."
    ),
    Reason.PAIRS_OF_PATIENTS: _(
        "There are no intervals for pairs, because some patients have several exams."
    ),
    Reason.REPEATS_OF_PATIENTS: _(
        "There are no intervals for repeated readings, because some patients have several exams."
    ),
    Reason.MEASUREMENTS_OF_PATIENTS: _(
        "Some patients have several measured exams. Intervals assume independent exams and would "
        "be too narrow."
    ),
    Reason.PAIRS_OVER_CLASSES: _(
        "There are no intervals for pairs over all classes, because the classes of an exam are not "
        "independent."
    ),
    Reason.EQUAL_DIFFERENCES: _("All differences are the same, so there is no interval."),
    Reason.ONE_EXAM: _("A single exam has no standard error."),
    Reason.NO_EXAM_DIFFERS: _(
        "No exam differs from the others, so the formula shows no uncertainty."
    ),
    Reason.UNEQUAL_READINGS: _("The exams do not all have the same number of readings."),
    Reason.NO_REFERENCE_READ: _("None of the exams read has a reference."),
    Reason.REFERENCE_NEVER: _("The reference never has the class."),
    Reason.REFERENCE_ALWAYS: _("The reference always has the class."),
    Reason.READER_NEVER: _("The reader never marked the class."),
    Reason.IN_NEITHER: _("The reader never marked the class, and the reference never has it."),
    Reason.NO_CLASS_IN_REFERENCE: _("The reference of these exams has no class."),
    Reason.NO_CLASS_BY_READER: _("The reader marked no class in these exams."),
    Reason.FEW_GOLD_EXAMS: _("Too few gold exams were read for an interval."),
    Reason.FEW_CASES: _("Too few patients have the class, or too few do not have it."),
    Reason.NEVER_PREDICTED: _("No prediction reaches the threshold."),
    Reason.NO_CLASS_IN_EITHER: _("The reader marked no class, and the reference has none."),
    Reason.NONE_SHOWN: _("No answer of this kind was given with the suggestion shown."),
    Reason.NONE_HIDDEN: _("No answer of this kind was given with the suggestion hidden."),
    Reason.NO_TIMES: _("No reading of this kind has a time."),
    Reason.FEW_READERS_ANSWERED: _(
        "Fewer than two readers answered, so the variation between readers is unknown."
    ),
    Reason.FEW_PAIRED_EXAMS: _("Fewer than two exams were read under both conditions."),
    Reason.FEW_READERS_MEASURED: _(
        "Fewer than two readers measured, so there is nothing to compare."
    ),
    Reason.FEW_EXAMS_MEASURED: _("Fewer than two exams were measured by all readers."),
    Reason.FEW_MEASURED_TWICE: _("Fewer than two exams were measured by both readers."),
    Reason.ALL_EQUAL: _("All measurements are the same, so this coefficient is undefined."),
    Reason.EXAMS_ALIKE: _("The exams differ too little to define a reliability."),
    Reason.ONE_CONSTANT: _("One of the two readers measured the same value in every exam."),
    Reason.NO_DEGREES_OF_FREEDOM: _("There are too few exams for an interval."),
    Reason.ON_ONE_LINE: _("The measurements lie on one line, so there is no interval."),
    Reason.ROUGH_FORECAST: _(
        "Readers marked the class in fewer than 20 exams, so the forecast is rough."
    ),
    Reason.NO_READING: _("The reader submitted no reading."),
    Reason.NO_THREE_READINGS: _(
        "No exam has three readings. Agreement between two readers does not show which of them is "
        "right."
    ),
    Reason.NEVER_READ: _("The reader did not assess the class in any exam."),
    Reason.TWO_READERS: _(
        "Only two readers assessed the class. Their agreement cannot separate prevalence from "
        "errors."
    ),
    Reason.NO_TRIPLES: _(
        "No exam was read by three readers. Two readings per exam cannot separate prevalence from "
        "errors."
    ),
    Reason.TOO_FEW_VARY: _(
        "No exam was read by three readers whose answers about the class vary. The other exams "
        "cannot separate prevalence from errors."
    ),
    Reason.PREVALENCE_ABOVE_GIVEN: _(
        "The model estimates more exams with the class than there are exams in which a reader "
        "marked it."
    ),
    Reason.LOW_SENSITIVITY: _(
        "According to the model, readers miss the class more often than they see it. Do not rely "
        "on this estimate."
    ),
    Reason.FEW_TRUE_POSITIVES: _(
        "Too few true positives are expected (exams with the class in which two or more readers "
        "marked it)."
    ),
    Reason.NO_DONOR: _(
        "No other class can separate prevalence from errors, so there is nothing to pool with."
    ),
    Reason.READERS_APART: _(
        "Fewer than two readers of this class have read another class that shows their accuracy."
    ),
    Reason.NOTHING_TO_POOL: _(
        "The readings of this class cannot separate prevalence from errors, and there is no other "
        "class to pool with."
    ),
    Reason.CONSTANT: _("The reader gave the same answer for every exam."),
    Reason.NO_BETTER_THAN_CHANCE: _(
        "The reader marks the class no more often when it is present than when it is absent."
    ),
    Reason.NOT_CONVERGED: _("The estimation was stopped before it converged."),
    Reason.FEW_TRIPLES: _(
        "Few of the exams with three readings have the class, or few lack it. Rely on the interval "
        "rather than the estimate."
    ),
    Reason.POOLED: _(
        "Estimated from what the classes have in common. The readings of this class alone cannot "
        "separate prevalence from errors."
    ),
    Reason.FEW_POOLED: _(
        "There are few informative exams, so this relies largely on what the classes have in "
        "common."
    ),
    Reason.TWO_READERS_POOLED: _(
        "There are only two readers, so this relies on the model's assumption of how much classes "
        "and readers differ."
    ),
    Reason.HARDLY_THERE: _(
        "Fewer than one exam is expected to have the class. Do not rely on its estimates."
    ),
    Reason.SATURATED: _(
        "With three readers the model fits any answers, so this comparison cannot contradict it."
    ),
    Reason.NOT_FITTED: _("The model was not fitted to this class, so there is nothing to compare."),
    Reason.NO_CURVATURE: _(
        "Very different values fit the readings almost equally well, so no interval can be "
        "computed."
    ),
    Reason.NO_INTERVALS: _(
        "There are too many readers and combinations of answers to compute intervals."
    ),
    Reason.TOO_LARGE: _("There are too many readers and combinations of answers to compute this."),
}

PREDICTION: Mapping[PredictionReason, Promise] = {
    PredictionReason.NO_PAIR_PLANNED: _("No exam is assigned to two readers."),
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
    """Return the sentence for ``code`` in the active language; empty for an empty code.

    An unknown code, which a later version of the software stored, is returned as it is.
    """
    return str(SENTENCES.get(code, code))


def sentences_of(results: Any) -> dict[str, str]:
    """Return the sentences for all ``reason`` codes in the JSON ``results``, by code."""
    return {code: sentence(code) for code in sorted(set(_reasons(results)))}


def _reasons(results: Any) -> Iterator[str]:
    if isinstance(results, Mapping):
        if results.get("reason"):
            yield str(results["reason"])
        for result in results.values():
            yield from _reasons(result)
    elif isinstance(results, list):
        for result in results:
            yield from _reasons(result)
