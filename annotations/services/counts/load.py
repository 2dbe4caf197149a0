"""All that is counted of a scope, as plain values: what coefficients are computed from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, Q, Sum

from annotations.models import (
    OF_STUDIES,
    Assignment,
    Batch,
    ExamPattern,
    Occurrence,
    PatternCount,
    ReaderKind,
    ReaderSetCount,
    Scope,
    Study,
    Taxonomy,
    User,
    in_scope,
)
from annotations.services.counts import certainty, measurements
from annotations.services.counts import repeats as counts_repeats
from annotations.services.counts.certainty import Grades
from annotations.services.counts.repeats import Repeats
from ecgreview import agreement
from ecgreview.agreement import Cluster, Profile
from ecgreview.agreement.counts.patterns import Row
from ecgreview.agreement.reports.measured import Measured

Places = tuple[int, ...]
"""Places in ``PatternRows.readers``, in the order of the readers' ids."""


@dataclass(frozen=True, slots=True)
class PatternRows:
    """What is counted of a scope.

    Attributes:
        taxonomy_id: the version of the classes.
        readers: ids of all who were given exams to read, whether or not they have; people first,
            then models and references, each ascending.
        classes: codes, in the order of the list.
        reader_sets: ((readers, n_exams), ...): exams that just these could read, ascending.
        patterns: ((class, readers, digits, n_exams), ...): class is a place in ``classes``; a
            digit for each reader as in ``Profile``. What is missing here up to the count of the
            reader set are exams of which all of them call the class absent.
        profiles: the same counted over all classes together; exams of no reader left out.
        clusters: patients with several exams; every other exam is one of its own.
        n_exams: exams that were given out, read or not.
        n_unreadable: readings that say the exam is unreadable.
        n_abstained: readers of exams who said they are not competent.
        repeats: what readers said of an exam the first time and again.
        grades: how sure they were of what they gave.
        measured: what two of them or more measured of an exam.
        kinds: what each of ``readers`` is, of ``ReaderKind``.
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
        """How many of the readers are people: the first of them."""
        return self.kinds.count(ReaderKind.PERSON)

    @property
    def n_readings(self) -> int:
        """How many readings are counted, those of the unreadable among them."""
        return sum(len(readers) * n for readers, n in self.reader_sets) + self.n_unreadable

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal digits, of all of it."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load(scope: Scope) -> PatternRows:
    """Return what is counted of ``scope``, whose counts must be locked, in the classes in force."""
    taxonomy = _taxonomy(scope)
    given = Assignment.objects.filter(_given(scope), occurrence=Occurrence.FIRST)
    codes = list(taxonomy.classes.order_by("position").values_list("pk", "code"))
    markers = ExamPattern.objects.filter(in_scope(scope), taxonomy=taxonomy)
    sets = ReaderSetCount.objects.filter(in_scope(scope), taxonomy=taxonomy)
    set_rows = list(sets.values_list("readers", "n_exams"))
    ids = set(given.order_by().values_list("reader", flat=True).distinct())
    kinds = _kinds(ids.union(*(row for row, _ in set_rows)))
    readers = tuple(kinds)
    people = [reader for reader, kind in kinds.items() if kind == ReaderKind.PERSON]
    at = {reader: place for place, reader in enumerate(readers)}
    classes = {pk: place for place, (pk, _) in enumerate(codes)}
    counts = PatternCount.objects.filter(in_scope(scope), diagnostic_class__in=classes)
    count_rows = counts.values_list("diagnostic_class", "readers", "pattern", "n_exams")
    places = {code: place for place, (_, code) in enumerate(codes)}
    profiles = _profiles(scope, taxonomy, at, places)
    in_order = [code for _, code in codes]
    totals = markers.aggregate(unreadable=Sum("n_unreadable"), abstained=Sum("n_abstained"))
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
        n_exams=given.aggregate(n=Count("exam", distinct=True))["n"],
        n_unreadable=totals["unreadable"] or 0,
        n_abstained=totals["abstained"] or 0,
        repeats=counts_repeats.count(scope, readers, in_order),
        grades=certainty.count(scope, taxonomy.pk, in_order, people=people),
        measured=measurements.collect(scope, people, in_order),
        kinds=tuple(kinds.values()),
    )


def counted(rows: PatternRows) -> agreement.PatternCount:
    """Return the live counts: how many exams of each class were answered in which way.

    Raises:
        BadCounts: the counts contradict each other.
    """
    return agreement.PatternCount.from_sets(
        rows.reader_sets,
        (Row(column, who, [int(one) for one in said], n) for column, who, said, n in rows.patterns),
        n_readers=len(rows.readers),
        n_classes=len(rows.classes),
    )


def _kinds(readers: Collection[int]) -> dict[int, str]:
    """Return what each of these readers is, people first."""
    known = dict(User.objects.filter(pk__in=readers).values_list("pk", "kind"))
    order = sorted(known, key=lambda reader: (known[reader] != ReaderKind.PERSON, reader))
    return {reader: known[reader] for reader in order}


def _taxonomy(scope: Scope) -> Taxonomy:
    if scope.batch_id is None:
        return Study.objects.select_related("taxonomy").get(pk=scope.study_id).taxonomy
    return Batch.objects.select_related("taxonomy").get(pk=scope.batch_id).taxonomy


def _given(scope: Scope) -> Q:
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

# Of patients with several exams, each way of reading with its number, as one list per patient.
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


def _said(
    at: dict[int, int], places: dict[str, int], readers: list[int], states: str
) -> tuple[Places, tuple[tuple[int, str], ...]]:
    told = json.loads(states)
    return _at(at, readers), tuple(sorted((places[code], digits) for code, digits in told.items()))


def _profiles(
    scope: Scope, taxonomy: Taxonomy, at: dict[int, int], places: dict[str, int]
) -> tuple[Profile, ...]:
    found = [
        Profile(*_said(at, places, readers, states), n_exams)
        for readers, states, n_exams in _select(PROFILES, scope, taxonomy)
    ]
    return tuple(sorted(found, key=lambda one: (one.readers, one.states)))


def _clusters(
    scope: Scope,
    taxonomy: Taxonomy,
    at: dict[int, int],
    places: dict[str, int],
    profiles: tuple[Profile, ...],
) -> tuple[Cluster, ...]:
    known = {(one.readers, one.states): place for place, one in enumerate(profiles)}
    exams: dict[int, list[tuple[int, int]]] = {}
    for patient_id, readers, states, n_exams in _select(CLUSTERS, scope, taxonomy):
        said = _said(at, places, readers, states)
        exams.setdefault(patient_id, []).append((known[said], n_exams))
    alike: dict[tuple[tuple[int, int], ...], int] = {}
    for one in exams.values():
        key = tuple(sorted(one))
        alike[key] = alike.get(key, 0) + 1
    return tuple(Cluster(key, n) for key, n in sorted(alike.items()))
