"""Codes that reports store to say why there is no number, or to caution about one."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The codes. Never rename one: stored reports, exported files and API clients use them.

    The site's translation catalog has the texts.
    """

    # Nothing to compare.
    NOT_COMPARED = "not_compared"
    NEVER_GIVEN = "never_given"
    ALWAYS_GIVEN = "always_given"
    NEVER_GIVEN_BY_TWO = "never_given_by_two"
    NO_CLASS = "no_class"
    NO_PAIR_DEFINED = "no_pair_defined"
    CATEGORY_UNUSED = "category_unused"
    ONE_CATEGORY = "one_category"
    NOTHING_SHARED = "nothing_shared"

    # Agreement beyond chance is undefined, or needs a special interpretation.
    ALL_ALIKE = "all_alike"
    NO_CHANCE_DISAGREEMENT = "no_chance_disagreement"
    NEVER_DISAGREED = "never_disagreed"
    ABSENCE_ONLY = "absence_only"
    ONE_CATEGORY_USED = "one_category_used"
    TOO_MANY_SETS = "too_many_sets"

    # No interval, or no standard error.
    NO_SPREAD = "no_spread"
    FEW_EXAMS_OF_CLASS = "few_exams_of_class"
    PATIENTS_AND_FEW_EXAMS = "patients_and_few_exams"
    PAIRS_OF_PATIENTS = "pairs_of_patients"
    REPEATS_OF_PATIENTS = "repeats_of_patients"
    MEASUREMENTS_OF_PATIENTS = "measurements_of_patients"
    PAIRS_OVER_CLASSES = "pairs_over_classes"
    EQUAL_DIFFERENCES = "equal_differences"
    ONE_EXAM = "one_exam"
    NO_EXAM_DIFFERS = "no_exam_differs"
    UNEQUAL_READINGS = "unequal_readings"

    # Readers compared with a reference.
    NO_REFERENCE_READ = "no_reference_read"
    REFERENCE_NEVER = "reference_never"
    REFERENCE_ALWAYS = "reference_always"
    READER_NEVER = "reader_never"
    IN_NEITHER = "in_neither"
    NO_CLASS_IN_REFERENCE = "no_class_in_reference"
    NO_CLASS_BY_READER = "no_class_by_reader"
    FEW_GOLD_EXAMS = "few_gold_exams"
    NO_CLASS_IN_EITHER = "no_class_in_either"

    # Predictions scored against embargoed labels.
    FEW_CASES = "few_cases"
    NEVER_PREDICTED = "never_predicted"

    # The effect of suggestions.
    NONE_SHOWN = "none_shown"
    NONE_HIDDEN = "none_hidden"
    NO_TIMES = "no_times"
    FEW_READERS_ANSWERED = "few_readers_answered"
    FEW_PAIRED_EXAMS = "few_paired_exams"

    # Measurements.
    FEW_READERS_MEASURED = "few_readers_measured"
    FEW_EXAMS_MEASURED = "few_exams_measured"
    FEW_MEASURED_TWICE = "few_measured_twice"
    ALL_EQUAL = "all_equal"
    EXAMS_ALIKE = "exams_alike"
    ONE_CONSTANT = "one_constant"
    NO_DEGREES_OF_FREEDOM = "no_degrees_of_freedom"
    ON_ONE_LINE = "on_one_line"

    # Forecasts.
    ROUGH_FORECAST = "rough_forecast"

    # Latent model: the readings do not identify it.
    NO_READING = "no_reading"
    NO_THREE_READINGS = "no_three_readings"
    NEVER_READ = "never_read"
    TWO_READERS = "two_readers"
    NO_TRIPLES = "no_triples"
    TOO_FEW_VARY = "too_few_vary"

    # Latent model: the fit is implausible, see ``latent.plausibility``.
    PREVALENCE_ABOVE_GIVEN = "prevalence_above_given"
    LOW_SENSITIVITY = "low_sensitivity"
    FEW_TRUE_POSITIVES = "few_true_positives"

    # Latent model: there is no class to pool with.
    NO_DONOR = "no_donor"
    READERS_APART = "readers_apart"
    NOTHING_TO_POOL = "nothing_to_pool"

    # Latent model: cautions about values.
    CONSTANT = "constant"
    NO_BETTER_THAN_CHANCE = "no_better_than_chance"
    NOT_CONVERGED = "not_converged"
    FEW_TRIPLES = "few_triples"
    POOLED = "pooled"
    FEW_POOLED = "few_pooled"
    TWO_READERS_POOLED = "two_readers_pooled"
    HARDLY_THERE = "hardly_there"
    SATURATED = "saturated"
    NOT_FITTED = "not_fitted"

    # Latent model: there is no interval.
    NO_CURVATURE = "no_curvature"
    NO_INTERVALS = "no_intervals"
    TOO_LARGE = "too_large"
