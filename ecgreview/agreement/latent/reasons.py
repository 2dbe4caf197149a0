"""Why the latent model gives no value, or what to mind beside one: codes that are stored."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Codes never change: reports hold them, and pages, files and programs read them."""

    # Nothing to estimate.
    NOT_COMPARED = "not_compared"
    NEVER_GIVEN = "never_given"
    ALWAYS_GIVEN = "always_given"
    NEVER_READ = "never_read"

    # The readings do not identify the model.
    TWO_READERS = "two_readers"
    NO_TRIPLES = "no_triples"
    TOO_FEW_VARY = "too_few_vary"

    # The fit is not to be believed: see ``plausibility``.
    PREVALENCE_ABOVE_GIVEN = "prevalence_above_given"
    LOW_SENSITIVITY = "low_sensitivity"
    FEW_TRUE_POSITIVES = "few_true_positives"

    # The pooled fit has nothing to pool with.
    NO_DONOR = "no_donor"
    READERS_APART = "readers_apart"
    NOTHING_TO_POOL = "nothing_to_pool"

    # Beside a value: what to mind.
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

    # No interval.
    NO_SPREAD = "no_spread"
    NO_CURVATURE = "no_curvature"
    NO_INTERVALS = "no_intervals"
    TOO_LARGE = "too_large"
