"""How well each reader's answers match the references of their hidden gold exams."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from annotations import row_security
from annotations.models import (
    Assignment,
    AssignmentState,
    Exam,
    Occurrence,
    Reading,
    ReadingOutcome,
    Study,
    User,
)
from annotations.models.reading import ReadingQuerySet
from annotations.services.reading import votes
from ecgreview.agreement.accuracy import reference
from ecgreview.agreement.accuracy.reference import Accuracy


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """A reader's answer for a gold exam, in the classes in force.

    Classes that the reader could not assess, or was not asked about, are in none of the sets.

    Attributes:
        hits: codes that the reader and the reference have.
        missed: codes that only the reference has.
        extra: codes that only the reader marked.
        is_readable: False if the reader could not read the exam.
    """

    reading: Reading
    exam: Exam
    hits: frozenset[str]
    missed: frozenset[str]
    extra: frozenset[str]
    is_readable: bool

    @property
    def is_right(self) -> bool:
        return self.is_readable and not (self.missed or self.extra)

    @property
    def compared(self) -> tuple[frozenset[str] | None, frozenset[str]]:
        """The sets of the reader and of the reference, for ``reference.compare``."""
        return self.hits | self.extra if self.is_readable else None, self.hits | self.missed


@dataclass(frozen=True, slots=True)
class ReaderGold:
    """The gold exams of one reader.

    Attributes:
        n_given: gold exams assigned so far, read or not.
        n_all: all exams assigned in the data batches that may have gold exams, these included.
        n_abstained: gold exams from which they abstained; not compared.
        n_outdated: gold exams they read whose reference has classes that are no longer in force;
            not compared.
        answers: their answers, in the order of submission.
        accuracy: None if nothing can be compared.
    """

    reader: User
    n_given: int
    n_all: int
    n_abstained: int
    n_outdated: int
    answers: tuple[GoldAnswer, ...]
    accuracy: Accuracy | None

    @property
    def share(self) -> float | None:
        """The share of gold exams among all exams assigned to them."""
        return self.n_given / self.n_all if self.n_all else None

    @property
    def wrong(self) -> list[GoldAnswer]:
        """The answers that differ from the reference."""
        return [answer for answer in self.answers if not answer.is_right]


def of_study(study: Study) -> list[ReaderGold]:
    """Return the gold exams of each reader of ``study``.

    The caller must have checked that the user may see them: open batches are included.

    Raises:
        mappings.NoMapping: see ``votes.translated``.
    """
    with row_security.as_owner():
        readers = User.objects.filter(study_readers__study=study).order_by("pk")
        return _of_readers(study, list(readers))


def _of_readers(study: Study, readers: Sequence[User]) -> list[ReaderGold]:
    given, n_all = _assigned(study)
    answers, outdated, abstained = _answers(study)
    return [
        ReaderGold(
            reader=reader,
            n_given=given[reader.pk],
            n_all=n_all[reader.pk],
            n_abstained=abstained[reader.pk],
            n_outdated=outdated[reader.pk],
            answers=tuple(answers[reader.pk]),
            accuracy=accuracy_of(answers[reader.pk]),
        )
        for reader in readers
    ]


def accuracy_of(answers: Iterable[GoldAnswer]) -> Accuracy | None:
    """Return the accuracy of ``answers``; None if there are none."""
    compared = [answer.compared for answer in answers]
    return reference.accuracy(reference.compare(compared)) if compared else None


def answers_in(study: Study, readings: ReadingQuerySet) -> tuple[list[GoldAnswer], Counter[int]]:
    """Compare ``readings`` of gold exams with their references.

    Returns:
        The answers in the order of ``readings``, and the number of outdated references by reader.
    """
    rows = list(readings.answered().select_related("assignment__exam", "assignment__batch"))
    right = dict(study.gold_exams.values_list("exam", "codes"))
    known = set(study.taxonomy.classes.values_list("code", flat=True))
    answers, outdated = [], Counter[int]()
    for row, vote in zip(rows, votes.translated(study, rows), strict=True):
        codes = frozenset(right[row.assignment.exam_id])
        if codes <= known:
            answers.append(_answer(row, vote, codes))
        else:
            outdated[row.reader_id] += 1
    return answers, outdated


def answers_of(study: Study, reader: User) -> list[GoldAnswer]:
    """Return the answers of ``reader`` in the order of submission; see ``of_study``."""
    answers, _ = answers_in(study, gold_readings(study).filter(reader=reader))
    return answers


def gold_readings(study: Study) -> ReadingQuerySet:
    """Return the readings in effect of gold exams of ``study``, in the order of submission."""
    of_gold = (
        Reading.objects.blind()
        .effective()
        .filter(assignment__batch__study=study, assignment__occurrence=Occurrence.GOLD)
    )
    return of_gold.order_by("submitted_at", "pk")


def _answers(
    study: Study,
) -> tuple[Mapping[int, list[GoldAnswer]], Counter[int], Counter[int]]:
    """Return the answers by reader, and the numbers of outdated references and abstentions."""
    readings = gold_readings(study)
    compared, outdated = answers_in(study, readings)
    by_reader: dict[int, list[GoldAnswer]] = defaultdict(list)
    for answer in compared:
        by_reader[answer.reading.reader_id].append(answer)
    abstained = readings.filter(outcome=ReadingOutcome.ABSTAINED)
    return by_reader, outdated, Counter(abstained.values_list("reader_id", flat=True))


def _assigned(study: Study) -> tuple[Counter[int], Counter[int]]:
    """Return the numbers of gold exams and of all exams assigned to each reader."""
    batches = Assignment.objects.filter(occurrence=Occurrence.GOLD, batch__study=study)
    assigned = Assignment.objects.filter(batch__in=batches.values("batch"))
    kept = assigned.exclude(state=AssignmentState.WITHDRAWN).values_list("reader_id", "occurrence")
    given, n_all = Counter[int](), Counter[int]()
    for reader, occurrence in kept:
        n_all[reader] += 1
        given[reader] += occurrence == Occurrence.GOLD
    return given, n_all


def _answer(row: Reading, vote: votes.Vote, right: frozenset[str]) -> GoldAnswer:
    translation = vote.translation
    if translation is None:
        return GoldAnswer(row, row.assignment.exam, frozenset(), right, frozenset(), False)
    own, right = translation.codes - vote.unassessed, right - vote.unassessed
    return GoldAnswer(row, row.assignment.exam, own & right, right - own, own - right, True)
