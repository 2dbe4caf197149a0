"""Compute the patterns of many exams together, with arrays, for the recount.

This deliberately computes nothing with ``exam_patterns`` or ``votes``, which count exam by exam:
the recount checks their results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from annotations.models import (
    NO_DATA,
    OF_STUDIES,
    Batch,
    DiagnosticClass,
    Scope,
    Study,
    Taxonomy,
)
from annotations.services.counts.exam_patterns import Pattern
from annotations.services.taxonomy import mappings
from ecgreview.taxonomy import TaxonomyMapping

MISSING, ABSENT, PRESENT = 0, 1, 2

EXAMS = """
(select distinct a.exam_id from annotations_assignment a
  where a.batch_id = any(%(batches)s) and a.exam_id > %(after)s order by a.exam_id limit %(n)s)
union
(select p.exam_id from annotations_exampattern p
  where p.study_id = %(study)s and p.{of_batch} and p.exam_id > %(after)s
  order by p.exam_id limit %(n)s)
order by 1 limit %(n)s
"""

# A correction keeps the position of the reading it replaces; see ``ReadingQuerySet.in_turn``.
READINGS = """
select id, exam_id, reader_id, taxonomy_id, has_abstained, is_unreadable
  from (select r.id, a.exam_id, a.reader_id, r.taxonomy_id,
               (r.outcome = 'abstained')::int as has_abstained,
               (r.quality = 'unreadable')::int as is_unreadable,
               min(r.id) filter (where r.outcome <> 'abstained') over chain as turn
          from annotations_assignment a join annotations_reading r on r.assignment_id = a.id
         where a.batch_id = any(%(counting)s) and a.exam_id = any(%(exams)s) and a.occurrence = 1
           and r.stage = 'blind'
        window chain as (partition by r.assignment_id)) signed
 where not exists (select from annotations_reading later where later.supersedes_id = signed.id)
 order by turn, id
"""

FINDINGS = """
select reading_id, diagnostic_class_id from annotations_{table} where reading_id = any(%(ids)s)
"""


@dataclass(frozen=True, slots=True, eq=False)
class ReadingRows:
    """Readings, one per row.

    Attributes:
        exams: shape (n,), int64; ids.
        readers: shape (n,), int64; ids.
        is_read: shape (n,), bool; False if the reader could not read the exam.
        states: shape (n, n_classes), int8; 0 not assessable, 1 absent, 2 present.
    """

    exams: NDArray[np.int64]
    readers: NDArray[np.int64]
    is_read: NDArray[np.bool_]
    states: NDArray[np.int8]

    def __getitem__(self, rows: NDArray[Any]) -> ReadingRows:
        parts = (self.exams, self.readers, self.is_read, self.states)
        return ReadingRows(*(part[rows] for part in parts))


def exams(scope: Scope, *, after: int, at_most: int) -> list[int]:
    """Return the next exams of ``scope`` that are assigned or counted, in ascending order."""
    of_batch = "batch_id is null" if scope.is_study else "batch_id = %(batch)s"
    values = {
        "study": scope.study_id, "batch": scope.batch_id, "after": after, "n": at_most,
        "batches": _batches(scope),
    }  # fmt: skip
    return [int(row[0]) for row in _rows(EXAMS.format(of_batch=of_batch), values)]


def patterns(scope: Scope, exam_ids: Sequence[int]) -> dict[int, Pattern]:
    """Return the pattern of each of these exams by exam id, without exams that have no reading."""
    values = {"counting": _batches(scope, counting=True), "exams": list(exam_ids)}
    rows = np.array(_rows(READINGS, values), dtype=np.int64).reshape(-1, 6)
    has_abstained = rows[:, 4] == 1
    answered, abstained = rows[~has_abstained], rows[has_abstained]
    taxonomy_id = _taxonomy_id(scope)
    codes = list(_classes(taxonomy_id).values())
    readings, is_open = _translated(answered, taxonomy_id, codes)
    votes = readings[_chosen(readings, is_open)]
    return _patterns(taxonomy_id, codes, votes, abstained[:, [1, 2]])


def _rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _batches(scope: Scope, *, counting: bool = False) -> list[int]:
    if scope.batch_id is None:
        batches = Batch.objects.filter(study=scope.study_id, purpose__in=OF_STUDIES)
    else:
        batches = Batch.objects.filter(pk=scope.batch_id)
    if counting:
        batches = batches.exclude(purpose__in=NO_DATA)
    return list(batches.order_by("pk").values_list("pk", flat=True))


def _taxonomy_id(scope: Scope) -> int:
    if scope.batch_id is None:
        return Study.objects.get(pk=scope.study_id).taxonomy_id
    return Batch.objects.get(pk=scope.batch_id).taxonomy_id


def _classes(taxonomy_id: int) -> dict[int, str]:
    """Return the codes of the classes by id, in the order of the taxonomy."""
    classes = DiagnosticClass.objects.filter(taxonomy=taxonomy_id).order_by("position")
    return dict(classes.values_list("pk", "code"))


def _translated(
    rows: NDArray[np.int64], taxonomy_id: int, codes: Sequence[str]
) -> tuple[ReadingRows, NDArray[np.bool_]]:
    """Translate readings to the classes ``codes``.

    Args:
        rows: shape (n, 6); as selected by ``READINGS``.
        taxonomy_id: the version of ``codes``.
        codes: the classes in force.

    Returns:
        The readings, and bool of shape (n,): whether a class that was split leaves a reading open.
    """
    states = np.full((len(rows), len(codes)), ABSENT, dtype=np.int8)
    is_open = np.zeros(len(rows), dtype=np.bool_)
    for version in np.unique(rows[:, 3]).tolist():
        of_version = np.flatnonzero(rows[:, 3] == version)
        own = _states(rows[of_version, 0], _classes(version))
        if version == taxonomy_id:
            states[of_version] = own
        else:
            states[of_version], is_open[of_version] = _carried(own, version, taxonomy_id, codes)
    is_read = rows[:, 5] == 0
    return ReadingRows(rows[:, 1], rows[:, 2], is_read, states), is_open & is_read


def _states(ids: NDArray[np.int64], classes: Mapping[int, str]) -> NDArray[np.int8]:
    """Return the states of these readings in their own classes: shape (n_readings, n_classes)."""
    states = np.full((len(ids), len(classes)), ABSENT, dtype=np.int8)
    columns = {pk: column for column, pk in enumerate(classes)}
    at = {pk: row for row, pk in enumerate(ids.tolist())}
    for table, state in (("notassessable", MISSING), ("finding", PRESENT)):
        for reading_id, class_id in _rows(FINDINGS.format(table=table), {"ids": ids.tolist()}):
            states[at[reading_id], columns[class_id]] = state
    return states


def _carried(
    own: NDArray[np.int8], old_id: int, new_id: int, codes: Sequence[str]
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Translate the states ``own`` to another version of the classes.

    Returns:
        The states, and bool of shape (n_readings,): whether a class that was split leaves a reading
        open.
    """
    old, new = Taxonomy.objects.get(pk=old_id), Taxonomy.objects.get(pk=new_id)
    mapping = mappings.between(old, new)
    old_codes = list(_classes(old_id).values())
    certain = _matrix(mapping, "certain", old_codes, codes)
    possible = _matrix(mapping, "possible", old_codes, codes)
    was_asked = np.array([mapping.origins[code].is_asked for code in codes])
    present, missing = own == PRESENT, own == MISSING
    is_present = _any(present, certain)
    is_undecided = ~is_present & _any(present, possible)
    is_missing = is_undecided | ~was_asked | _any(missing, certain | possible)
    states = np.where(is_present, PRESENT, np.where(is_missing, MISSING, ABSENT))
    return states.astype(np.int8), np.asarray(is_undecided.any(axis=1))


