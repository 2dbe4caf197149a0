"""The completion matrix: the state of each reader's reading of each exam."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.core.paginator import Page, Paginator
from django.db.models import Count

from annotations.models import Assignment, Batch, Draft, Exam, Occurrence, Seat, User
from annotations.services.blinding import reader_names
from annotations.views.desk.work_state import work_state

EXAMS_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    name: str
    n_assigned: int
    n_submitted: int
    n_drafts: int


@dataclass(frozen=True, slots=True)
class Row:
    """One exam with its state for each reader, in column order; None if not assigned."""

    exam: Exam
    states: list[str | None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The progress of a batch: all readers, and one page of exams."""

    readers: list[ReaderProgress]
    rows: list[Row]
    page: Page[Exam]
    n_assigned: int
    n_submitted: int

    @property
    def n_left(self) -> int:
        return self.n_assigned - self.n_submitted


def matrix(batch: Batch, user: User, page_number: str | None) -> Matrix:
    """Return the progress of ``batch``. The caller must check that ``user`` may see it."""
    names = reader_names.names_in_batch(batch, user)
    progress = _progress(batch, names)
    listed = Assignment.objects.filter(batch=batch, occurrence=Occurrence.FIRST)
    exams = Exam.objects.filter(pk__in=listed.values("exam")).order_by("code")
    page = Paginator(exams, EXAMS_PER_PAGE).get_page(page_number)
    return Matrix(
        readers=progress,
        rows=_rows(batch, list(page.object_list), list(names)),
        page=page,
        n_assigned=sum(reader.n_assigned for reader in progress),
        n_submitted=sum(reader.n_submitted for reader in progress),
    )


def _progress(batch: Batch, names: dict[int, str]) -> list[ReaderProgress]:
    seats = {seat.reader_id: seat for seat in Seat.objects.filter(batch=batch)}
    drafts = Draft.objects.filter(assignment__batch=batch).values_list("assignment__reader")
    n_drafts = dict(drafts.annotate(n=Count("pk")))
    return [
        ReaderProgress(
            name=name,
            n_assigned=seats[pk].n_assigned,
            n_submitted=seats[pk].n_read,
            n_drafts=n_drafts.get(pk, 0),
        )
        for pk, name in names.items()
    ]


def _rows(batch: Batch, exams: list[Exam], readers: list[int]) -> list[Row]:
    assignments = Assignment.objects.filter(
        batch=batch, exam__in=exams, occurrence=Occurrence.FIRST
    )
    with_state = assignments.annotate(progress=work_state()).order_by("exam_id")
    cells = with_state.values_list("exam_id", "reader_id", "progress")
    by_exam = {
        exam: {reader: state for _, reader, state in group}
        for exam, group in groupby(cells, key=lambda cell: cell[0])
    }
    return [Row(exam, [by_exam[exam.pk].get(reader) for reader in readers]) for exam in exams]
