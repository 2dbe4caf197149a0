"""Rereading: after a class is split, readers reread the exams that this leaves open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from annotations.models import (
    Batch,
    Purpose,
    Reading,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.services.assignment import batches
from annotations.services.assignment.handout import Row
from annotations.services.reading import votes
from annotations.services.refusals import Refusal
from ecgreview import design


class NothingToReread(Refusal):
    code = "nothing-to-reread"


def queue(study: Study) -> dict[int, list[int]]:
    """Return for each reader the exams they have to read again because a class was split.

    Raises:
        mappings.NoMapping: see ``votes.translated``.
    """
    rows = Reading.objects.counted().filter(assignment__batch__study=study)
    rows = rows.select_related("assignment").in_turn()
    counting = votes.counted(votes.translated(study, rows))
    waiting: dict[int, list[int]] = defaultdict(list)
    for exam_id, exam_votes in sorted(counting.items()):
        for vote in exam_votes:
            if vote.is_open:
                waiting[vote.reader_id].append(exam_id)
    return dict(waiting)


@transaction.atomic
def make(
    *, study: Study, name: str, created_by: User, now: datetime, due_on: date | None = None
) -> Batch:
    """Create an unreleased batch in which each reader rereads the exams of their ``queue``.

    Leaves out exams that already wait in such a batch, and readers who were withdrawn; the exams of
    those readers stay in the queue.

    Raises:
        NothingToReread: there is nothing to read again.
        mappings.NoMapping: see ``votes.translated``.
    """
    still_here = StudyReader.objects.filter(study=study).exclude(status=StudyReaderStatus.WITHDRAWN)
    readers = set(still_here.values_list("user", flat=True))
    unresolved = queue(study)
    waiting = set(
        Batch.objects.open()
        .filter(study=study, purpose=Purpose.REREAD, taxonomy=study.taxonomy)
        .values_list("assignments__reader", "assignments__exam")
    )
    rows = [
        Row(reader_id, exam_id, place)
        for reader_id in sorted(readers & unresolved.keys())
        for place, exam_id in enumerate(
            _in_order(study, reader_id, unresolved[reader_id], waiting), start=1
        )
    ]
    if not rows:
        raise NothingToReread
    return batches.make(
        study=study, name=name, rows=rows, created_by=created_by, now=now,
        purpose=Purpose.REREAD, due_on=due_on,
    )  # fmt: skip


def _in_order(
    study: Study, reader_id: int, exam_ids: Iterable[int], waiting: set[tuple[int, int]]
) -> list[int]:
    new = [exam_id for exam_id in exam_ids if (reader_id, exam_id) not in waiting]
    return sorted(new, key=lambda exam_id: design.key(study.seed, reader_id, exam_id))
