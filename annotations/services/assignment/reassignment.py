"""Reassign a reader's unread exams to others. Submitted readings are not affected."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from annotations import row_security
from annotations.models import (
    Assignment,
    Batch,
    Draft,
    Handout,
    NoticeKind,
    Occurrence,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.models.assignment import AssignmentQuerySet
from annotations.services import audit
from annotations.services.assignment import gold_mixing, handout, recipients
from annotations.services.assignment.handout import Row
from annotations.services.assignment.recipients import Recipient
from annotations.services.notices import delivery
from annotations.services.refusals import Refusal
from annotations.services.studies import lifecycle, protocols, roster
from annotations.services.studies.roster import HasLeft
from ecgreview import design


class NothingWaits(Refusal):
    code = "nothing-waits"


class NoEligibleRecipient(Refusal):
    """None of the chosen readers can read any of these exams.

    Each of them had these exams, knows their results, or has reached their maximum.
    """

    code = "nobody-to-read-them"


class SameReader(Refusal):
    code = "same-reader"


class Paused(Refusal):
    code = "reader-paused"


@dataclass(frozen=True, slots=True)
class Reassignment:
    """The result of a reassignment.

    Attributes:
        n_by_reader: how many exams each new reader got, by user id.
        n_left: exams that were not moved, because none of the new readers can read them.
        n_repeats_dropped: hidden repeats that were dropped, because the washout no longer fits.
    """

    n_by_reader: dict[int, int]
    n_left: int
    n_repeats_dropped: int

    @property
    def n_moved(self) -> int:
        """Number of exams that were reassigned."""
        return sum(self.n_by_reader.values())


def reassignable(
    study: Study, reader: User, *, include_started: bool = False
) -> AssignmentQuerySet:
    """Return the unread first readings of ``reader`` in open data batches that are not pools.

    Leaves out exams with a draft unless ``include_started``. Exams of a pool return to it
    automatically.
    """
    batches = Batch.objects.open().of_data().filter(study=study, handout=Handout.NAMED)
    waiting = Assignment.objects.waiting().filter(reader=reader, batch__in=batches)
    first = waiting.filter(occurrence=Occurrence.FIRST)
    return first if include_started else first.exclude(pk__in=Draft.objects.values("assignment"))


@transaction.atomic
def reassign(
    *,
    study: Study,
    reader: User,
    to: Sequence[User],
    actor: User,
    reason: str,
    now: datetime,
    include_started: bool = False,
    limit: int | None = None,
) -> Reassignment:
    """Distribute unread exams of ``reader`` evenly to others, at the end of their orders.

    Nobody gets an exam that was assigned to them before or whose results they know. With a
    ``limit``, the last exams of the reader's order are moved. A hidden repeat moves together with
    its first reading, unless the new order is too short for the washout.

    Args:
        study: open.
        reader: the reader who loses the exams.
        to: the recipients; they join the roster if needed.
        actor: the coordinator.
        reason: for the audit trail.
        now: time of reassignment.
        include_started: include exams the reader has started; their drafts are kept but not passed
            on.
        limit: maximum number of exams; None: all.

    Raises:
        lifecycle.NotOpen: the study is a draft or locked.
        lifecycle.ReasonMissing: ``reason`` is empty.
        SameReader: ``reader`` is among ``to``.
        NotAReader, LevelTooLow, HasLeft, Paused: a person in ``to`` cannot be given exams.
        NothingWaits: there is nothing to reassign.
        NoEligibleRecipient: none of ``to`` can read any of them.
    """
    # Deadlock: two coordinators who move exams between the same readers would wait for each
    # other's seats, so we lock the study first. Readers never lock it.
    study = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    _refuse(study, reader, to, reason)
    roster.join(study=study, readers=to, actor=actor, now=now)
    rows = active_rows(study, to)
    moving = _locked(reassignable(study, reader, include_started=include_started), limit)
    if not moving:
        raise NothingWaits
    getting = [recipients.recipient(study, row, moving) for row in rows]
    n_left = recipients.deal(study, moving, getting)
    if n_left == len(moving):
        raise NoEligibleRecipient(readers=", ".join(str(reader_to) for reader_to in to))
    moved = [assignment for recipient in getting for assignment in recipient.given]
    gold = _gold_among(reader, moved, include_started=include_started)
    created, n_dropped = _move(study, reader, getting, gold)
    done = Reassignment(
        {recipient.reader.pk: len(recipient.given) for recipient in getting if recipient.given},
        n_left,
        n_dropped,
    )
    audit.record(
        actor=actor, action=audit.Action.ASSIGNMENT_REASSIGNED, study=study, target=reader,
        before={"n_waiting": len(moving)},
        after={"given": {str(pk): n for pk, n in done.n_by_reader.items()}, "n_left": n_left,
               "n_repeats_dropped": n_dropped, "plan": handout.fingerprint(created)},
        reason=reason, now=now,
    )  # fmt: skip
    _notify(study, created, now)
    return done


def _notify(study: Study, created: Iterable[Row], now: datetime) -> None:
    """Tell each recipient how many exams were added to their worklist, gold exams included."""
    n_new = Counter(row.reader_id for row in created if row.occurrence != Occurrence.REPEAT)
    for pk, n_exams in n_new.items():
        data = {"study": study.name, "n_exams": n_exams}
        delivery.notify([pk], NoticeKind.EXAMS_REASSIGNED, data, now=now)


def _refuse(study: Study, reader: User, to: Sequence[User], reason: str) -> None:
    if not study.is_open:
        raise lifecycle.NotOpen
    if not reason.strip():
        raise lifecycle.ReasonMissing
    if reader in to:
        raise SameReader


def active_rows(study: Study, to: Sequence[User]) -> list[StudyReader]:
    """Lock and return the roster rows of ``to``, so that nobody is withdrawn meanwhile.

    Raises:
        HasLeft: a person was withdrawn.
        Paused: a person is paused.
    """
    locked = StudyReader.objects.select_for_update(of=("self",), no_key=True)
    rows = list(locked.filter(study=study, user__in=to).select_related("user").order_by("pk"))
    withdrawn = [str(row.user) for row in rows if row.status == StudyReaderStatus.WITHDRAWN]
    if withdrawn:
        raise HasLeft(readers=", ".join(withdrawn))
    if paused := [str(row.user) for row in rows if row.status == StudyReaderStatus.PAUSED]:
        raise Paused(readers=", ".join(paused))
    return rows


def _locked(waiting: QuerySet[Assignment], limit: int | None) -> list[Assignment]:
    """Lock the last ``limit`` exams of the reader's order and return them, the last one first.

    Rows are locked in the order of their ids, to prevent deadlocks.
    """
    ids = waiting.order_by("-batch", "-position").values_list("pk", flat=True)
    chosen = list(ids if limit is None else ids[:limit])
    locked = Assignment.objects.waiting().select_for_update(of=("self",), no_key=True)
    rows = {row.pk: row for row in locked.filter(pk__in=chosen).order_by("pk")}
    return [rows[pk] for pk in chosen if pk in rows]


def _move(
    study: Study, reader: User, getting: Sequence[Recipient], gold: Sequence[Assignment]
) -> tuple[list[Row], int]:
    """Move the exams to the new orders; return them, and how many hidden repeats were dropped.

    The gold exams of ``reader`` are taken back, and the recipients get others.
    """
    moving = [assignment for recipient in getting for assignment in recipient.given]
    repeats = _repeats(reader, moving)
    taken_back = [row.pk for row in (*moving, *repeats.values(), *gold)]
    roster.take_back(Assignment.objects.filter(pk__in=taken_back))
    with row_security.as_owner():
        draw = gold_mixing.GoldDraw(study, [recipient.reader.pk for recipient in getting])
    created: list[Row] = []
    for recipient in getting:
        room = None if recipient.room is None else recipient.room - len(recipient.given)
        for batch_id, part in _by_batch(recipient.given).items():
            batch = Batch.objects.select_related("study").get(pk=batch_id)
            repeated = {row.exam_id for row in part if row.pk in repeats}
            rows = _appended(batch, recipient.reader, part, repeated)
            fraction = protocols.of_batch(batch).gold_fraction
            with row_security.as_owner():
                at_most = len(rows) if room is None else room
                mixed = draw.mix(rows, fraction, at_most=at_most)
            if room is not None:
                room -= len(mixed) - len(rows)
            handout.assign(batch, mixed)
            created += mixed
    n_kept = sum(row.occurrence == Occurrence.REPEAT for row in created)
    return created, len(repeats) - n_kept


def _gold_among(
    reader: User, moving: Sequence[Assignment], *, include_started: bool
) -> list[Assignment]:
    """Return the unread gold exams of ``reader`` between and after the exams that are moved.

    If they stayed, ``reader`` would be left with mostly gold exams, and could tell them apart.
    """
    first: dict[int, int] = {}
    for row in moving:
        first[row.batch_id] = min(row.position, first.get(row.batch_id, row.position))
    gold = Assignment.objects.waiting().filter(
        reader=reader, batch__in=first, occurrence=Occurrence.GOLD
    )
    if not include_started:
        gold = gold.exclude(pk__in=Draft.objects.values("assignment"))
    return [row for row in gold if row.position > first[row.batch_id]]


def _repeats(reader: User, moving: Sequence[Assignment]) -> dict[int, Assignment]:
    """Return the unread hidden repeats of the exams in ``moving``, by the first assignment's id."""
    first = {(assignment.batch_id, assignment.exam_id): assignment.pk for assignment in moving}
    waiting = Assignment.objects.waiting().filter(
        reader=reader,
        occurrence=Occurrence.REPEAT,
        batch__in={batch for batch, _ in first},
        exam__in={exam for _, exam in first},
    )
    keyed = {(assignment.batch_id, assignment.exam_id): assignment for assignment in waiting}
    return {first[key]: assignment for key, assignment in keyed.items() if key in first}


def _by_batch(assignments: Iterable[Assignment]) -> dict[int, list[Assignment]]:
    by_batch: dict[int, list[Assignment]] = defaultdict(list)
    for assignment in assignments:
        by_batch[assignment.batch_id].append(assignment)
    return dict(sorted(by_batch.items()))


def _appended(
    batch: Batch, reader: User, part: Sequence[Assignment], repeated: set[int]
) -> list[Row]:
    """Return rows that append ``part`` to the order of ``reader``: exams by key, then repeats.

    Repeats whose washout does not fit are left out.
    """
    last = Assignment.objects.filter(batch=batch, reader=reader).aggregate(n=Max("position"))["n"]
    place = last or 0
    exams = sorted(
        (assignment.exam_id for assignment in part),
        key=lambda exam_id: design.key(batch.study.seed, reader.pk, exam_id),
    )
    rows = [Row(reader.pk, exam, place + nth) for nth, exam in enumerate(exams, start=1)]
    place += len(exams)
    washout_exams = protocols.of_batch(batch).washout_exams
    for row in [row for row in rows if row.exam_id in repeated]:
        if place + 1 - row.position > washout_exams:
            place += 1
            rows.append(Row(reader.pk, row.exam_id, place, Occurrence.REPEAT))
    return rows
