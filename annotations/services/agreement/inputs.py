"""Load all inputs of a report version into one immutable value.

Individual readings are loaded only from batches whose results are open, no matter who asks. So
details computed from them can be stored for everyone who may see the results of the study.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.db import transaction
from django.db.models import Q
from numpy.typing import NDArray

from annotations.models import (
    Batch,
    ClassState,
    Consensus,
    Exam,
    Exposure,
    Purpose,
    Reading,
    Scope,
    Study,
    Suggestion,
    SuggestionModel,
    SuggestionPolicy,
    SuggestionRun,
    User,
)
from annotations.models.reading import ReadingQuerySet
from annotations.services.agreement import study_facts
from annotations.services.counts import live, load, runs
from annotations.services.counts.load import PatternRows
from annotations.services.reading import votes
from annotations.services.taxonomy import mappings
from ecgreview.agreement import ABSENT, MISSING, PRESENT
from ecgreview.agreement.accuracy import blocks, suggestion_effect
from ecgreview.agreement.accuracy.reader_profiles import ReadingTimes, References
from ecgreview.agreement.accuracy.reading_matrix import ReadingMatrix, States
from ecgreview.agreement.accuracy.suggestion_effect import Arms, Nothing, Trial
from ecgreview.report_writing import StudyFacts

# The columns of readings to load. There are many readings, and their other columns are wide.
COLUMNS = (
    *("reader_id", "quality", "taxonomy_id", "active_ms", "assignment_id"),
    *("assignment__exam_id", "assignment__arm"),
)

# The consensus states that serve as reference; all others count as missing.
DECIDED: Mapping[str, int] = {ClassState.PRESENT: PRESENT, ClassState.ABSENT: ABSENT}

# Above this number, readings are not all loaded together: they would need too much memory.
MAX_READINGS = 60_000


class Refusal(StrEnum):
    """Why individual readings are not compared."""

    TOO_MANY = "too_many"
    NO_MAPPING = "no_mapping"


@dataclass(frozen=True, slots=True)
class OpenReadings:
    """The readings of a scope from batches with open results.

    Attributes:
        references: the readings, and what their readers are compared with.
        times: reading times by reader id, for the readers whose profiles are computed.
    """

    references: References
    times: Mapping[int, ReadingTimes]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything that a version of a report is computed from.

    Attributes:
        n_repeats: number of readings of hidden repeats that were ever submitted.
        n_changes: number of changes recorded on the run when the counts were read.
        groups: class codes by group code.
        taxonomy_id: the version of the classes in force, in which readings are compared.
        readings: open readings, or why they are not compared; None if nothing is open yet.
        trial: readings of both arms, or why they are not compared; None if nothing is open yet.
    """

    scope: Scope
    n_repeats: int
    n_changes: int
    counts: PatternRows
    groups: Mapping[str, tuple[str, ...]]
    facts: StudyFacts
    taxonomy_id: int
    readings: OpenReadings | Refusal | None = None
    trial: Trial | Arms | None = None


def gather(scope: Scope, *, software: str) -> Inputs:
    """Load the inputs of ``scope``, which the caller must have claimed with ``runs.exclusive``.

    Args:
        scope: a batch or a whole study.
        software: version of this software, for the facts.
    """
    with transaction.atomic():
        n_repeats = load.n_signed_repeats(scope)
        live.lock(scope.study_id, is_shared=True)
        # Race: read this before anything that can change without this lock, such as a consensus.
        # Its writer increments the number, so if we miss a change, another run follows.
        n_changes = runs.n_changes(scope)
        rows = load.load(scope)
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    gathered = Inputs(
        scope=scope,
        n_repeats=n_repeats,
        n_changes=n_changes,
        counts=rows,
        groups=load.groups(rows.taxonomy_id),
        facts=study_facts.gather(scope, rows.readers, software=software),
        taxonomy_id=study.taxonomy_id,
    )
    return _with_readings(gathered, study) if _is_anything_open(scope) else gathered


def gather_reader(scope: Scope, reader_id: int) -> OpenReadings | Refusal:
    """Load the open readings of the exams that one reader read.

    Used in scopes with more than ``MAX_READINGS``, one reader at a time.
    """
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    matrix = load_matrix(study, in_scope(scope, exams_of=reader_id))
    if isinstance(matrix, Refusal):
        return matrix
    return _open_readings(study, matrix, [reader_id], is_whole=False)


@transaction.atomic
def counts(scope: Scope) -> PatternRows:
    """Return a consistent snapshot of the counts of ``scope``."""
    live.lock(scope.study_id, is_shared=True)
    return load.load(scope)


def _is_anything_open(scope: Scope) -> bool:
    batches = Batch.objects.all().with_open_results().filter(study=scope.study_id)
    if scope.batch_id is not None:
        batches = batches.filter(pk=scope.batch_id)
    return batches.exists()


