"""Qualification and practice: sets of exams with reference answers.

Readings of a set are compared with the reference only after they were submitted, and never enter
agreement, consensus or an export. ADR 21 explains why the pass mark refers to the micro-F1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction

from annotations import row_security
from annotations.models import (
    NO_DATA,
    Assignment,
    Batch,
    Exam,
    NoticeKind,
    Purpose,
    Reading,
    Reference,
    Seat,
    Study,
    StudyReader,
    Taxonomy,
    User,
)
from annotations.services import audit
from annotations.services.assignment import batches
from annotations.services.notices import delivery
from annotations.services.refusals import Refusal
from annotations.services.studies import protocols
from ecgreview.agreement.accuracy import reference

ROWS_AT_ONCE = 2000

# The classes that the reader marked in an exam, and those of the reference. The first is None if
# the reader called the exam unreadable or abstained. Classes marked not assessable are left out.
Answer = tuple[frozenset[str] | None, frozenset[str]]


class NoQualification(ValueError):
    """A set with reference answers can only be used for qualification or practice."""


class UnknownExams(Refusal):
    code = "unknown-exams"


class UnknownClasses(Refusal):
    code = "unknown-reference-classes"


class ContradictoryReference(Refusal):
    code = "contradictory-reference"


class KnowsAnswers(Refusal):
    code = "knows-answers"


class SeenBefore(Refusal):
    code = "seen-before"


@transaction.atomic
def make(
    *,
    study: Study,
    name: str,
    references: Mapping[str, Collection[str]],
    readers: Sequence[User],
    created_by: User,
    now: datetime,
    purpose: str = Purpose.QUALIFICATION,
    due_on: date | None = None,
) -> Batch:
    """Create and release a set in which every reader reads every exam.

    Args:
        study: open.
        name: of the batch, unique in the study.
        references: class codes by exam code; the codes of an exam may be empty.
        readers: who read the set; the order of the exams differs between them.
        created_by: the coordinator.
        now: time of creation.
        purpose: ``Purpose.QUALIFICATION`` or ``Purpose.PRACTICE``.
        due_on: due date, or None.

    Raises:
        NoQualification: another purpose.
        UnknownExams, UnknownClasses: ``references`` contains codes that do not exist.
        ContradictoryReference: the reference of an exam has an exclusive class and others.
        KnowsAnswers: ``created_by`` is one of ``readers``.
        SeenBefore: a reader of a qualification has read one of the exams before.
        And everything ``batches.create`` raises.
    """
    if purpose not in NO_DATA:
        raise NoQualification(purpose)
    if created_by in readers:
        raise KnowsAnswers(reader=str(created_by))
    exams = exams_of(references)
    refuse_contradictions(study.taxonomy, references)
    if purpose == Purpose.QUALIFICATION:
        _refuse_earlier_readers(readers, exams.values())
    batch = batches.create(
        study=study, name=name, exams=list(exams.values()), readers=readers,
        created_by=created_by, now=now, purpose=purpose, due_on=due_on,
    )  # fmt: skip
    Reference.objects.bulk_create(
        (
            Reference(batch=batch, exam=exams[code], codes=sorted(set(classes)))
            for code, classes in references.items()
        ),
        batch_size=ROWS_AT_ONCE,
    )
    return batch


def settle(assignment: Assignment, *, now: datetime) -> None:
    """Evaluate a reader's qualification if ``assignment`` was the last exam they had to read.

    Race: if the reader's roster row is locked by a change of status, ``evaluate_next`` does it
        later.
    """
    if assignment.batch.purpose != Purpose.QUALIFICATION:
        return
    with row_security.as_owner():
        seats = Seat.objects.to_evaluate().filter(
            batch=assignment.batch_id, reader=assignment.reader_id
        )
        _evaluate_first_of(seats.values_list("pk", flat=True), now)


def evaluate_next(*, now: datetime) -> bool:
    """Evaluate one qualification that its reader has completed; return False when there is none."""
    with transaction.atomic():
        return _evaluate_first_of(Seat.objects.to_evaluate().values_list("pk", flat=True), now)


def answers(seat: Seat) -> dict[int, Answer]:
    """Return the reader's answer and the reference for each exam of a set, by assignment id.

    Leaves out exams that were not read. Call it as the owner of the tables: other database roles
    may not read references.
    """
    own = (
        Reading.objects.blind()
        .effective()
        .filter(assignment__batch=seat.batch_id, assignment__reader=seat.reader_id)
    )
    right = dict(Reference.objects.filter(batch=seat.batch_id).values_list("exam", "codes"))
    codes: dict[int, set[str]] = defaultdict(set)
    for pk, code in own.values_list("pk", "findings__diagnostic_class__code"):
        codes[pk] |= {code} if code else set()
    return {
        reading.assignment_id: (
            frozenset(codes[reading.pk]) if reading.is_readable and reading.is_answered else None,
            frozenset(right.get(reading.assignment.exam_id, ())),
        )
        for reading in own.select_related("assignment")
    }


def pass_mark(batch: Batch) -> float:
    """Return the micro-F1 needed to pass, from the protocol of the batch."""
    return protocols.of_batch(batch).qualification.pass_mark


def _evaluate_first_of(ids: Iterable[int], now: datetime) -> bool:
    """Evaluate the first of these seats that isn't locked and whose roster row isn't locked either.

    Returns False if there is no such seat.
    """
    seats = Seat.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    rows = StudyReader.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    for pk in list(ids):
        unevaluated = seats.to_evaluate().select_related("batch__study", "reader")
        seat = unevaluated.filter(pk=pk).first()
        if seat is None:
            continue
        row = rows.filter(study=seat.batch.study, user=seat.reader).first()
        if row is not None:
            _evaluate(seat, row, now)
            return True
    return False


def _evaluate(seat: Seat, row: StudyReader, now: datetime) -> None:
    comparison = reference.compare(answers(seat).values())
    mark = pass_mark(seat.batch)
    seat.judged_at = now
    seat.right_share, seat.micro_f1 = comparison.right_share, comparison.micro_f1
    seat.is_passed = comparison.micro_f1 >= mark
    seat.save(update_fields=["judged_at", "right_share", "micro_f1", "is_passed"])
    if seat.is_passed and row.qualified_at is None:
        row.qualified_at = now
        row.save(update_fields=["qualified_at"])
    _record_result(seat, mark, now)


def _record_result(seat: Seat, mark: float, now: datetime) -> None:
    """Record the result and notify the reader."""
    study, is_passed = seat.batch.study, bool(seat.is_passed)
    audit.record(
        actor=None,
        action=audit.Action.READER_QUALIFIED if is_passed else audit.Action.READER_FAILED,
        study=study, target=seat.reader,
        after={"batch": seat.batch_id, "micro_f1": seat.micro_f1,
               "right_share": seat.right_share, "pass_mark": mark},
        now=now,
    )  # fmt: skip
    kind = NoticeKind.QUALIFICATION_PASSED if is_passed else NoticeKind.QUALIFICATION_FAILED
    data = {"study": study.name, "batch": seat.batch.name, "batch_id": seat.batch_id}
    delivery.notify([seat.reader_id], kind, data, now=now)


def exams_of(references: Mapping[str, object]) -> dict[str, Exam]:
    """Return the exams that ``references`` names, by code.

    Raises:
        UnknownExams: an exam does not exist.
    """
    exams = {exam.code: exam for exam in Exam.objects.filter(code__in=list(references))}
    if unknown := sorted(set(references) - exams.keys()):
        raise UnknownExams(exams=", ".join(unknown))
    return exams


def refuse_contradictions(taxonomy: Taxonomy, references: Mapping[str, Collection[str]]) -> None:
    """Raise unless each reference is a valid answer in ``taxonomy``.

    Raises:
        UnknownClasses: a class is not in ``taxonomy``.
        ContradictoryReference: an exam has an exclusive class and others.
    """
    is_exclusive = dict(taxonomy.classes.values_list("code", "is_exclusive"))
    if unknown := sorted(
        {code for codes in references.values() for code in codes} - {*is_exclusive}
    ):
        raise UnknownClasses(codes=", ".join(unknown))
    wrong = [
        exam
        for exam, codes in references.items()
        if len(set(codes)) > 1 and any(is_exclusive[code] for code in codes)
    ]
    if wrong:
        raise ContradictoryReference(exams=", ".join(sorted(wrong)))


def _refuse_earlier_readers(readers: Sequence[User], exams: Iterable[Exam]) -> None:
    readings = Reading.objects.filter(reader__in=readers, assignment__exam__in=list(exams))
    if names := sorted({str(reading.reader) for reading in readings.select_related("reader")}):
        raise SeenBefore(readers=", ".join(names))
