"""How sure readers were of what they gave: what agreement about certainty is computed from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from annotations.models import ExamPattern, Scope, in_scope
from annotations.services.counts import finding_votes
from annotations.services.counts.exam_patterns import ABSENT, PRESENT
from ecgreview.agreement import Cluster
from ecgreview.agreement.reports import certainty
from ecgreview.agreement.reports.certainty import LEVELS, Graded

Exam = tuple[int, int | None, Sequence[int], Mapping[str, str]]
"""An exam, its patient if they are known, its readers, and what they say of classes."""


@dataclass(frozen=True, slots=True)
class Grades:
    """How sure the readers of exams were.

    Attributes:
        profiles: the different ways in which exams were graded.
        units: exams, and patients with several exams, by the profiles of their exams.
    """

    profiles: tuple[Graded, ...] = ()
    units: tuple[Cluster, ...] = ()

    def report(self, classes: Sequence[str]) -> dict[str, Any]:
        """Return what is told of agreement about them; see ``reports.certainty``."""
        return certainty.certainty(self.profiles, self.units, classes)


def count(
    scope: Scope, taxonomy_id: int, codes: Sequence[str], *, people: Collection[int] | None = None
) -> Grades:
    """Return how sure readers were, in exams that are counted: the same votes, exam by exam.

    A reading that came after its exam was counted is not heard before it is counted itself.

    Args:
        scope: whose.
        taxonomy_id: the version of the classes.
        codes: of the classes in force, in their order.
        people: ids of the readers whose certainty is compared. None: of all.
    """
    asked = None if people is None else set(people)
    sure: dict[tuple[int, int, str], int] = {}
    for exam_id, reader_id, code, level in finding_votes.findings(scope, "certainty"):
        place = exam_id, reader_id, code
        sure[place] = max(sure.get(place, 0), LEVELS.index(level))
    counted = ExamPattern.objects.filter(in_scope(scope), taxonomy=taxonomy_id)
    rows = counted.exclude(readers__len=0).values_list("exam", "exam__patient", "readers", "states")
    exams: Iterator[Exam] = rows.iterator(chunk_size=10_000)
    places = {code: place for place, code in enumerate(codes)}
    of_patients: dict[int, Counter[Graded]] = defaultdict(Counter)
    alone: Counter[Graded] = Counter()
    for exam_id, patient_id, readers, states in exams:
        n_people = len(readers if asked is None else asked.intersection(readers))
        if not n_people:
            continue
        told = (
            (places[code], _levels(exam_id, readers, code, digits, sure, asked))
            for code, digits in states.items()
        )
        absent = (n_people, *[0] * (len(LEVELS) - 1))
        graded = Graded(n_people, tuple(sorted(one for one in told if one[1] != absent)))
        if patient_id is None:
            alone[graded] += 1
        else:
            of_patients[patient_id][graded] += 1
    return _grades(alone, of_patients.values())


def _levels(
    exam_id: int,
    readers: Sequence[int],
    code: str,
    digits: str,
    sure: Mapping[tuple[int, int, str], int],
    asked: Collection[int] | None,
) -> tuple[int, ...]:
    """Return how many readers chose each level; who could not assess the class chose none."""
    found = [0] * len(LEVELS)
    for reader_id, digit in zip(readers, digits, strict=True):
        if asked is not None and reader_id not in asked:
            continue
        if digit == ABSENT:
            found[0] += 1
        elif digit == PRESENT and (level := sure.get((exam_id, reader_id, code))):
            found[level] += 1
    return tuple(found)


def _grades(alone: Counter[Graded], patients: Iterable[Counter[Graded]]) -> Grades:
    units: Counter[tuple[tuple[Graded, int], ...]] = Counter()
    for graded, n_exams in alone.items():
        units[((graded, 1),)] += n_exams
    for one in patients:
        units[tuple(sorted(one.items()))] += 1
    profiles = sorted({graded for unit in units for graded, _ in unit})
    at = {graded: place for place, graded in enumerate(profiles)}
    return Grades(
        tuple(profiles),
        tuple(
            Cluster(tuple((at[graded], n) for graded, n in unit), n_units)
            for unit, n_units in sorted(units.items())
        ),
    )
