"""Votes: readings translated to the taxonomy in force, and which reading of each reader counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from annotations.models import Certainty, Finding, NotAssessable, Quality, Reading, Study, Taxonomy
from annotations.services.taxonomy import mappings
from ecgreview.agreement import ABSENT, MISSING, PRESENT
from ecgreview.taxonomy import TaxonomyMapping, Translation

SUREST_FIRST = [*Certainty.values]


@dataclass(frozen=True, slots=True)
class Vote:
    """A reading in the taxonomy of the study's protocol in force.

    Attributes:
        translation: None if the reader could not read the exam.
        missing: classes marked not assessable.
        certainty: how sure the reader was of each class of ``translation.codes``, a value of
            ``Certainty``.
    """

    reading_id: int
    reader_id: int
    exam_id: int
    translation: Translation | None
    missing: frozenset[str] = frozenset()
    certainty: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether the exam has to be reread because a class of the reading was split later."""
        return self.translation is not None and bool(self.translation.undecided)

    @property
    def unassessed(self) -> frozenset[str]:
        """Classes on which this is no vote: not assessable, not asked about, or split later."""
        if self.translation is None:
            return frozenset()
        return self.missing | self.translation.not_asked | self.translation.undecided


def translated(study: Study, readings: Iterable[Reading]) -> list[Vote]:
    """Return the votes of ``readings`` in the taxonomy of ``study``, in the same order.

    Args:
        study: the study whose taxonomy in force is used.
        readings: readings with their assignments selected.

    Raises:
        mappings.NoMapping: there is no mapping from the taxonomy of a reading to the one in force.
    """
    rows = list(readings)
    ids = [row.pk for row in rows]
    present = _findings(ids)
    not_assessable = _codes(NotAssessable.objects.filter(reading__in=ids))
    carriers = _carriers(study, {row.taxonomy_id for row in rows})
    return [_vote(row, carriers.get(row.taxonomy_id), present, not_assessable) for row in rows]


def untranslated(readings: Iterable[Reading]) -> list[Vote]:
    """Return the votes of ``readings``, each in its own taxonomy. Assignments must be selected."""
    rows = list(readings)
    ids = [row.pk for row in rows]
    present = _findings(ids)
    not_assessable = _codes(NotAssessable.objects.filter(reading__in=ids))
    return [_vote(row, None, present, not_assessable) for row in rows]


def counted(cast: Iterable[Vote]) -> dict[int, list[Vote]]:
    """Return one vote per reader for each exam id: the first vote that is not open.

    Rereading an exam gives no second vote, because a reader may remember the first reading. If a
    split class left the first reading open, the reading that resolves it counts instead. Until
    there is one, the open reading counts and the exam has no consensus.

    Args:
        cast: votes whose readings come ``in_turn``, so that a correction keeps the vote of the
            reading it corrects.
    """
    chosen: dict[tuple[int, int], Vote] = {}
    for vote in cast:
        place = (vote.exam_id, vote.reader_id)
        if place not in chosen or (chosen[place].is_open and not vote.is_open):
            chosen[place] = vote
    by_exam: dict[int, list[Vote]] = defaultdict(list)
    for (exam_id, _), vote in chosen.items():
        by_exam[exam_id].append(vote)
    return dict(by_exam)


# Class codes by reading id.
Codes = Mapping[int, frozenset[str]]


# Certainty by class code, by reading id.
Findings = Mapping[int, Mapping[str, str]]


def _findings(reading_ids: Collection[int]) -> Findings:
    by_reading: dict[int, dict[str, str]] = defaultdict(dict)
    rows = Finding.objects.filter(reading__in=reading_ids)
    for reading_id, code, certainty in rows.values_list(
        "reading", "diagnostic_class__code", "certainty"
    ):
        by_reading[reading_id][code] = certainty
    return by_reading


def _codes(rows: QuerySet[NotAssessable]) -> Codes:
    by_reading: dict[int, set[str]] = defaultdict(set)
    for reading_id, code in rows.values_list("reading", "diagnostic_class__code"):
        by_reading[reading_id].add(code)
    return {reading_id: frozenset(codes) for reading_id, codes in by_reading.items()}


def _vote(
    row: Reading, mapping: TaxonomyMapping | None, present: Findings, not_assessable: Codes
) -> Vote:
    place = (row.pk, row.reader_id, row.assignment.exam_id)
    if row.quality == Quality.UNREADABLE:
        return Vote(*place, None)
    findings, missing = present.get(row.pk, {}), not_assessable.get(row.pk, frozenset())
    codes = frozenset(findings)
    if mapping is None:
        return Vote(*place, Translation(codes), missing, findings)
    translation = mapping.translate(codes)
    certainty = _translated(findings, mapping)
    if not missing:
        return Vote(*place, translation, certainty=certainty)
    carried = mapping.carry(Translation(codes, not_asked=missing))
    return Vote(*place, translation, carried.not_asked - translation.not_asked, certainty)


def _translated(findings: Mapping[str, str], mapping: TaxonomyMapping) -> Mapping[str, str]:
    """Return the certainty by new class; if several old classes map to it, the highest."""
    surest_last = sorted(findings, key=lambda code: -SUREST_FIRST.index(findings[code]))
    return {
        new: findings[code]
        for code in surest_last
        for new in mapping.translate(frozenset({code})).codes
    }


def _carriers(study: Study, versions: Iterable[int]) -> Mapping[int, TaxonomyMapping]:
    others = Taxonomy.objects.filter(pk__in=set(versions) - {study.taxonomy_id})
    return {row.pk: mappings.between(row, study.taxonomy) for row in others}


def states(votes: Sequence[Vote], codes: Sequence[str]) -> NDArray[np.int8]:
    """Return the state of each class of ``codes`` in each vote.

    Returns:
        Shape (n_votes, n_classes), int8: 0 missing, 1 absent, 2 present. If the reader could not
        read the exam, all classes are missing.
    """
    places = {code: place for place, code in enumerate(codes)}
    result = np.full((len(votes), len(codes)), ABSENT, dtype=np.int8)
    for row, vote in enumerate(votes):
        translation = vote.translation
        if translation is None:
            result[row] = MISSING
            continue
        for code in vote.unassessed:
            if code in places:
                result[row, places[code]] = MISSING
        for code in translation.codes:
            if code in places:
                result[row, places[code]] = PRESENT
    return result
