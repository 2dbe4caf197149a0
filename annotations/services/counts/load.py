"""Load everything that is counted in a scope as one immutable value, for the coefficients."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, Q, Sum
from numpy.typing import NDArray

from annotations.models import (
    OF_STUDIES,
    Assignment,
    Batch,
    DiagnosticClass,
    ExamPattern,
    Occurrence,
    PatternCount,
    ReaderKind,
    ReaderSetCount,
    Reading,
    Scope,
    Study,
    Taxonomy,
    User,
    in_scope,
)
from annotations.models.reading import ReadingQuerySet
from annotations.services.counts import finding_votes
from annotations.services.counts.finding_votes import Grades
from annotations.services.reading import votes
from ecgreview import agreement
from ecgreview.agreement import MISSING, Cluster, Profile
from ecgreview.agreement.counts.patterns import Row
from ecgreview.agreement.reports.measured import Measured

# Indexes into ``PatternRows.readers``, by ascending reader id.
Places = tuple[int, ...]

# Numbers of exams with the class present in neither reading, only in the second, only in the
# first, and in both.
Fields = tuple[int, int, int, int]

# ((index of the reader, fields of each class), ...), for readers who were given exams again.
Repeats = tuple[tuple[int, tuple[Fields, ...]], ...]


@dataclass(frozen=True, slots=True)
class PatternRows:
    """What is counted in a scope. The field names enter ``digest``: renaming one changes it.

    Attributes:
        taxonomy_id: version of the classes.
        readers: ids of all readers who were given exams, whether or not they have read any; people
            first, then all others; both parts in ascending order.
        classes: codes, in the order of the list.
        reader_sets: ((readers, n_exams), ...), sorted: exams that exactly these readers could read.
        patterns: ((class, readers, digits, n_exams), ...): class is an index into ``classes``; one
            digit per reader as in ``Profile``. For the exams of a reader set that are in no pattern
            of a class, all readers answered absent.
        profiles: the same over all classes together, without exams that nobody could read.
        clusters: patients with several exams; every other exam is its own cluster.
        n_exams: exams that were assigned, read or not.
        n_unreadable: readings that call the exam unreadable.
        n_abstained: number of times a reader abstained.
        repeats: what readers answered at the first and at the hidden second reading of an exam.
        grades: how certain readers were of their findings.
        measured: measurements of exams that two or more readers measured.
        kinds: the ``ReaderKind`` of each of ``readers``.
    """

    taxonomy_id: int
    readers: tuple[int, ...]
    classes: tuple[str, ...]
    reader_sets: tuple[tuple[Places, int], ...]
    patterns: tuple[tuple[int, Places, str, int], ...]
    profiles: tuple[Profile, ...]
    clusters: tuple[Cluster, ...]
    n_exams: int
    n_unreadable: int
    n_abstained: int
    repeats: Repeats = ()
    grades: Grades = field(default_factory=Grades)
    measured: tuple[Measured, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def n_people(self) -> int:
        """Number of readers who are people. They are the first ones in ``readers``."""
        return self.kinds.count(ReaderKind.PERSON)

    @property
    def n_readings(self) -> int:
        """Number of readings counted, including those that call the exam unreadable."""
        return sum(len(readers) * n for readers, n in self.reader_sets) + self.n_unreadable

    @property
    def digest(self) -> str:
        """SHA-256 of all fields, in hexadecimal digits."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def pattern_count(self) -> agreement.PatternCount:
        """Return how many exams were answered in which way, for each class.

        Raises:
            BadCounts: the counts contradict each other.
        """
        return agreement.PatternCount.from_sets(
            self.reader_sets,
            (
                Row(column, readers, [int(digit) for digit in digits], n)
                for column, readers, digits, n in self.patterns
            ),
            n_readers=len(self.readers),
            n_classes=len(self.classes),
        )

    def repeat_tables(self) -> NDArray[np.float64] | None:
        """Return the hidden repeats as tables, or None if there are none.

        Returns:
            Shape (n_readers, n_classes, 2, 2): exams by a reader's first answer (absent, present)
            and second answer.
        """
        if not self.repeats:
            return None
        n_classes = len(self.classes)
        tables = np.zeros((len(self.readers), n_classes, 2, 2))
        for reader, fields in self.repeats:
            tables[reader] = np.array(fields, dtype=np.float64).reshape(n_classes, 2, 2)
        return tables


