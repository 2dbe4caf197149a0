"""The dispute queue: which classes of an exam deserve a second look, stored with the consensus.

``disputes`` reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from annotations.models import (
    CaseKind,
    ClassState,
    Consensus,
    DiagnosticClass,
    Outcome,
    QueuedCase,
    ReaderKind,
    Reading,
    Study,
    User,
)
from annotations.models.reading import ReadingQuerySet
from annotations.services.reading import votes
from annotations.services.reading.votes import Vote
from ecgreview.consensus import MIN_READINGS, Relations
from ecgreview.design import chance

COLUMNS = ("expected_errors", "n_disputed", "n_cases", "draw")

# Number of votes for each class that a reader marked, and number of votes for or against it.
VotesOfClass = Mapping[str, tuple[int, int]]

KINDS = {ReaderKind.MODEL: CaseKind.MODEL, ReaderKind.REFERENCE: CaseKind.REFERENCE}


@dataclass(frozen=True, slots=True)
class Objection:
    """A class of an exam that a model or reference judged, or that a reader contradicts.

    Attributes:
        is_marked: whether the model, reference or reader marked the class.
    """

    kind: CaseKind
    code: str
    is_marked: bool = True


@dataclass(frozen=True, slots=True)
class Queue:
    """The inputs from which the cases of a study's exams are found.

    Attributes:
        study: the study.
        classes: the classes in force by code.
        objections: by exam id.
    """

    study: Study
    classes: Mapping[str, DiagnosticClass]
    objections: Mapping[int, Sequence[Objection]]

    @classmethod
    def of(
        cls, study: Study, votes_by_exam: Mapping[int, Sequence[Vote]], relations: Relations
    ) -> Queue:
        """Find the objections to the exams of ``votes_by_exam`` in closed batches.

        Args:
            study: the study.
            votes_by_exam: votes of people by exam id.
            relations: between the classes in force; a reading may violate them.
        """
        of_study = study.taxonomy.classes.only("taxonomy", "code", "position")
        classes = {item.code: item for item in of_study.order_by("position")}
        objections: dict[int, list[Objection]] = defaultdict(list)
        for exam_id, of_exam in votes_by_exam.items():
            for vote in of_exam:
                marked = vote.translation.codes if vote.translation else frozenset()
                objections[exam_id] += [
                    Objection(CaseKind.CONTRADICTION, code) for code in relations.excluding(marked)
                ]
        for exam_id, kind, vote in _models_and_references(study, votes_by_exam.keys()):
            objections[exam_id] += [
                Objection(kind, code, is_marked) for code, is_marked in _judged(vote, classes)
            ]
        return cls(study, classes, objections)

    def place(self, row: Consensus, of_class: VotesOfClass) -> list[QueuedCase]:
        """Set the columns of ``row`` that order the queue, and return its cases, unsaved."""
        found = [(CaseKind.DISPUTE, code) for code in self._disputed(row, of_class)]
        found += [
            (objection.kind, objection.code)
            for objection in self.objections.get(row.exam_id, ())
            if objection.kind == CaseKind.CONTRADICTION or _is_against(row, objection, of_class)
        ]
        cases = [
            QueuedCase(
                study_id=row.study_id,
                consensus=row,
                kind=kind,
                diagnostic_class=self.classes[code] if code else None,
            )
            for kind, code in sorted(set(found), key=self._position)
        ]
        row.expected_errors = expected_errors(of_class, row.posteriors, row.adjudicated)
        row.n_disputed = sum(case.kind == CaseKind.DISPUTE for case in cases)
        row.n_cases = len(cases)
        row.draw = draw(self.study, row.exam_id)
        return cases

    def _disputed(self, row: Consensus, of_class: VotesOfClass) -> Iterable[str]:
        """Return the classes in dispute; the empty code if no class is, but the exam."""
        if row.outcome != Outcome.DISPUTED:
            return []
        listed = of_class.keys() | row.class_states.keys()
        undecided = [code for code in listed if row.state(code) == ClassState.UNDECIDED]
        return undecided or [""]

    def _position(self, case: tuple[CaseKind, str]) -> tuple[int, int]:
        kind, code = case
        return [*CaseKind].index(kind), self.classes[code].position if code else 0


def expected_errors(
    of_class: VotesOfClass, posteriors: Mapping[str, float], decided: Container[str]
) -> float:
    """Return the expected number of wrong labels of an exam.

    This is the sum of min(p, 1 - p) over the classes that a reader marked, with the posterior p
    or, if there is none, the share of votes. Classes that adjudicators ``decided`` do not count.
    """
    chances = (
        posteriors.get(code, n_marked / n_votes)
        for code, (n_marked, n_votes) in of_class.items()
        if code not in decided
    )
    return round(sum(min(p, 1 - p) for p in chances), 6)


def draw(study: Study, exam_id: int) -> float:
    """Return a number from 0 to below 1 that nobody can predict without the study's seed."""
    return int.from_bytes(chance.digest(study.seed, f"second look:{exam_id}")[:6], "big") / 2**48


def votes_of_labels(row: Consensus) -> VotesOfClass:
    """Return the votes that are stored with ``row``. Its labels should be prefetched."""
    return {
        label.diagnostic_class.code: (label.n_positive, label.n_readings)
        for label in row.labels.all()
    }


def votes_on(row: Consensus, code: str, of_class: VotesOfClass) -> tuple[int, int]:
    """Return the number of votes for a class, and for or against it."""
    n_readable = row.n_readings - row.n_unreadable
    return of_class.get(code, (0, n_readable - row.unassessed.get(code, 0)))


def closed_readings(study: Study) -> ReadingQuerySet:
    """Return the readings of closed batches that count, with their assignments."""
    readings = Reading.objects.counted().filter(
        assignment__batch__study=study, assignment__batch__closed_at__isnull=False
    )
    return readings.select_related("assignment").in_turn()


def _models_and_references(
    study: Study, exam_ids: Collection[int]
) -> Iterable[tuple[int, CaseKind, Vote]]:
    readings = closed_readings(study).exclude(reader__kind=ReaderKind.PERSON)
    rows = [row for row in readings if row.assignment.exam_id in exam_ids]
    readers = User.objects.filter(pk__in={row.reader_id for row in rows})
    kinds = {pk: KINDS[ReaderKind(kind)] for pk, kind in readers.values_list("pk", "kind")}
    for exam_id, of_exam in votes.counted(votes.translated(study, rows)).items():
        for vote in of_exam:
            yield exam_id, kinds[vote.reader_id], vote


def _judged(vote: Vote, codes: Iterable[str]) -> list[tuple[str, bool]]:
    translation = vote.translation
    if translation is None:
        return []
    left_out = vote.unassessed
    return [(code, code in translation.codes) for code in codes if code not in left_out]


def _is_against(row: Consensus, objection: Objection, of_class: VotesOfClass) -> bool:
    """Whether a model or reference contradicts unanimous readers."""
    n_marked, n_votes = votes_on(row, objection.code, of_class)
    if n_votes < MIN_READINGS or n_marked not in {0, n_votes}:
        return False
    opposite = ClassState.ABSENT if objection.is_marked else ClassState.PRESENT
    return row.state(objection.code) == opposite
