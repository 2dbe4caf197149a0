"""Readings whose results are open, as rows of states in the classes in force.

What is made of single readings is made of these alone, whoever asks for it: it can then be stored
for all who may see the results of the study.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from annotations.models import (
    NO_DATA,
    OF_STUDIES,
    Batch,
    ClassState,
    Consensus,
    ReaderKind,
    Reading,
    Scope,
    Study,
    User,
)
from annotations.models.reading import ReadingQuerySet
from annotations.services.reading import votes
from annotations.services.reading.votes import states
from ecgreview.agreement import ABSENT, MISSING, PRESENT

NEEDED = (
    *("reader_id", "quality", "taxonomy_id", "active_ms", "assignment_id"),
    *("assignment__exam_id", "assignment__arm"),
)
"""Of a reading: there are many, and their other columns are wide."""

KNOWN: dict[str, int] = {ClassState.PRESENT: PRESENT, ClassState.ABSENT: ABSENT}
"""The states of a class in a consensus that say something of it."""

MAX_READINGS = 60_000
"""More than these need more memory than a worker should take."""


class TooMany(Exception):
    """There are more readings than are compared at once."""


@dataclass(frozen=True, slots=True, eq=False)
class ReadingMatrix:
    """What readers said, one row for each reader and exam that they could read.

    Attributes:
        codes: the classes in force, in their order.
        readings: shape (n,), int64; ids.
        exams: shape (n,), int64; ids.
        readers: shape (n,), int64; ids.
        assignments: shape (n,), int64; ids.
        is_shown: shape (n,); whether suggestions lay before the reader.
        active_ms: shape (n,), int64; 0 where the desk did not tell.
        states: shape (n, n_classes), int8; 0 missing, 1 absent, 2 present.
    """

    codes: tuple[str, ...]
    readings: NDArray[np.int64]
    exams: NDArray[np.int64]
    readers: NDArray[np.int64]
    assignments: NDArray[np.int64]
    is_shown: NDArray[np.bool_]
    active_ms: NDArray[np.int64]
    states: NDArray[np.int8]

    def __getitem__(self, rows: NDArray[np.bool_]) -> ReadingMatrix:
        """Return some of the rows."""
        parts = (getattr(self, one.name) for one in fields(self)[1:])
        return ReadingMatrix(self.codes, *(part[rows] for part in parts))

    def __len__(self) -> int:
        """Return how many readings there are."""
        return len(self.readings)


def opened() -> ReadingQuerySet:
    """Return the readings of batches whose results the policy of their study has opened."""
    return Reading.objects.filter(assignment__batch__in=Batch.objects.all().with_open_results())


def of_scope(scope: Scope, study: Study, *, beside: int | None = None) -> ReadingMatrix:
    """Return the votes in ``scope`` that are open, in the classes ``study`` has now.

    Args:
        scope: of which batches.
        study: of the scope.
        beside: only on the exams that this reader read.

    Raises:
        TooMany: they are more than ``MAX_READINGS``.
        mappings.NoMapping: as for ``votes.translated``.
    """
    within = Q(assignment__batch=scope.batch_id) & ~Q(assignment__batch__purpose__in=NO_DATA)
    if scope.is_study:
        purposes = Q(assignment__batch__purpose__in=OF_STUDIES)
        within = Q(assignment__batch__study=scope.study_id) & purposes
    if beside is not None:
        own = opened().counted().filter(within, reader=beside)
        within &= Q(assignment__exam__in=own.values("assignment__exam"))
    return matching(within, study)


def matching(which: Q, study: Study) -> ReadingMatrix:
    """Return the votes among the readings ``which`` that are open.

    Raises:
        TooMany: they are more than ``MAX_READINGS``.
        mappings.NoMapping: as for ``votes.translated``.
    """
    seen = opened().counted().filter(which)
    if seen.count() > MAX_READINGS:
        raise TooMany
    rows = {row.pk: row for row in seen.select_related("assignment").only(*NEEDED).in_turn()}
    by_exam = votes.that_count(votes.translated(study, rows.values()))
    cast = [vote for exam in sorted(by_exam) for vote in by_exam[exam] if vote.translation]
    codes = tuple(study.taxonomy.classes.order_by("position").values_list("code", flat=True))
    chosen = [rows[vote.reading_id] for vote in cast]
    return ReadingMatrix(
        codes,
        _ids([row.pk for row in chosen]),
        _ids([vote.exam_id for vote in cast]),
        _ids([vote.reader_id for vote in cast]),
        _ids([row.assignment_id for row in chosen]),
        np.array([row.assignment.arm == "concurrent" for row in chosen], dtype=np.bool_),
        _ids([row.active_ms for row in chosen]),
        states(cast, codes),
    )


def consensus(said: ReadingMatrix, study: Study) -> NDArray[np.int8]:
    """Return the consensus of the exams of ``said``, as far as it is open.

    Returns:
        Shape (n, n_classes), int8, a row for each of ``said``; missing where it is undecided.
    """
    seen = Consensus.objects.all().with_open_results().filter(study=study)
    place = {code: column for column, code in enumerate(said.codes)}
    exams, row_of = np.unique(said.exams, return_inverse=True)
    at = {exam: row for row, exam in enumerate(exams.tolist())}
    found = np.full((len(exams), len(said.codes)), MISSING, dtype=np.int8)
    for one in seen.only("exam_id", "class_states", "rest_state"):
        if (row := at.get(one.exam_id)) is None:
            continue
        found[row] = KNOWN.get(one.rest_state, MISSING)
        for code, state in one.class_states.items():
            if code in place:
                found[row, place[code]] = KNOWN.get(state, MISSING)
    return np.asarray(found[row_of.reshape(-1)])


def kinds(said: ReadingMatrix) -> dict[int, str]:
    """Return what the readers of ``said`` are, by id."""
    readers = np.unique(said.readers).tolist()
    return dict(User.objects.filter(pk__in=readers).order_by("pk").values_list("pk", "kind"))


def of_people(said: ReadingMatrix, kinds: Mapping[int, str]) -> NDArray[np.bool_]:
    """Return which rows have a vote, shape (n,): those of people."""
    people = [reader for reader, kind in kinds.items() if kind == ReaderKind.PERSON]
    return np.isin(said.readers, people)


def reference_reader(said: ReadingMatrix, kinds: Mapping[int, str]) -> int | None:
    """Return the reader of kind reference who read most of these exams, of equals the first."""
    found = [reader for reader, kind in kinds.items() if kind == ReaderKind.REFERENCE]
    return max(found, key=lambda one: int((said.readers == one).sum()), default=None)


def reference(said: ReadingMatrix, reader_id: int | None) -> NDArray[np.int8]:
    """Return what ``reader_id`` says of the exam of each row, of each class.

    Returns:
        Shape (n, n_classes), int8; missing where they did not read the exam, and in their own
        rows: nobody is held against themselves.
    """
    found = np.full(said.states.shape, MISSING, dtype=np.int8)
    if reader_id is None:
        return found
    is_theirs = said.readers == reader_id
    exams, rows = said.exams[is_theirs], said.states[is_theirs]
    order = np.argsort(exams)
    exams, rows = exams[order], rows[order]
    place = np.minimum(np.searchsorted(exams, said.exams), len(exams) - 1)
    is_known = (exams[place] == said.exams) & ~is_theirs
    found[is_known] = rows[place[is_known]]
    return found


def majority_of_others(
    said: ReadingMatrix, voters: NDArray[np.bool_] | None = None, *, least: int = 1
) -> NDArray[np.int8]:
    """Return what most others said of the exam of each row, of each class.

    Args:
        said: the readings.
        voters: shape (n,); the readings that have a vote; by default all.
        least: so many others must have been able to tell.

    Returns:
        Shape (n, n_classes), int8; missing where fewer could tell, or as many said the one as the
        other.
    """
    counted = np.ones(len(said), dtype=np.bool_) if voters is None else voters
    _, row_of = np.unique(said.exams, return_inverse=True)
    row_of = row_of.reshape(-1)
    lean = (said.states == PRESENT).astype(np.int64) - (said.states == ABSENT)
    lean = np.where(counted[:, None], lean, 0)
    rest, n_others = (_sum(row_of, values)[row_of] - values for values in (lean, np.abs(lean)))
    rest = np.where(n_others >= least, rest, 0)
    return np.where(rest > 0, PRESENT, np.where(rest < 0, ABSENT, MISSING)).astype(np.int8)


def _sum(row_of: NDArray[np.intp], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sums of the rows of each exam, shape (n_exams, n_classes)."""
    total = np.zeros((int(row_of.max(initial=-1)) + 1, values.shape[1]), dtype=np.int64)
    np.add.at(total, row_of, values)
    return total


def _ids(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