def load(scope: Scope) -> PatternRows:
    """Return what is counted in ``scope``. The counts must be locked.

    A study is counted in the classes in force, a batch in its own.
    """
    study, taxonomy = _study_and_classes(scope)
    assigned = Assignment.objects.filter(_assigned_in(scope), occurrence=Occurrence.FIRST)
    codes = list(taxonomy.classes.order_by("position").values_list("pk", "code"))
    markers = ExamPattern.objects.filter(in_scope(scope), taxonomy=taxonomy)
    sets = ReaderSetCount.objects.filter(in_scope(scope), taxonomy=taxonomy)
    set_rows = list(sets.values_list("readers", "n_exams"))
    ids = set(assigned.order_by().values_list("reader", flat=True).distinct())
    reader_kinds = _reader_kinds(ids.union(*(row for row, _ in set_rows)))
    readers = tuple(reader_kinds)
    people = [reader for reader, kind in reader_kinds.items() if kind == ReaderKind.PERSON]
    at = {reader: place for place, reader in enumerate(readers)}
    classes = {pk: place for place, (pk, _) in enumerate(codes)}
    counts = PatternCount.objects.filter(in_scope(scope), diagnostic_class__in=classes)
    count_rows = counts.values_list("diagnostic_class", "readers", "pattern", "n_exams")
    places = {code: place for place, (_, code) in enumerate(codes)}
    profiles = _profiles(scope, taxonomy, at, places)
    in_order = [code for _, code in codes]
    totals = markers.aggregate(unreadable=Sum("n_unreadable"), abstained=Sum("n_abstained"))
    grades, measured = finding_votes.load(scope, study, taxonomy.pk, in_order, people=people)
    return PatternRows(
        taxonomy_id=taxonomy.pk,
        readers=readers,
        classes=tuple(in_order),
        reader_sets=tuple(sorted((_at(at, row), n) for row, n in set_rows)),
        patterns=tuple(
            sorted((classes[pk], _at(at, row), digits, n) for pk, row, digits, n in count_rows)
        ),
        profiles=profiles,
        clusters=_clusters(scope, taxonomy, at, places, profiles),
        n_exams=assigned.aggregate(n=Count("exam", distinct=True))["n"],
        n_unreadable=totals["unreadable"] or 0,
        n_abstained=totals["abstained"] or 0,
        repeats=_repeats(scope, study, at, in_order),
        grades=grades,
        measured=measured,
        kinds=tuple(reader_kinds.values()),
    )


def groups(taxonomy_id: int) -> dict[str, tuple[str, ...]]:
    """Return the class codes of each group by group code, both in the order of the taxonomy."""
    classes = DiagnosticClass.objects.filter(taxonomy=taxonomy_id)
    members: dict[str, tuple[str, ...]] = {}
    for group, code in classes.order_by("group__position", "position").values_list(
        "group__code", "code"
    ):
        members[group] = (*members.get(group, ()), code)
    return members


def _reader_kinds(readers: Collection[int]) -> dict[int, str]:
    """Return the kind of each of these readers, people first."""
    kinds = dict(User.objects.filter(pk__in=readers).values_list("pk", "kind"))
    order = sorted(kinds, key=lambda reader: (kinds[reader] != ReaderKind.PERSON, reader))
    return {reader: kinds[reader] for reader in order}


def _study_and_classes(scope: Scope) -> tuple[Study | None, Taxonomy]:
    """Return the study, or None for a batch, and the classes in which the scope is counted."""
    if scope.batch_id is not None:
        return None, Batch.objects.select_related("taxonomy").get(pk=scope.batch_id).taxonomy
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    return study, study.taxonomy


def _assigned_in(scope: Scope) -> Q:
    if scope.is_study:
        return Q(batch__study=scope.study_id, batch__purpose__in=OF_STUDIES)
    return Q(batch=scope.batch_id)


def _at(at: dict[int, int], readers: list[int]) -> Places:
    return tuple(at[reader] for reader in readers)


PROFILES = """
select readers, states, count(*)::int from annotations_exampattern
 where study_id = %(study)s and {of_batch} and taxonomy_id = %(taxonomy)s and readers <> '{{}}'
 group by readers, states
"""

# For each patient with several exams: the number of exams by pattern of answers.
CLUSTERS = """
with read as (
    select e.patient_id, p.readers, p.states from annotations_exampattern p
      join annotations_exam e on e.id = p.exam_id
     where p.study_id = %(study)s and p.{of_batch} and p.taxonomy_id = %(taxonomy)s
       and p.readers <> '{{}}' and e.patient_id is not null),
several as (select patient_id from read group by patient_id having count(*) > 1)
select patient_id, readers, states, count(*)::int
  from read join several using (patient_id) group by patient_id, readers, states
"""


