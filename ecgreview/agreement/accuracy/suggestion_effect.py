"""The effect of suggestions on readers, compared between randomized arms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ecgreview.agreement.counts.patterns import ABSENT, MISSING, PRESENT

from . import arm_times, arms, reading_matrix
from .arm_times import Comparison
from .arms import Effect, Readings, Split
from .reading_matrix import ReadingMatrix, States

SEED = 0
N_REPLICATES = 1000


class Nothing(StrEnum):
    """Why there is nothing to compare."""

    NOT_RANDOMIZED = "not_randomised"
    NO_READINGS = "no_readings"
    ONE_ARM = "one_arm"
    NO_SUGGESTIONS = "no_suggestions"
    TOO_MANY = "too_many"
    NO_MAPPING = "no_mapping"


@dataclass(frozen=True, slots=True)
class Arms:
    """Readings with and without suggestions, compared. Its field names are keys of stored reports.

    Attributes:
        nothing: why there is nothing to compare; ``effects`` and ``times`` are then None.
        n_shown: readings in the arm with suggestions.
        n_hidden: readings in the arm without suggestions.
        n_exposed: readings in the arm with suggestions that had a suggestion to show.
        n_readers: number of readers.
        n_exams: number of exams.
        n_referenced: readings that have a reference.
        n_adjudicated: readings of exams that an adjudicator read.
        effects: effects by subset of answers.
        times: reading times of both arms.
    """

    nothing: Nothing | None
    n_shown: int = 0
    n_hidden: int = 0
    n_exposed: int = 0
    n_readers: int = 0
    n_exams: int = 0
    n_referenced: int = 0
    n_adjudicated: int = 0
    effects: Mapping[Split, Effect] | None = None
    times: Comparison | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Readings of both arms.

    Attributes:
        matrix: the readings.
        suggestions: what the model suggested, or would have suggested, shape (n, n_classes), int8.
        reference: reference states, shape (n, n_classes), int8.
        is_adjudicated: whether an adjudicator read the exam, shape (n,).
        n_exposed: readings in the arm with suggestions that had a suggestion to show.
    """

    matrix: ReadingMatrix
    suggestions: States
    reference: States
    is_adjudicated: NDArray[np.bool_]
    n_exposed: int

    def digest(self) -> str:
        """Return the SHA-256 of all fields."""
        return self.matrix.digest(
            self.suggestions, self.reference, self.is_adjudicated, self.n_exposed
        )


def why_nothing(matrix: ReadingMatrix) -> Arms | None:
    """Return why the arms of ``matrix`` cannot be compared; None if they can."""
    n_shown = int(matrix.is_shown.sum())
    n_hidden = len(matrix) - n_shown
    if not len(matrix):
        return Arms(Nothing.NO_READINGS)
    if not n_shown or not n_hidden:
        return Arms(Nothing.ONE_ARM, n_shown=n_shown, n_hidden=n_hidden)
    return None


def references(
    matrix: ReadingMatrix, adjudicated: ReadingMatrix
) -> tuple[States, NDArray[np.bool_]]:
    """Return the reference of each row, and whether an adjudicator read its exam.

    The reference is the majority of the other readings made without suggestions, because readings
    with suggestions would confirm them. The majority of the adjudicators takes precedence.

    Args:
        matrix: readings of both arms.
        adjudicated: adjudicators' readings made without suggestions, in the same classes.

    Returns:
        States, shape (n, n_classes), int8; whether an adjudicator read the exam, shape (n,).
    """
    states = reading_matrix.majority_of_others(matrix, ~matrix.is_shown)
    votes = {
        exam: adjudicated.states[adjudicated.exams == exam]
        for exam in np.unique(adjudicated.exams).tolist()
    }
    is_adjudicated = np.isin(matrix.exams, list(votes))
    for row in np.flatnonzero(is_adjudicated):
        of_exam = votes[int(matrix.exams[row])]
        lean = (of_exam == PRESENT).sum(axis=0) - (of_exam == ABSENT).sum(axis=0)
        decided = np.where(lean > 0, PRESENT, np.where(lean < 0, ABSENT, MISSING))
        states[row] = np.where(decided == MISSING, states[row], decided)
    return states, is_adjudicated


def compare(trial: Trial) -> Arms:
    """Return the effect of suggestions by randomized arm (intention to treat)."""
    matrix, reference = trial.matrix, trial.reference
    rng = np.random.default_rng(SEED)
    is_timed = matrix.active_ms > 0
    n_shown = int(matrix.is_shown.sum())
    readings = Readings(
        matrix.states, trial.suggestions, reference, matrix.is_shown, matrix.readers, matrix.exams
    )
    return Arms(
        nothing=None,
        n_shown=n_shown,
        n_hidden=len(matrix) - n_shown,
        n_exposed=trial.n_exposed,
        n_readers=len(np.unique(matrix.readers)),
        n_exams=len(np.unique(matrix.exams)),
        n_referenced=int(reference.any(axis=1).sum()),
        n_adjudicated=int(trial.is_adjudicated.sum()),
        effects=arms.effects(readings, rng, n_replicates=N_REPLICATES),
        times=arm_times.compare(
            matrix.active_ms[is_timed].astype(np.float64),
            matrix.is_shown[is_timed],
            matrix.readers[is_timed],
            matrix.exams[is_timed],
            rng,
            n_replicates=N_REPLICATES,
        ),
    )
