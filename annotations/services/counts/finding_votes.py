"""The findings of the readings that have a vote, in the classes that are in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Q

from annotations.models import Occurrence, Reading, Scope, Study, Taxonomy
from annotations.models.reading import ReadingQuerySet
from annotations.services.counts import repeats
from annotations.services.reading import votes
from annotations.services.taxonomy import mappings

Row = tuple[Any, ...]
Changes = dict[str, list[str]]
EVERY = Q()


def findings(scope: Scope, *fields: str, where: Q = EVERY) -> Iterator[Row]:
    """Yield the findings of the votes that count in ``scope``: (exam, reader, class, *fields).

    Exam and reader are ids, the class is a code. Where two classes of an earlier version became
    one, it is yielded for each of them. Readings made under a version from which no mapping leads
    to the classes in force are left out: they are not counted either.

    Args:
        scope: a batch, in the words of its readings; or a whole study, in the classes in force.
        fields: of findings, by name.
        where: conditions for ``findings`` of readings.
    """
    standing = _standing(scope)
    became = _became(scope, standing)
    if scope.is_study:
        standing = standing.filter(taxonomy__in=became)
    voting = standing.readable().exclude(pk__in=_without_vote(scope, standing))
    # Joined, and no condition `reading__in`: by stale statistics that would be a loop in a loop.
    found = voting.filter(where, findings__isnull=False).values_list(
        "assignment__exam", "reader", "taxonomy", "findings__diagnostic_class__code",
        *(f"findings__{field}" for field in fields),
    )  # fmt: skip
    for exam_id, reader_id, taxonomy_id, code, *more in found.iterator(chunk_size=10_000):
        changed = became.get(taxonomy_id)
        for now in (code,) if changed is None else changed.get(code, ()):
            yield exam_id, reader_id, now, *more


def _standing(scope: Scope) -> ReadingQuerySet:
    found = Reading.objects.blind().effective().answered()
    return found.filter(repeats.within(scope), assignment__occurrence=Occurrence.FIRST)


def _without_vote(scope: Scope, standing: ReadingQuerySet) -> set[int]:
    """Return the readings that have no vote, for their readers read the exam before or again.

    Few exams come twice to a reader, so the rule is asked about these alone.
    """
    if not scope.is_study:
        return set()
    places = standing.values("assignment__exam", "reader").annotate(n=Count("pk")).filter(n__gt=1)
    exams, readers = set(), set()
    for exam_id, reader_id in places.order_by().values_list("assignment__exam", "reader"):
        exams.add(exam_id)
        readers.add(reader_id)
    if not exams:
        return set()
    twice = standing.filter(assignment__exam__in=exams, reader__in=readers)
    rows = list(twice.select_related("assignment").in_turn())
    chosen = votes.that_count(votes.translated(Study.objects.get(pk=scope.study_id), rows))
    have = {vote.reading_id for of_exam in chosen.values() for vote in of_exam}
    return {row.pk for row in rows} - have


def _became(scope: Scope, standing: ReadingQuerySet) -> dict[int, Changes | None]:
    """Return, by version that leads to that in force, what each of its classes is for certain.

    None where nothing has changed: of the version in force itself. In a batch all is as it was
    said, and nothing is told here.
    """
    if not scope.is_study:
        return {}
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    used = set(standing.order_by().values_list("taxonomy", flat=True).distinct())
    found: dict[int, Changes | None] = {study.taxonomy_id: None}
    for version in Taxonomy.objects.filter(pk__in=used - {study.taxonomy_id}):
        try:
            origins = mappings.between(version, study.taxonomy).origins
        except mappings.NoMapping:
            continue
        changes: Changes = defaultdict(list)
        for now, origin in origins.items():
            for code in origin.certain:
                changes[code].append(now)
        found[version.pk] = changes
    return found
