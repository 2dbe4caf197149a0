"""The findings of the readings that vote: their certainty and their measurements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from django.db.models import Count

from annotations.models import (
    Exam,
    ExamPattern,
    Occurrence,
    Reading,
    Scope,
    Study,
    Taxonomy,
    in_scope,
)
from annotations.models.reading import ReadingQuerySet
from annotations.services.counts.exam_patterns import ABSENT, PRESENT
from annotations.services.reading import votes
from annotations.services.taxonomy import mappings
from ecgreview.agreement import Cluster
from ecgreview.agreement.reports.certainty import LEVELS, Graded
from ecgreview.agreement.reports.measured import Measured

Finding = tuple[int, int, str, str, list[dict[str, Any]]]
"""Exam id, reader id, class code, certainty and measurements."""

CountedExam = tuple[int, int | None, Sequence[int], Mapping[str, str]]
"""Exam id, patient id if known, readers, and their digits by class code."""

Changes = dict[str, list[str]]
"""For each class code of an earlier version, the codes in force that the class became."""

CertaintyOf = Mapping[tuple[int, int, str], int]
"""Index of the level in ``LEVELS``, by exam id, reader id and class code."""


@dataclass(frozen=True, slots=True)
class Grades:
    """How certain the readers of each exam were. Its field names enter ``PatternRows.digest``.

    Attributes:
        profiles: the different ways in which exams were graded.
        units: the units of resampling: all exams of a patient, or one exam of an unknown patient.
            They refer to ``profiles`` by index.
    """

    profiles: tuple[Graded, ...] = ()
    units: tuple[Cluster, ...] = ()


def load(
    scope: Scope,
    study: Study | None,
    taxonomy_id: int,
    codes: Sequence[str],
    *,
    people: Sequence[int],
) -> tuple[Grades, tuple[Measured, ...]]:
    """Return how certain readers were, and measurements of exams that two or more readers measured.

    Both come from one pass over the findings of the readings that vote.

    Args:
        scope: a batch or a whole study.
        study: None for a batch; otherwise the study, whose taxonomy is the one in force.
        taxonomy_id: version of the classes.
        codes: codes of these classes, in the order of the list.
        people: ids of the readers who are compared, in the order of their indexes.
    """
    certainty: dict[tuple[int, int, str], int] = {}
    values: _Values = {}
    reader_index = {reader: index for index, reader in enumerate(people)}
    class_index = {code: index for index, code in enumerate(codes)}
    for exam_id, reader_id, code, level, marks in findings(scope, study):
        key = exam_id, reader_id, code
        certainty[key] = max(certainty.get(key, 0), LEVELS.index(level))
        if reader_id in reader_index:
            for mark in marks:
                exams = values.setdefault((class_index[code], mark["kind"]), defaultdict(dict))
                own = exams[exam_id].setdefault(reader_index[reader_id], [])
                own.append(float(mark["value"]))
    grades = _grades(scope, taxonomy_id, class_index, certainty, frozenset(people))
    return grades, _measured(values)


# -- Certainty ------------------------------------------------------------------------------------


def _grades(
    scope: Scope,
    taxonomy_id: int,
    class_index: Mapping[str, int],
    certainty: CertaintyOf,
    people: Collection[int],
) -> Grades:
    """Return how certain the readers of the counted exams were.

    The votes are those of the stored counts, so a newer reading has no effect until it is counted.
    """
    counted = ExamPattern.objects.filter(in_scope(scope), taxonomy=taxonomy_id)
    rows = counted.exclude(readers__len=0).values_list("exam", "exam__patient", "readers", "states")
    exams: Iterator[CountedExam] = rows.iterator(chunk_size=10_000)
    of_patients: dict[int, Counter[Graded]] = defaultdict(Counter)
    alone: Counter[Graded] = Counter()
    for exam_id, patient_id, readers, states in exams:
        n_people = sum(reader in people for reader in readers)
        if not n_people:
            continue
        absent = (n_people, *[0] * (len(LEVELS) - 1))
        levels = (
            (class_index[code], _levels(exam_id, readers, code, digits, certainty, people))
            for code, digits in states.items()
        )
        graded = Graded(n_people, tuple(sorted(row for row in levels if row[1] != absent)))
        if patient_id is None:
            alone[graded] += 1
        else:
            of_patients[patient_id][graded] += 1
    return _by_unit(alone, of_patients.values())


def _levels(
    exam_id: int,
    readers: Sequence[int],
    code: str,
    digits: str,
    certainty: CertaintyOf,
    people: Collection[int],
) -> tuple[int, ...]:
    """Return how many people chose each level, without those who could not assess the class."""
    counts = [0] * len(LEVELS)
    for reader_id, digit in zip(readers, digits, strict=True):
        if reader_id not in people:
            continue
        if digit == ABSENT:
            counts[0] += 1
        elif digit == PRESENT and (level := certainty.get((exam_id, reader_id, code))):
            counts[level] += 1
    return tuple(counts)


def _by_unit(alone: Counter[Graded], patients: Iterable[Counter[Graded]]) -> Grades:
    units: Counter[tuple[tuple[Graded, int], ...]] = Counter()
    for graded, n_exams in alone.items():
        units[((graded, 1),)] += n_exams
    for of_patient in patients:
        units[tuple(sorted(of_patient.items()))] += 1
    profiles = sorted({graded for unit in units for graded, _ in unit})
    index = {graded: place for place, graded in enumerate(profiles)}
    return Grades(
        tuple(profiles),
        tuple(
            Cluster(tuple((index[graded], n) for graded, n in unit), n_units)
            for unit, n_units in sorted(units.items())
        ),
    )


# -- Measurements ---------------------------------------------------------------------------------

_Values = dict[tuple[int, str], dict[int, dict[int, list[float]]]]
"""Measured values by (class index, kind), then exam id, then reader index."""


def _measured(values: _Values) -> tuple[Measured, ...]:
    """Return the exams that two or more readers measured, with the mean of each reader's values."""
    compared = {
        key: {exam_id: readers for exam_id, readers in exams.items() if len(readers) > 1}
        for key, exams in values.items()
    }
    patients = _patients({exam_id for exams in compared.values() for exam_id in exams})
    return tuple(
        Measured(
            column,
            kind,
            tuple(
                sorted(
                    tuple((reader, fmean(sorted(own))) for reader, own in sorted(readers.items()))
                    for readers in exams.values()
                )
            ),
            is_clustered=_has_several([patients.get(exam_id) for exam_id in exams]),
        )
        for (column, kind), exams in sorted(compared.items())
        if exams
    )


