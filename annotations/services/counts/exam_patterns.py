"""The pattern of an exam: how its readers answered for every class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from annotations.models import OF_STUDIES, Batch, Occurrence, Reading, ReadingOutcome, Study
from annotations.models.reading import ReadingQuerySet
from annotations.services.reading import votes
from annotations.services.reading.votes import Vote

MISSING, ABSENT, PRESENT = "0", "1", "2"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is counted for one exam in one scope.

    Attributes:
        taxonomy_id: the version of the classes.
        readers: sorted ids of those who could read it.
        states: digits by class code, one per reader; without classes that all of these readers
            answered with absent.
        n_unreadable: how many readers could not read it.
        n_abstained: how many readers abstained.
    """

    taxonomy_id: int
    readers: tuple[int, ...]
    states: Mapping[str, str]
    n_unreadable: int = 0
    n_abstained: int = 0


def in_batch(batch: Batch, exam_ids: Collection[int]) -> dict[int, Pattern]:
    """Return the patterns of the exams with an effective reading in ``batch``, by exam id.

    Practice and qualification batches have no patterns.
    """
    if not batch.counts:
        return {}
    readings = list(_effective(exam_ids, Q(assignment__batch=batch)))
    cast = votes.untranslated(reading for reading in readings if reading.is_answered)
    return _patterns(batch.taxonomy_id, _by_exam(cast), readings)


def in_study(study: Study, exam_ids: Collection[int]) -> dict[int, Pattern]:
    """Return the patterns for a whole study, by exam id.

    They refer to the classes in force, and each reader has one vote per exam. A class that a split
    left open, or that the reader's list did not have, counts as not assessable.

    Raises:
        mappings.NoMapping: see ``votes.translated``.
    """
    ours = Q(assignment__batch__study=study, assignment__batch__purpose__in=OF_STUDIES)
    readings = list(_effective(exam_ids, ours))
    cast = votes.translated(study, (reading for reading in readings if reading.is_answered))
    return _patterns(study.taxonomy_id, votes.counted(cast), readings)


def _effective(exam_ids: Collection[int], where: Q) -> ReadingQuerySet:
    """Return the effective first readings of these exams, including abstentions, ``in_turn``."""
    first = Q(assignment__exam__in=list(exam_ids), assignment__occurrence=Occurrence.FIRST)
    effective = Reading.objects.blind().effective().filter(where & first)
    return effective.select_related("assignment").in_turn()


def _by_exam(cast: Iterable[Vote]) -> dict[int, list[Vote]]:
    by_exam: dict[int, list[Vote]] = defaultdict(list)
    for vote in cast:
        by_exam[vote.exam_id].append(vote)
    return by_exam


def _patterns(
    taxonomy_id: int, by_exam: Mapping[int, Sequence[Vote]], readings: Iterable[Reading]
) -> dict[int, Pattern]:
    abstained: dict[int, set[int]] = defaultdict(set)
    for reading in readings:
        if reading.outcome == ReadingOutcome.ABSTAINED:
            abstained[reading.assignment.exam_id].add(reading.reader_id)
    return {
        exam_id: _pattern(taxonomy_id, by_exam.get(exam_id, ()), abstained.get(exam_id, set()))
        for exam_id in by_exam.keys() | abstained.keys()
    }


def _pattern(taxonomy_id: int, cast: Sequence[Vote], abstained: set[int]) -> Pattern:
    readable = sorted((vote for vote in cast if vote.translation), key=lambda vote: vote.reader_id)
    codes = sorted(frozenset[str]().union(*(_not_absent(vote) for vote in readable)))
    return Pattern(
        taxonomy_id=taxonomy_id,
        readers=tuple(vote.reader_id for vote in readable),
        states={code: "".join(_state(vote, code) for vote in readable) for code in codes},
        n_unreadable=len(cast) - len(readable),
        n_abstained=len(abstained - {vote.reader_id for vote in cast}),
    )


def _not_absent(vote: Vote) -> frozenset[str]:
    return vote.translation.codes | vote.unassessed if vote.translation else frozenset()


def _state(vote: Vote, code: str) -> str:
    if vote.translation and code in vote.translation.codes:
        return PRESENT
    return MISSING if code in _not_absent(vote) else ABSENT
