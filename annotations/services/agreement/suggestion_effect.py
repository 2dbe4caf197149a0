"""What it does to the readers of a study to be shown suggestions, by the arms drawn by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from annotations.models import (
    Exposure,
    Purpose,
    Scope,
    Study,
    Suggestion,
    SuggestionModel,
    SuggestionPolicy,
    SuggestionRun,
)
from annotations.services.agreement import json_values, reading_matrix
from annotations.services.agreement.reading_matrix import ReadingMatrix
from annotations.services.taxonomy import mappings
from ecgreview.agreement import ABSENT, MISSING, PRESENT
from ecgreview.agreement.accuracy import arm_times, arms
from ecgreview.agreement.accuracy.arm_times import Comparison
from ecgreview.agreement.accuracy.arms import Effect, Readings, Split

SEED = 0
N_REPLICATES = 1000


class Nothing(StrEnum):
    """Why there is nothing to compare."""

    NOT_RANDOMISED = "not_randomised"
    NO_READINGS = "no_readings"
    ONE_ARM = "one_arm"
    NO_SUGGESTIONS = "no_suggestions"
    TOO_MANY = "too_many"
    NO_MAPPING = "no_mapping"


@dataclass(frozen=True, slots=True)
class Arms:
    """Readings with and without suggestions, compared.

    Attributes:
        nothing: why there is nothing to compare; the measures are then missing.
        n_shown: readings of the arm that shows suggestions.
        n_hidden: readings of the others.
        n_exposed: of those of the first arm, the ones that had anything to show.
        n_readers: who read them.
        n_exams: what they read.
        n_referenced: readings of exams with a reference.
        n_adjudicated: of these, those whose reference is an adjudicator's.
        effects: of each kind of answers.
        times: of both arms.
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
        said: what was answered, by whom and of what.
        suggestions: shape (n, n_classes), int8; what the model said, or would have said.
        reference: the same shape; what is taken for right.
        is_adjudicated: shape (n,); whether an adjudicator said so.
        n_exposed: readings of the arm that shows suggestions which had anything to show.
    """

    said: ReadingMatrix
    suggestions: NDArray[np.int8]
    reference: NDArray[np.int8]
    is_adjudicated: NDArray[np.bool_]
    n_exposed: int

    def digest(self) -> str:
        """Return SHA-256 of all of it."""
        columns = (getattr(self.said, one.name) for one in fields(self.said))
        return json_values.digest(
            *columns, self.suggestions, self.reference, self.is_adjudicated, self.n_exposed
        )


def trial(scope: Scope, study: Study) -> Trial | Arms:
    """Return the readings of both arms in ``scope`` that are open, or why there are none.

    Readings are compared as they were drawn, whether or not there was anything to show.
    """
    if study.suggestion_policy != SuggestionPolicy.RANDOMISED:
        return Arms(Nothing.NOT_RANDOMISED)
    try:
        return _trial(reading_matrix.of_scope(scope, study), study)
    except reading_matrix.TooMany:
        return Arms(Nothing.TOO_MANY)
    except mappings.NoMapping:
        return Arms(Nothing.NO_MAPPING)


def compare(found: Trial) -> Arms:
    """Return what suggestions did in ``found``."""
    said, reference = found.said, found.reference
    rng = np.random.default_rng(SEED)
    is_timed = said.active_ms > 0
    n_shown = int(said.is_shown.sum())
    readings = Readings(
        said.states, found.suggestions, reference, said.is_shown, said.readers, said.exams
    )
    return Arms(
        nothing=None,
        n_shown=n_shown,
        n_hidden=len(said) - n_shown,
        n_exposed=found.n_exposed,
        n_readers=len(np.unique(said.readers)),
        n_exams=len(np.unique(said.exams)),
        n_referenced=int(reference.any(axis=1).sum()),
        n_adjudicated=int(found.is_adjudicated.sum()),
        effects=arms.effects(readings, rng, n_replicates=N_REPLICATES),
        times=arm_times.compare(
            said.active_ms[is_timed].astype(np.float64),
            said.is_shown[is_timed],
            said.readers[is_timed],
            said.exams[is_timed],
            rng,
            n_replicates=N_REPLICATES,
        ),
    )


def _trial(said: ReadingMatrix, study: Study) -> Trial | Arms:
    n_shown = int(said.is_shown.sum())
    if not len(said):
        return Arms(Nothing.NO_READINGS)
    if not 0 < n_shown < len(said):
        return Arms(Nothing.ONE_ARM, n_shown=n_shown, n_hidden=len(said) - n_shown)
    exposed = _exposed(said)
    suggestions = _suggestions(said, exposed, study)
    if not suggestions.any():
        return Arms(Nothing.NO_SUGGESTIONS, n_shown=n_shown, n_hidden=len(said) - n_shown)
    reference, is_adjudicated = _reference(said, study)
    n_exposed = sum(one in exposed for one in said.assignments[said.is_shown].tolist())
    return Trial(said, suggestions, reference, is_adjudicated, n_exposed)


def _exposed(said: ReadingMatrix) -> dict[int, int]:
    """Return the last run that was shown for each assignment of which any was."""
    shown = Exposure.objects.filter(
        assignment__in=said.assignments[said.is_shown].tolist(), arm="concurrent"
    )
    ordered = shown.order_by("run__requested_at", "run")
    return dict(ordered.values_list("assignment", "run"))


def _suggestions(said: ReadingMatrix, exposed: Mapping[int, int], study: Study) -> NDArray[np.int8]:
    """Return what the model said to each reading, or would have said: its newest word.

    Returns:
        Shape (n, n_classes), int8; missing for classes that the model does not cover.
    """
    runs = SuggestionRun.objects.filter(
        exam__in=np.unique(said.exams).tolist(),
        finished_at__isnull=False,
        failure="",
        model__in=SuggestionModel.objects.under(study.qt_correction),
    )
    found = list(
        runs.order_by("requested_at", "pk").values_list("pk", "exam", "model__covered_classes")
    )
    newest = {exam: pk for pk, exam, _ in found}
    words = _words(said, {pk: covered for pk, _, covered in found})
    unknown = np.full(len(said.codes), MISSING, dtype=np.int8)
    rows = zip(said.assignments.tolist(), said.exams.tolist(), strict=True)
    return np.array(
        [
            words.get(exposed.get(assignment, newest.get(exam, 0)), unknown)
            for assignment, exam in rows
        ],
        dtype=np.int8,
    ).reshape(len(said), len(said.codes))


def _words(said: ReadingMatrix, covered: Mapping[int, list[str]]) -> dict[int, NDArray[np.int8]]:
    """Return what each run says of each class."""
    place = {code: column for column, code in enumerate(said.codes)}
    found = {}
    for pk, codes in covered.items():
        word = np.full(len(said.codes), MISSING, dtype=np.int8)
        word[[place[code] for code in codes if code in place]] = ABSENT
        found[pk] = word
    given = Suggestion.objects.filter(run__in=list(covered))
    for pk, code in given.values_list("run", "diagnostic_class__code"):
        if code in place:
            found[pk][place[code]] = PRESENT
    return found


def _reference(said: ReadingMatrix, study: Study) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return the reference of each reading, and whether it is an adjudicator's.

    It rests on readings that were made without suggestions, never on the reading itself: what
    shown readings made would prove them right. Where an exam was adjudicated that word counts.

    Returns:
        Shape (n, n_classes), int8, and shape (n,).
    """
    reference = reading_matrix.majority_of_others(said, ~said.is_shown)
    adjudicated = Q(assignment__batch__study=study)
    adjudicated &= Q(assignment__batch__purpose=Purpose.ADJUDICATION)
    words = reading_matrix.matching(adjudicated & ~Q(assignment__arm="concurrent"), study)
    told = {exam: words.states[words.exams == exam] for exam in np.unique(words.exams).tolist()}
    is_adjudicated = np.isin(said.exams, list(told))
    for row in np.flatnonzero(is_adjudicated):
        votes = told[int(said.exams[row])]
        lean = (votes == PRESENT).sum(axis=0) - (votes == ABSENT).sum(axis=0)
        decided = np.where(lean > 0, PRESENT, np.where(lean < 0, ABSENT, MISSING))
        reference[row] = np.where(decided == MISSING, reference[row], decided)
    return reference, is_adjudicated
