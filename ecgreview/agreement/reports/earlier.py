"""Stored reports of method versions 1 to 6, which contain English sentences instead of codes.

Stored reports never change, so the sentences are translated into codes when a report is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecgreview.agreement.values.reasons import Reason

VERSIONS = frozenset({"1", "2", "3", "4", "5", "6"})
"""The method versions whose reports contain sentences."""

CODES: Mapping[str, Reason] = {
    # Coefficients.
    "No exam was read by two readers.": Reason.NOT_COMPARED,
    "All readings say the same, so agreement beyond chance is undefined.": Reason.ALL_ALIKE,
    "No reader gave the class.": Reason.NEVER_GIVEN,
    "Every reader gave the class to every exam.": Reason.ALWAYS_GIVEN,
    "No reading is of this category.": Reason.CATEGORY_UNUSED,
    "There is only one category, so nothing else could have been said.": Reason.ONE_CATEGORY,
    "No pair of readers has a defined kappa.": Reason.NO_PAIR_DEFINED,
    "No reader gave the class: this is agreement about its absence only.": Reason.ABSENCE_ONLY,
    "No class has a value.": Reason.NO_CLASS,
    "The exams have too many different sets of classes to compare all with all.": (
        Reason.TOO_MANY_SETS
    ),
    "Every resample gives the same value, so there is no interval.": Reason.NO_SPREAD,
    "Too few exams tell of the class for an interval.": Reason.FEW_EXAMS_OF_CLASS,
    "Patients have several exams, and too few exams tell of the class for an interval.": (
        Reason.PATIENTS_AND_FEW_EXAMS
    ),
    "Patients have several exams: of pairs there are no intervals then.": Reason.PAIRS_OF_PATIENTS,
    "Patients have several exams: of repeated readings there are no intervals then.": (
        Reason.REPEATS_OF_PATIENTS
    ),
    "The classes of an exam go together: of pairs over all classes there are no intervals.": (
        Reason.PAIRS_OVER_CLASSES
    ),
    # Two readers.
    "The two readers never disagreed, so there is nothing to test.": Reason.NEVER_DISAGREED,
    "By these weights the readers could not disagree by chance.": Reason.NO_CHANCE_DISAGREEMENT,
    "The two readers have no category in common.": Reason.NOTHING_SHARED,
    "All readings say the same: this is agreement about that alone.": Reason.ONE_CATEGORY_USED,
    # Standard errors.
    "One exam alone has no standard error.": Reason.ONE_EXAM,
    "No exam differs from the others, so the formula shows no uncertainty.": (
        Reason.NO_EXAM_DIFFERS
    ),
    "The exams do not all have the same number of readings.": Reason.UNEQUAL_READINGS,
    # Certainty.
    "No exam was given the class by two readers.": Reason.NEVER_GIVEN_BY_TWO,
    # Measurements.
    "Fewer than two readers measured, so there is nothing to compare.": (
        Reason.FEW_READERS_MEASURED
    ),
    "Fewer than two exams were measured by all readers.": Reason.FEW_EXAMS_MEASURED,
    "Fewer than two exams were measured twice.": Reason.FEW_MEASURED_TWICE,
    "All measurements are the same, so how far exams differ is unknown.": Reason.ALL_EQUAL,
    "The exams differ too little for a reliability to be defined.": Reason.EXAMS_ALIKE,
    "One of the two measured the same in every exam.": Reason.ONE_CONSTANT,
    "All differences are the same, so there is no interval.": Reason.EQUAL_DIFFERENCES,
    "There are too few exams for an interval.": Reason.NO_DEGREES_OF_FREEDOM,
    "The measurements lie on one line, so there is no interval.": Reason.ON_ONE_LINE,
    "Patients have several exams that were measured: intervals, which take exams to be"
    " independent, would be too narrow.": Reason.MEASUREMENTS_OF_PATIENTS,
    # Readers compared with a reference.
    "No exam was read that has a reference.": Reason.NO_REFERENCE_READ,
    "The reference never has the class.": Reason.REFERENCE_NEVER,
    "The reference always has the class.": Reason.REFERENCE_ALWAYS,
    "The reader never gave the class.": Reason.READER_NEVER,
    "Neither the reader nor the reference has the class.": Reason.IN_NEITHER,
    "Neither the reader nor the reference has any class.": Reason.NO_CLASS_IN_EITHER,
    # Effect of suggestions.
    "No answer of this kind was given with the suggestion shown.": Reason.NONE_SHOWN,
    "No answer of this kind was given with the suggestion hidden.": Reason.NONE_HIDDEN,
    "Fewer than two readers answered, so how far readers differ is unknown.": (
        Reason.FEW_READERS_ANSWERED
    ),
    "No reading of this kind has a time.": Reason.NO_TIMES,
    "Fewer than two exams were read under both conditions.": Reason.FEW_PAIRED_EXAMS,
    "All exams have the same difference, so there is no interval.": Reason.EQUAL_DIFFERENCES,
    # Forecasts.
    "Fewer than 20 exams tell of the class, so the forecast is rough.": Reason.ROUGH_FORECAST,
    # Latent model.
    "No exam has three readings: agreement between two does not tell right from wrong.": (
        Reason.NO_THREE_READINGS
    ),
    "The reader gave no reading.": Reason.NO_READING,
    "The reader read no exam for the class.": Reason.NEVER_READ,
    "Only two readers read the class: their agreement does not tell the prevalence from errors.": (
        Reason.TWO_READERS
    ),
    "No exam was read by three readers: pairs do not tell the prevalence from the readers'"
    " errors.": Reason.NO_TRIPLES,
    "No exam was read by three readers who vary in what they say of the class: the others do not"
    " tell the prevalence from errors.": Reason.TOO_FEW_VARY,
    "The reader said the same of every exam.": Reason.CONSTANT,
    "The reader gives the class no more often where it is than where it is not.": (
        Reason.NO_BETTER_THAN_CHANCE
    ),
    "The search for the most likely values was stopped before it came to rest.": (
        Reason.NOT_CONVERGED
    ),
    "Of the exams that three readers read, few have the class or few lack it: trust the interval"
    " rather than the estimate.": Reason.FEW_TRIPLES,
    "The class has no fit to compare with.": Reason.NOT_FITTED,
    "With three readers the model fits whatever they say: this cannot contradict it.": (
        Reason.SATURATED
    ),
    "So many readers answered in so many ways that this is not computed here.": Reason.TOO_LARGE,
    "So many readers answered in so many ways that there are no intervals.": Reason.NO_INTERVALS,
    # Pooled model.
    "Known from what the classes have in common: the readings of this class alone do not tell the"
    " prevalence from errors.": Reason.POOLED,
    "Few exams tell of the class: much of this is known from what the classes have in common.": (
        Reason.FEW_POOLED
    ),
    "Only two readers: known from the assumption that classes and readers differ about as much as"
    " the model expects, not from the readings alone.": Reason.TWO_READERS_POOLED,
    "The readings of this class do not tell the prevalence from errors, and there is no other"
    " class to pool with.": Reason.NOTHING_TO_POOL,
    "Fewer than one exam is expected to have the class: trust no estimate of it.": (
        Reason.HARDLY_THERE
    ),
    "No other class tells its prevalence from errors, so there is nothing to borrow.": (
        Reason.NO_DONOR
    ),
    "Fewer than two readers of the class have read another one that tells of their skill.": (
        Reason.READERS_APART
    ),
    "The readings hardly tell these values apart, so there is no interval.": Reason.NO_CURVATURE,
}
"""All sentences that were ever stored, with their codes. Never changes."""


def with_codes(results: Any) -> Any:
    """Return the JSON value ``results`` with sentences replaced by codes.

    All other values are unchanged.
    """
    if isinstance(results, Mapping):
        return {
            key: CODES.get(value, value)
            if key == "reason" and isinstance(value, str)
            else with_codes(value)
            for key, value in results.items()
        }
    if isinstance(results, list):
        return [with_codes(item) for item in results]
    return results
