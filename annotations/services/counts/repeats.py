"""Hidden repeats: what readers said of an exam the first time, and when it came again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from annotations.models import NO_DATA, OF_STUDIES, Occurrence, Reading, Scope, Study
from annotations.models.reading import ReadingQuerySet
from annotations.services.reading import votes
from annotations.services.reading.votes import states
from ecgreview.agreement import MISSING

Fields = tuple[int, int, int, int]
"""Exams neither time, the second time only, the first time only, both times said to have it."""

Repeats = tuple[tuple[int, tuple[Fields, ...]], ...]
"""((place of the reader, fields of each class), ...): readers who were given exams again."""


def count(scope: Scope, readers: Sequence[int], codes: Sequence[str]) -> Repeats:
    """Return how often readers of ``scope`` said the same of an exam that came to them again.

    Both readings are blind, stand, and could tell of the class.

    Args:
        scope: whose repeats.
        readers: ids, in the order of the places.
        codes: of the classes in force, in their order.
    """
    again = list(_standing(scope, Occurrence.REPEAT))
    if not again:
        return ()
    first = _standing(scope, Occurrence.FIRST).filter(
        assignment__exam__in={row.assignment.exam_id for row in again},
        reader__in={row.reader_id for row in again},
    )
    before = {_place(row): row for row in first}
    pairs = [(before[_place(row)], row) for row in again if _place(row) in before]
    tables = _tables(scope, pairs, readers, codes)
    return tuple(
        (place, tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in table.reshape(-1, 4)))
        for place, table in enumerate(tables)
        if table.any()
    )


def tables(repeats: Repeats, *, n_readers: int, n_classes: int) -> NDArray[np.float64] | None:
    """Return the repeats as tables, or None when there are none.

    Returns:
        Shape (n_readers, n_classes, 2, 2): exams by what a reader said the first time (absent,
        present) and the second.
    """
    if not repeats:
        return None
    found = np.zeros((n_readers, n_classes, 2, 2))
    for reader, fields in repeats:
        found[reader] = np.array(fields, dtype=np.float64).reshape(n_classes, 2, 2)
    return found


def n_signed(scope: Scope) -> int:
    """Return how many readings of repeats were ever signed: they are never taken back."""
    again = Q(assignment__occurrence=Occurrence.REPEAT)
    return Reading.objects.blind().filter(again & within(scope)).count()


def within(scope: Scope) -> Q:
    """Return the condition for readings whose data count in ``scope``."""
    if scope.is_study:
        return Q(assignment__batch__study=scope.study_id, assignment__batch__purpose__in=OF_STUDIES)
    return Q(assignment__batch=scope.batch_id) & ~Q(assignment__batch__purpose__in=NO_DATA)


def _standing(scope: Scope, occurrence: Occurrence) -> ReadingQuerySet:
    found = Reading.objects.blind().effective().answered().readable()
    found = found.filter(within(scope), assignment__occurrence=occurrence)
    return found.select_related("assignment").order_by("pk")


def _place(row: Reading) -> tuple[int, int, int]:
    return row.assignment.batch_id, row.assignment.exam_id, row.reader_id


def _tables(
    scope: Scope,
    pairs: Sequence[tuple[Reading, Reading]],
    readers: Sequence[int],
    codes: Sequence[str],
) -> NDArray[np.int64]:
    found = np.zeros((len(readers), len(codes), 2, 2), dtype=np.int64)
    first, second = (states(_said(scope, [pair[time] for pair in pairs]), codes) for time in (0, 1))
    at: Mapping[int, int] = {reader: place for place, reader in enumerate(readers)}
    who = np.array([at[row.reader_id] for row, _ in pairs], dtype=np.intp)
    rows, columns = np.nonzero((first != MISSING) & (second != MISSING))
    said = (first[rows, columns] - 1, second[rows, columns] - 1)
    np.add.at(found, (who[rows], columns, *said), 1)
    return found


def _said(scope: Scope, rows: Sequence[Reading]) -> list[votes.Vote]:
    if scope.is_study:
        return votes.translated(Study.objects.get(pk=scope.study_id), rows)
    return votes.as_said(rows)