def _matrix(
    mapping: TaxonomyMapping, kind: str, old: Sequence[str], new: Sequence[str]
) -> NDArray[np.bool_]:
    """Return which old classes each new class comes from: bool, shape (n_old, n_new).

    ``kind`` is ``certain`` or ``possible``, as in ``Origin``.
    """
    matrix = np.zeros((len(old), len(new)), dtype=np.bool_)
    places = {code: place for place, code in enumerate(old)}
    for column, code in enumerate(new):
        for source in getattr(mapping.origins[code], kind):
            matrix[places[source], column] = True
    return matrix


def _any(states: NDArray[np.bool_], matrix: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(states.astype(np.float32) @ matrix.astype(np.float32) > 0)


def _chosen(readings: ReadingRows, is_open: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rows of the readings that count as votes, sorted by exam and reader.

    If a reader has several readings of an exam, the first one without open classes counts, or else
    the first. ``readings`` must be in the order of ``READINGS``.
    """
    order = np.lexsort((is_open, readings.readers, readings.exams))
    exam, reader = readings.exams[order], readings.readers[order]
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = (exam[1:] != exam[:-1]) | (reader[1:] != reader[:-1])
    return order[is_first]


def _patterns(
    taxonomy_id: int, codes: Sequence[str], votes: ReadingRows, abstained: NDArray[np.int64]
) -> dict[int, Pattern]:
    """Return the pattern of each exam.

    Args:
        taxonomy_id: the version of ``codes``.
        codes: the classes in force.
        votes: sorted by exam and reader.
        abstained: shape (n, 2); exam and reader ids of abstentions.
    """
    n_unreadable = Counter(votes.exams[~votes.is_read].tolist())
    voted = set(zip(votes.exams.tolist(), votes.readers.tolist(), strict=True))
    n_abstained = Counter(
        exam for exam, reader in {*map(tuple, abstained.tolist())} if (exam, reader) not in voted
    )
    readers, states = _states_by_exam(votes[np.flatnonzero(votes.is_read)], codes)
    return {
        exam: Pattern(
            taxonomy_id=taxonomy_id,
            readers=readers.get(exam, ()),
            states=states.get(exam, {}),
            n_unreadable=n_unreadable[exam],
            n_abstained=n_abstained[exam],
        )
        for exam in {*votes.exams.tolist(), *abstained[:, 0].tolist()}
    }


def _states_by_exam(
    read: ReadingRows, codes: Sequence[str]
) -> tuple[dict[int, tuple[int, ...]], dict[int, dict[str, str]]]:
    """Return readers and states by exam id, in the form of ``Pattern``."""
    if not len(read.exams):
        return {}, {}
    ids, starts, lengths = np.unique(read.exams, return_index=True, return_counts=True)
    ends = starts + lengths
    readers = read.readers.tolist()
    readers_by_exam = {
        exam: tuple(readers[start:end])
        for exam, start, end in zip(ids.tolist(), starts.tolist(), ends.tolist(), strict=True)
    }
    states: dict[int, dict[str, str]] = {exam: {} for exam in readers_by_exam}
    is_marked = np.logical_or.reduceat(read.states != ABSENT, starts, axis=0)
    for place, column in np.argwhere(is_marked).tolist():
        digits = read.states[starts[place] : ends[place], column].tolist()
        states[int(ids[place])][codes[column]] = "".join(map(str, digits))
    return readers_by_exam, states
