"""The findings of the readings that have a vote, in the classes that are in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, F, Q

from annotations.models import Finding, Occurrence, Reading, Scope, Study, Taxonomy
from annotations.models.reading import ReadingQuerySet
from annotations.services import agreement_repeats, mappings, votes

Row = tuple[Any, ...]
EVERY = Q()


def findings(scope: Scope, *fields: str, where: Q = EVERY) -> Iterator[Row]:
    """Yield the findings of the votes that count in ``scope``: (exam, reader, class, *fields).

    Exam and reader are ids, the class is a code. Where two classes of an earlier version became
    one, it is yielded for each of them.

    Args:
        scope: a batch, in the words of its readings; or a whole study, in the classes in force.
        fields: of findings, by name.
        where: conditions for findings.

    Raises:
        mappings.NoMapping: as for ``votes.translated``.
    """
    standing = _standing(scope)
    voting = standing.readable().exclude(pk__in=_without_vote(scope, standing))
    found = Finding.objects.filter(where, reading__in=voting).values_list(
        F("reading__assignment__exam"), F("reading__reader"), F("reading__taxonomy"),
        F("diagnostic_class__code"), *fields,
    )  # fmt: skip
    became = _became(scope)
    for exam_id, reader_id, taxonomy_id, code, *more in found.iterator(chunk_size=10_000):
        for now in became.get(taxonomy_id, {}).get(code, ()) if taxonomy_id in became else (code,):
            yield exam_id, reader_id, now, *more


def _standing(scope: Scope) -> ReadingQuerySet:
    found = Reading.objects.blind().effective().answered()
    return found.filter(agreement_repeats.within(scope), assignment__occurrence=Occurrence.FIRST)


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


def _became(scope: Scope) -> dict[int, dict[str, list[str]]]:
    """Return, by version other than that in force, what each of its classes is now for certain."""
    if not scope.is_study:
        return {}
    study = Study.objects.select_related("taxonomy").get(pk=scope.study_id)
    used = _standing(scope).order_by().values_list("taxonomy", flat=True).distinct()
    found: dict[int, dict[str, list[str]]] = {}
    for version in Taxonomy.objects.filter(pk__in=set(used) - {study.taxonomy_id}):
        found[version.pk] = {}
        for now, origin in mappings.between(version, study.taxonomy).origins.items():
            for code in origin.certain:
                found[version.pk].setdefault(code, []).append(now)
    return found
