"""Choose who gets which of the exams that are reassigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Sum

from annotations.models import NO_DATA, Assignment, Seat, Study, StudyReader, User
from annotations.services.studies import roster
from ecgreview import design


@dataclass(slots=True)
class Recipient:
    """A reader who may get reassigned exams.

    Attributes:
        excluded_exams: ids of the exams that they must not get: exams of the study that were ever
            assigned to them, exams whose results they know, and those just given to them.
        room: maximum number of exams that they may still get; None: no limit.
        given: assignments taken from the previous reader.
    """

    reader: User
    excluded_exams: set[int]
    room: int | None
    given: list[Assignment] = field(default_factory=list)

    def can_read(self, exam_id: int) -> bool:
        is_full = self.room is not None and len(self.given) >= self.room
        return exam_id not in self.excluded_exams and not is_full


def recipient(study: Study, row: StudyReader, moving: Sequence[Assignment]) -> Recipient:
    """Return the reader in roster row ``row`` as a recipient of the exams of ``moving``."""
    exams = [assignment.exam_id for assignment in moving]
    of_theirs = Assignment.objects.filter(reader=row.user_id, exam__in=exams)
    excluded_exams = set(of_theirs.filter(batch__study=study).values_list("exam", flat=True))
    excluded_exams |= {exam for _, exam in roster.pairs_with_results_seen([row.user_id], exams)}
    return Recipient(row.user, excluded_exams, room(study, row))


def room(study: Study, row: StudyReader) -> int | None:
    """Return how many more exams of the study the reader may get; None: no limit."""
    if row.max_exams is None:
        return None
    seats = Seat.objects.filter(reader=row.user_id, batch__study=study)
    counted = seats.exclude(batch__purpose__in=NO_DATA).aggregate(n=Sum("n_assigned"))
    return max(0, row.max_exams - (counted["n"] or 0))


def deal(study: Study, moving: Sequence[Assignment], recipients: Sequence[Recipient]) -> int:
    """Deal the exams evenly and return how many of them nobody can read.

    Exams that the fewest recipients can read come first. Each goes to the eligible recipient with
    the fewest exams so far.
    """
    able = {
        assignment.pk: [
            recipient
            for recipient in recipients
            if assignment.exam_id not in recipient.excluded_exams
        ]
        for assignment in moving
    }
    n_left = 0
    for assignment in sorted(moving, key=lambda row: (len(able[row.pk]), row.order_key)):
        free = [
            recipient for recipient in able[assignment.pk] if recipient.can_read(assignment.exam_id)
        ]
        if not free:
            n_left += 1
            continue
        fewest = min(
            free,
            key=lambda recipient: (len(recipient.given), _chance(study, recipient, assignment)),
        )
        fewest.given.append(assignment)
        fewest.excluded_exams.add(assignment.exam_id)  # the exam may be in two batches of the study
    return n_left


def _chance(study: Study, recipient: Recipient, assignment: Assignment) -> str:
    return design.key(study.seed, recipient.reader.pk, assignment.exam_id)
