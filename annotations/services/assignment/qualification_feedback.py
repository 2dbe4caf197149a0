"""Feedback: a reader's answers next to the reference, after submission."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from annotations import row_security
from annotations.models import (
    NO_DATA,
    Assignment,
    AssignmentState,
    DiagnosticClass,
    Purpose,
    Seat,
    User,
)
from annotations.services.assignment import qualification


class NotEvaluatedYet(Exception):
    """The qualification is not complete, and its answers would help with the remaining exams."""


@dataclass(frozen=True, slots=True)
class Line:
    """One exam of a set, as its reader answered it.

    Attributes:
        hits: classes that the reader and the reference marked.
        missed: classes that only the reference marked.
        extra: classes that only the reader marked.
        is_unreadable: the reader could not read it.
        is_abstained: the reader abstained.
    """

    assignment: Assignment
    hits: list[DiagnosticClass]
    missed: list[DiagnosticClass]
    extra: list[DiagnosticClass]
    is_unreadable: bool
    is_abstained: bool

    @property
    def is_right(self) -> bool:
        """Whether the reader's classes are exactly those of the reference."""
        gave_nothing = self.is_unreadable or self.is_abstained
        return not (self.missed or self.extra or gave_nothing)


def seat_of(*, batch_id: int, reader: User) -> Seat:
    """Return ``reader``'s seat in a set with reference answers.

    Raises:
        Seat.DoesNotExist: there is no such set, it is not released, or they have no seat in it.
    """
    own = Seat.objects.filter(reader=reader, batch__released_at__isnull=False)
    sets = own.filter(batch__purpose__in=NO_DATA, n_assigned__gt=0)
    return sets.select_related("batch__study", "batch__taxonomy").get(batch=batch_id)


@transaction.atomic
def lines(seat: Seat) -> list[Line]:
    """Return the exams of a set that the reader of ``seat`` has read, in the reader's order.

    Practice gives feedback after each exam, a qualification only after the last one.

    Raises:
        NotEvaluatedYet: the qualification has not been evaluated yet.
    """
    if seat.batch.purpose == Purpose.QUALIFICATION and seat.judged_at is None:
        raise NotEvaluatedYet(seat)
    with row_security.as_owner():
        answers = qualification.answers(seat)
        read = Assignment.objects.filter(pk__in=answers, state=AssignmentState.READ)
        assignments = list(read.select_related("exam").order_by("position"))
        classes = list(seat.batch.taxonomy.classes.order_by("position"))
    return [_line(assignment, answers[assignment.pk], classes) for assignment in assignments]


def _line(
    assignment: Assignment, answer: qualification.Answer, classes: list[DiagnosticClass]
) -> Line:
    own_answer, right = answer

    def named(codes: Iterable[str]) -> list[DiagnosticClass]:
        required = set(codes)
        return [item for item in classes if item.code in required]

    own = own_answer or frozenset()
    return Line(
        assignment=assignment,
        hits=named(own & right),
        missed=named(right - own),
        extra=named(own - right),
        is_unreadable=own_answer is None and not assignment.is_abstained,
        is_abstained=assignment.is_abstained,
    )
