"""Choose who gets which of the exams that are reassigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Sum

from annotations.models import NO_DATA, Assignment, ResultsSeen, Seat, Study, StudyReader, User
from ecgreview import design


@dataclass(slots=True)
class Recipient:
    """A reader who may get reassigned exams.

    Attributes:
        had: ids of the exams that they must not get: exams of the study that were ever assigned to
            them, exams whose results they know, and those just given to them.
        room: maximum number of exams that they may still get; None: no limit.
        given: the assignments of the previous reader whose exams they get.
    """

    reader: User
    had: set[int]
    room: int | None
    given: list[Assignment] = field(default_factory=list)

    def can_read(self, exam_id: int) -> bool:
        is_full = self.room is not None and len(self.given) >= self.room
        return exam_id not in self.had and not is_full


def recipient(study: Study, line: StudyReader, moving: Sequence[Assignment]) -> Recipient:
    """Return the reader in roster row ``line`` as a recipient of the exams of ``moving``."""
    exams = [assignment.exam_id for assignment in moving]
    of_theirs = Assignment.objects.filter(reader=line.user_id, exam__in=exams)
    had = set(of_theirs.filter(batch__study=study).values_list("exam", flat=True))
    results_known = ResultsSeen.objects.known_to([line.user_id])
    results_of_exams = results_known.filter(batch__assignments__exam__in=exams)
    had |= set(results_of_exams.values_list("batch__assignments__exam", flat=True))
    return Recipient(line.user, had, _room(study, line))


def _room(study: Study, line: StudyReader) -> int | None:
    if line.max_exams is None:
        return None
    seats = Seat.objects.filter(reader=line.user_id, batch__study=study)
    counted = seats.exclude(batch__purpose__in=NO_DATA).aggregate(n=Sum("n_assigned"))
    return max(0, line.max_exams - (counted["n"] or 0))


def deal(study: Study, moving: Sequence[Assignment], recipients: Sequence[Recipient]) -> int:
    """Deal the exams evenly and return how many of them nobody can read.

    Exams that the fewest recipients can read come first. Each goes to the eligible recipient with
    the fewest exams so far.
    """
    able = {
        assignment.pk: [
            recipient for recipient in recipients if assignment.exam_id not in recipient.had
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
        fewest.had.add(assignment.exam_id)  # the exam may be in two batches of the study
    return n_left


def _chance(study: Study, recipient: Recipient, assignment: Assignment) -> str:
    return design.key(study.seed, recipient.reader.pk, assignment.exam_id)