def _patients(exam_ids: set[int]) -> dict[int, int | None]:
    return dict(Exam.objects.filter(pk__in=exam_ids).values_list("pk", "patient"))


def _has_several(patients: Sequence[int | None]) -> bool:
    identified = [patient for patient in patients if patient is not None]
    return len(identified) != len(set(identified))


# -- Findings -------------------------------------------------------------------------------------


def findings(scope: Scope, study: Study | None) -> Iterator[Finding]:
    """Yield the findings of the readings that vote in ``scope``.

    If two classes of an earlier version were merged, the findings of both are yielded with the new
    code. Readings under a version without a mapping to the classes in force are left out; they are
    not counted either.

    Args:
        scope: a batch, in the classes of its readings; or a whole study, in the classes in force.
        study: None for a batch; otherwise the study, whose taxonomy is the one in force.
    """
    effective = _effective(scope)
    changes_by_version = _class_changes(effective, study)
    if study:
        effective = effective.filter(taxonomy__in=changes_by_version)
    voting = effective.readable().exclude(pk__in=_without_vote(effective, study))
    # A join, not `reading__in`: with stale statistics that would run as a nested loop.
    rows = voting.filter(findings__isnull=False).values_list(
        "assignment__exam", "reader", "taxonomy", "findings__diagnostic_class__code",
        "findings__certainty", "findings__measurements",
    )  # fmt: skip
    for exam_id, reader_id, taxonomy_id, code, *more in rows.iterator(chunk_size=10_000):
        changes = changes_by_version.get(taxonomy_id)
        for code_now in (code,) if changes is None else changes.get(code, ()):
            yield exam_id, reader_id, code_now, *more


def _effective(scope: Scope) -> ReadingQuerySet:
    readings = Reading.objects.blind().effective().answered().of_scope(scope)
    return readings.filter(assignment__occurrence=Occurrence.FIRST)


def _without_vote(effective: ReadingQuerySet, study: Study | None) -> set[int]:
    """Return the ids of readings that do not vote, because another reading by the reader does.

    This happens only if a reader got an exam in several batches, which is rare, so only those
    readings are loaded.
    """
    if study is None:
        return set()
    pairs = effective.values("assignment__exam", "reader").annotate(n=Count("pk")).filter(n__gt=1)
    exams, readers = set(), set()
    for exam_id, reader_id in pairs.order_by().values_list("assignment__exam", "reader"):
        exams.add(exam_id)
        readers.add(reader_id)
    if not exams:
        return set()
    repeated = effective.filter(assignment__exam__in=exams, reader__in=readers)
    rows = list(repeated.select_related("assignment").in_turn())
    by_exam = votes.counted(votes.translated(study, rows))
    voting = {vote.reading_id for of_exam in by_exam.values() for vote in of_exam}
    return {row.pk for row in rows} - voting


def _class_changes(effective: ReadingQuerySet, study: Study | None) -> dict[int, Changes | None]:
    """Return, by version, which classes in force each class of that version certainly became.

    The value is None for the version in force, in which nothing changed. Versions without a mapping
    to it are missing. The result is empty for a batch, whose readings keep their own classes.
    """
    if study is None:
        return {}
    used = set(effective.order_by().values_list("taxonomy", flat=True).distinct())
    changes_by_version: dict[int, Changes | None] = {study.taxonomy_id: None}
    for version in Taxonomy.objects.filter(pk__in=used - {study.taxonomy_id}):
        try:
            origins = mappings.between(version, study.taxonomy).origins
        except mappings.NoMapping:
            continue
        changes: Changes = defaultdict(list)
        for code_now, origin in origins.items():
            for code in origin.certain:
                changes[code].append(code_now)
        changes_by_version[version.pk] = changes
    return changes_by_version