def _select(statement: str, scope: Scope, taxonomy: Taxonomy) -> list[tuple[Any, ...]]:
    of_batch = "batch_id is null" if scope.is_study else "batch_id = %(batch)s"
    values = {"study": scope.study_id, "batch": scope.batch_id, "taxonomy": taxonomy.pk}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(of_batch=of_batch), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _profile_key(
    at: dict[int, int], places: dict[str, int], readers: list[int], states: str
) -> tuple[Places, tuple[tuple[int, str], ...]]:
    by_code = json.loads(states)
    digits = sorted((places[code], digits) for code, digits in by_code.items())
    return _at(at, readers), tuple(digits)


def _profiles(
    scope: Scope, taxonomy: Taxonomy, at: dict[int, int], places: dict[str, int]
) -> tuple[Profile, ...]:
    profiles = [
        Profile(*_profile_key(at, places, readers, states), n_exams)
        for readers, states, n_exams in _select(PROFILES, scope, taxonomy)
    ]
    return tuple(sorted(profiles, key=lambda profile: (profile.readers, profile.states)))


def _clusters(
    scope: Scope,
    taxonomy: Taxonomy,
    at: dict[int, int],
    places: dict[str, int],
    profiles: tuple[Profile, ...],
) -> tuple[Cluster, ...]:
    index = {(profile.readers, profile.states): place for place, profile in enumerate(profiles)}
    exams: dict[int, list[tuple[int, int]]] = {}
    for patient_id, readers, states, n_exams in _select(CLUSTERS, scope, taxonomy):
        key = _profile_key(at, places, readers, states)
        exams.setdefault(patient_id, []).append((index[key], n_exams))
    n_patients: dict[tuple[tuple[int, int], ...], int] = {}
    for of_patient in exams.values():
        cluster = tuple(sorted(of_patient))
        n_patients[cluster] = n_patients.get(cluster, 0) + 1
    return tuple(Cluster(cluster, n) for cluster, n in sorted(n_patients.items()))


# -- Hidden repeats -------------------------------------------------------------------------------


def n_signed_repeats(scope: Scope) -> int:
    """Return how many readings of hidden repeats were ever submitted. It never decreases."""
    readings = Reading.objects.blind().of_scope(scope)
    return readings.filter(assignment__occurrence=Occurrence.REPEAT).count()


def _repeats(
    scope: Scope, study: Study | None, at: Mapping[int, int], codes: Sequence[str]
) -> Repeats:
    """Return the first and second answers of readers who were given an exam again.

    Only pairs of effective, blind readings count, and only classes that were assessable in both.

    Args:
        scope: a batch or a whole study.
        study: None for a batch; otherwise the study, whose taxonomy is the one in force.
        at: index of each reader.
        codes: codes of the classes in which the scope is counted, in the order of the list.
    """
    second = list(_effective(scope, Occurrence.REPEAT))
    if not second:
        return ()
    firsts = _effective(scope, Occurrence.FIRST).filter(
        assignment__exam__in={row.assignment.exam_id for row in second},
        reader__in={row.reader_id for row in second},
    )
    first = {_pair_key(row): row for row in firsts}
    pairs = [(first[_pair_key(row)], row) for row in second if _pair_key(row) in first]
    tables = _tables(pairs, study, at, codes)
    return tuple(
        (reader, tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in table.reshape(-1, 4)))
        for reader, table in enumerate(tables)
        if table.any()
    )


def _effective(scope: Scope, occurrence: Occurrence) -> ReadingQuerySet:
    readings = Reading.objects.blind().effective().answered().readable().of_scope(scope)
    readings = readings.filter(assignment__occurrence=occurrence)
    return readings.select_related("assignment").order_by("pk")


def _pair_key(row: Reading) -> tuple[int, int, int]:
    return row.assignment.batch_id, row.assignment.exam_id, row.reader_id


def _tables(
    pairs: Sequence[tuple[Reading, Reading]],
    study: Study | None,
    at: Mapping[int, int],
    codes: Sequence[str],
) -> NDArray[np.int64]:
    tables = np.zeros((len(at), len(codes), 2, 2), dtype=np.int64)
    first, second = (
        votes.states(_votes([pair[time] for pair in pairs], study), codes) for time in (0, 1)
    )
    readers = np.array([at[row.reader_id] for row, _ in pairs], dtype=np.intp)
    rows, columns = np.nonzero((first != MISSING) & (second != MISSING))
    answers = (first[rows, columns] - 1, second[rows, columns] - 1)
    np.add.at(tables, (readers[rows], columns, *answers), 1)
    return tables


def _votes(rows: Sequence[Reading], study: Study | None) -> list[votes.Vote]:
    return votes.translated(study, rows) if study else votes.untranslated(rows)