def _with_readings(gathered: Inputs, study: Study) -> Inputs:
    matrix = load_matrix(study, in_scope(gathered.scope))
    readings: OpenReadings | Refusal
    if isinstance(matrix, Refusal):
        readings = matrix
    else:
        readers = np.unique(matrix.readers).tolist()
        readings = _open_readings(study, matrix, readers, is_whole=True)
    return replace(gathered, readings=readings, trial=load_trial(study, matrix))


# -- The reading matrix and its references ---------------------------------------------------------


def opened() -> ReadingQuerySet:
    """Return the readings of batches whose results are open by the policy of their study."""
    return Reading.objects.filter(assignment__batch__in=Batch.objects.all().with_open_results())


def in_scope(scope: Scope, *, exams_of: int | None = None) -> ReadingQuerySet:
    """Return the open readings that count in ``scope``, optionally only of one reader's exams."""
    readings = opened().counted().of_scope(scope)
    if exams_of is None:
        return readings
    own = readings.filter(reader=exams_of)
    return readings.filter(assignment__exam__in=own.values("assignment__exam"))


def load_matrix(study: Study, readings: ReadingQuerySet) -> ReadingMatrix | Refusal:
    """Return the votes among ``readings`` in the classes in force, or why they are not compared.

    Args:
        study: with its taxonomy selected.
        readings: open readings that count, as ``in_scope`` returns them.
    """
    if readings.count() > MAX_READINGS:
        return Refusal.TOO_MANY
    rows = {row.pk: row for row in readings.select_related("assignment").only(*COLUMNS).in_turn()}
    try:
        by_exam = votes.counted(votes.translated(study, rows.values()))
    except mappings.NoMapping:
        return Refusal.NO_MAPPING
    counted = [vote for exam in sorted(by_exam) for vote in by_exam[exam] if vote.translation]
    codes = tuple(study.taxonomy.classes.order_by("position").values_list("code", flat=True))
    voting = [rows[vote.reading_id] for vote in counted]
    return ReadingMatrix(
        codes,
        readings=_ids([row.pk for row in voting]),
        exams=_ids([vote.exam_id for vote in counted]),
        readers=_ids([vote.reader_id for vote in counted]),
        assignments=_ids([row.assignment_id for row in voting]),
        is_shown=np.array([row.assignment.arm == "concurrent" for row in voting], dtype=np.bool_),
        active_ms=_ids([row.active_ms for row in voting]),
        states=votes.states(counted, codes),
    )


def _ids(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _open_readings(
    study: Study, matrix: ReadingMatrix, readers: Collection[int], *, is_whole: bool
) -> OpenReadings:
    references = References.build(
        matrix, load_consensus(study, matrix), _patients(matrix), _kinds(matrix), is_whole=is_whole
    )
    return OpenReadings(references, _times(study, matrix, readers))


def load_consensus(study: Study, matrix: ReadingMatrix) -> States:
    """Return the open consensus of the exam of each row, shape (n, n_classes)."""
    open_rows = Consensus.objects.all().with_open_results().filter(study=study)
    rows = open_rows.values_list("exam", "class_states", "rest_state")
    columns = {code: column for column, code in enumerate(matrix.codes)}
    exams, exam_of_row = np.unique(matrix.exams, return_inverse=True)
    index = {exam: place for place, exam in enumerate(exams.tolist())}
    states = np.full((len(exams), len(matrix.codes)), MISSING, dtype=np.int8)
    for exam_id, class_states, rest_state in rows.iterator(chunk_size=10_000):
        if (place := index.get(exam_id)) is None:
            continue
        states[place] = DECIDED.get(rest_state, MISSING)
        for code, state in class_states.items():
            if code in columns:
                states[place, columns[code]] = DECIDED.get(state, MISSING)
    return np.asarray(states[exam_of_row.reshape(-1)])


def _kinds(matrix: ReadingMatrix) -> dict[int, str]:
    readers = np.unique(matrix.readers).tolist()
    return dict(User.objects.filter(pk__in=readers).order_by("pk").values_list("pk", "kind"))


def _patients(matrix: ReadingMatrix) -> NDArray[np.int64]:
    """Return the patient of each row's exam, shape (n,); a unique negative number if unknown."""
    exams, exam_of_row = np.unique(matrix.exams, return_inverse=True)
    with_patient = Exam.objects.filter(pk__in=exams.tolist(), patient__isnull=False)
    patients = dict(with_patient.values_list("pk", "patient"))
    of_exam = np.array([patients.get(exam, -exam) for exam in exams.tolist()], dtype=np.int64)
    return np.asarray(of_exam[exam_of_row.reshape(-1)])


def _times(
    study: Study, matrix: ReadingMatrix, readers: Collection[int]
) -> dict[int, ReadingTimes]:
    """Return the reading times of ``readers``, each in the order of the reader's matrix rows.

    Positions in a session count all open readings of the reader in the study, including hidden
    repeats. For a corrected reading, the times are those of the original submission.
    """
    signed = opened().blind().filter(reader__in=readers, supersedes=None)
    signed = signed.filter(assignment__batch__study=study).order_by("reader", "pk")
    rows = signed.values_list("reader", "assignment", "submitted_at", "active_ms")
    times = {}
    # Streamed: the study may have many more readings than the matrix of one of its batches.
    for reader, group in groupby(rows.iterator(chunk_size=10_000), key=itemgetter(0)):
        own = list(group)
        places = blocks.positions(np.array([at.timestamp() for _, _, at, _ in own]))
        by_assignment = {
            assignment: (at, place, ms)
            for (_, assignment, at, ms), place in zip(own, places, strict=True)
        }
        assignments = matrix.assignments[matrix.readers == reader].tolist()
        timed = [by_assignment[assignment] for assignment in assignments]
        times[reader] = ReadingTimes(
            tuple(at for at, _, _ in timed),
            np.array([place for _, place, _ in timed], dtype=np.int64),
            np.array([ms for _, _, ms in timed], dtype=np.int64),
        )
    return times


# -- The effect of suggestions ---------------------------------------------------------------------


def load_trial(study: Study, matrix: ReadingMatrix | Refusal) -> Trial | Arms:
    """Return the readings of both arms, or why they are not compared.

    Readings belong to the arm that was drawn, whether or not there was a suggestion to show.
    """
    if study.suggestion_policy != SuggestionPolicy.RANDOMIZED:
        return Arms(Nothing.NOT_RANDOMIZED)
    if isinstance(matrix, Refusal):
        return Arms(Nothing(matrix.value))
    if nothing := suggestion_effect.why_nothing(matrix):
        return nothing
    exposed = _exposed(matrix)
    suggestions = _suggestions(study, matrix, exposed)
    if not suggestions.any():
        n_shown = int(matrix.is_shown.sum())
        return Arms(Nothing.NO_SUGGESTIONS, n_shown=n_shown, n_hidden=len(matrix) - n_shown)
    adjudicated = load_matrix(study, _adjudicated(study))
    if isinstance(adjudicated, Refusal):
        return Arms(Nothing(adjudicated.value))
    reference, is_adjudicated = suggestion_effect.references(matrix, adjudicated)
    assignments = matrix.assignments[matrix.is_shown].tolist()
    n_exposed = sum(assignment in exposed for assignment in assignments)
    return Trial(matrix, suggestions, reference, is_adjudicated, n_exposed)


def _adjudicated(study: Study) -> ReadingQuerySet:
    """Return the open readings that adjudicators made without seeing suggestions."""
    of_study = Q(assignment__batch__study=study, assignment__batch__purpose=Purpose.ADJUDICATION)
    return opened().counted().filter(of_study & ~Q(assignment__arm="concurrent"))


def _exposed(matrix: ReadingMatrix) -> dict[int, int]:
    """Return the latest suggestion run that was shown, by assignment."""
    exposures = Exposure.objects.filter(
        assignment__in=matrix.assignments[matrix.is_shown].tolist(), arm="concurrent"
    )
    in_order = exposures.order_by("run__requested_at", "run")
    return dict(in_order.values_list("assignment", "run"))


def _suggestions(study: Study, matrix: ReadingMatrix, exposed: Mapping[int, int]) -> States:
    """Return the suggestions for each reading: those shown, or else those of the newest run.

    Returns:
        Shape (n, n_classes), int8; missing for classes that the model does not cover, and for
        exams without a run.
    """
    finished = SuggestionRun.objects.filter(
        exam__in=np.unique(matrix.exams).tolist(),
        finished_at__isnull=False,
        failure="",
        model__in=SuggestionModel.objects.under(study.qt_correction),
    )
    rows = list(
        finished.order_by("requested_at", "pk").values_list("pk", "exam", "model__covered_classes")
    )
    newest = {exam: run for run, exam, _ in rows}
    states = _states_by_run(matrix.codes, {run: covered for run, _, covered in rows})
    unknown = np.full(len(matrix.codes), MISSING, dtype=np.int8)
    readings = zip(matrix.assignments.tolist(), matrix.exams.tolist(), strict=True)
    return np.array(
        [
            states.get(exposed.get(assignment, newest.get(exam, 0)), unknown)
            for assignment, exam in readings
        ],
        dtype=np.int8,
    ).reshape(len(matrix), len(matrix.codes))


def _states_by_run(
    codes: tuple[str, ...], covered: Mapping[int, list[str]]
) -> dict[int, NDArray[np.int8]]:
    """Return, for each run, which classes were suggested, not suggested or missing.

    Missing means that the model does not cover the class. Each array has the shape (n_classes,).
    """
    columns = {code: column for column, code in enumerate(codes)}
    states = {}
    for run, covered_codes in covered.items():
        row = np.full(len(codes), MISSING, dtype=np.int8)
        row[[columns[code] for code in covered_codes if code in columns]] = ABSENT
        states[run] = row
    suggestions = Suggestion.objects.filter(run__in=list(covered))
    for run, code in suggestions.values_list("run", "diagnostic_class__code"):
        if code in columns:
            states[run][columns[code]] = PRESENT
    return states
