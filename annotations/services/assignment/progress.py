"""The progress of a study: readings submitted, left and missing, and the pace. No labels."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from annotations.models import (
    Assignment,
    AssignmentState,
    Batch,
    Handout,
    Occurrence,
    Purpose,
    ReaderKind,
    Seat,
    Slot,
    Study,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.services.assignment import past_assignments, required_readings
from annotations.services.studies import reading_log
from annotations.services.studies.reading_log import Record
from ecgreview import monitoring
from ecgreview.monitoring import haste as quality_haste
from ecgreview.monitoring import pace as quality_pace

# After a week without a reading while exams wait, the coordinator should get in touch.
IDLE_DAYS = 7


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """The progress of one reader.

    Attributes:
        n_assigned, n_read: in released data batches, including hidden repeats.
        n_abstained: exams they abstained from; not included in ``n_read``.
        n_left: unread in open batches.
        n_missing: unread in closed batches.
        n_held: how many of ``n_left`` are hidden repeats that they cannot read yet.
        n_overdue: how many of the rest of ``n_left`` are in batches past their due date.
        n_lapsed: exams they took from a pool and did not read before the lease expired.
        idle_days: days since their last reading, or since they could start if that is later; None
            if no exam waits for them or they are not active.
        finish_on: predicted day on which they will have read everything, at their pace; today if
            nothing is left. None if they will never finish at this pace, or if nothing is left but
            readings are missing.
    """

    user: User
    status: str
    n_assigned: int
    n_read: int
    n_abstained: int
    n_left: int
    n_missing: int
    n_held: int
    n_overdue: int
    n_lapsed: int
    pace: monitoring.Pace
    idle_days: int | None
    finish_on: date | None
    haste: monitoring.Haste
    run: monitoring.Run

    @property
    def is_idle(self) -> bool:
        """Whether the coordinator should get in touch."""
        return self.idle_days is not None and self.idle_days >= IDLE_DAYS

    @property
    def is_flagged(self) -> bool:
        """Whether too many readings were very short, or too many in a row were identical."""
        return self.haste.is_flagged or self.run.is_flagged


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """The progress of one released batch.

    Attributes:
        n_wanted, n_read: readings needed and submitted. ``n_read`` may be larger in a pool, because
            late readings are kept.
        n_abstained: exams whose readers abstained; a pool gives them to others.
        n_left: readings still expected; 0 when the batch is closed.
        n_missing: readings that will never be submitted, because the batch is closed or the reader
            abstained.
        n_unread: ``n_missing`` without abstentions.
        finish_on: predicted day on which nothing will be left; today if nothing is left. None if
            that will never happen at this pace, or if nothing is left but readings are missing.
    """

    batch: Batch
    n_wanted: int
    n_read: int
    n_abstained: int
    n_left: int
    n_missing: int
    n_unread: int
    is_overdue: bool
    finish_on: date | None


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a study.

    Attributes:
        days: (day, number of readings) in ascending order, without days that have no readings.
        n_missing: readings that will never be submitted: those unread in closed batches, and those
            of exams that lost a reader to withdrawal or abstention and were given to nobody else.
        per_day: readings per day of all active readers together.
        n_stalled: active readers with exams left and no reading in the last 14 days.
        finish_on: predicted day on which nothing will be left; today if nothing is left. None if
            that will never happen at this pace, or if nothing is left but readings are missing.
    """

    readers: list[ReaderProgress]
    batches: list[BatchProgress]
    days: list[tuple[date, int]]
    n_wanted: int
    n_read: int
    n_abstained: int
    n_left: int
    n_missing: int
    per_day: float
    n_stalled: int
    finish_on: date | None


def of_study(*, study: Study, now: datetime) -> Progress:
    """Return the progress of ``study``. Show it only to people who do not read in the study."""
    batches = _batches(study)
    seats = list(Seat.objects.filter(batch__in=[batch.pk for batch in batches]))
    records = reading_log.of_batches(batches)
    held_back = _held_back(study)
    lapsed, abstained = _not_read(study)
    lines = StudyReader.objects.filter(study=study).select_related("user").order_by("pk")
    of_reader = _grouped(seats)
    by_id = {batch.pk: batch for batch in batches}
    readers = [
        _reader(
            line,
            [
                _Share(seat, by_id[seat.batch_id], held_back, abstained)
                for seat in of_reader[line.user_id]
            ],
            records[line.user_id],
            lapsed[line.user_id],
            now,
        )
        for line in lines
    ]
    batch_progress = _batch_progress(
        batches, seats, {reader.user.pk: reader for reader in readers}, abstained, now
    )
    return _study_progress(
        readers, batch_progress, records.values(), _n_without_reader(study, batches), now
    )


def _batches(study: Study) -> list[Batch]:
    slots = Slot.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
    released = (
        study.batches.of_data()
        .released()
        .annotate(n_slots=Coalesce(Subquery(slots.values(n=Count("pk"))), 0))
    )
    return list(released.order_by("pk"))


def _not_read(study: Study) -> tuple[Counter[int], Counter[tuple[int, int]]]:
    """Return how many leases of each reader lapsed, and how many exams they abstained from.

    The latter are counted by batch and reader.
    """
    is_lapsed, is_abstained = Q(state=AssignmentState.LAPSED), Q(is_abstained=True)
    rows = Assignment.objects.filter(is_lapsed | is_abstained, batch__study=study).order_by()
    lapsed: Counter[int] = Counter()
    abstained: Counter[tuple[int, int]] = Counter()
    for batch, reader, n_lapsed, n_abstained in rows.values_list("batch_id", "reader_id").annotate(
        n_lapsed=Count("pk", filter=is_lapsed), n_abstained=Count("pk", filter=is_abstained)
    ):
        lapsed[reader] += n_lapsed
        abstained[batch, reader] += n_abstained
    return lapsed, abstained


def _held_back(study: Study) -> Counter[tuple[int, int]]:
    """Return the numbers of hidden repeats that are still held back, by batch and reader."""
    held_back = Assignment.objects.filter(batch__study=study).held_back().order_by()
    rows = held_back.values_list("batch_id", "reader_id").annotate(n=Count("pk"))
    return Counter({(batch, reader): n for batch, reader, n in rows})


def _n_without_reader(study: Study, batches: Sequence[Batch]) -> int:
    """Return how many readings required by the protocol have no reader.

    Pools are not counted: they give returned exams to other readers.
    """
    named = [
        batch
        for batch in batches
        if batch.handout == Handout.NAMED and batch.purpose == Purpose.DATA
    ]
    assigned = Assignment.objects.filter(
        batch__in=named, occurrence=Occurrence.FIRST, reader__kind=ReaderKind.PERSON
    )
    in_effect = past_assignments.in_effect(assigned).order_by().values_list("exam")
    n_given = dict(in_effect.annotate(n=Count("reader", distinct=True)))
    required = required_readings.by_exam(study, named)
    return sum(max(n - n_given.get(exam_id, 0), 0) for exam_id, n in required.items())


def _grouped(seats: Iterable[Seat]) -> defaultdict[int, list[Seat]]:
    by_reader: defaultdict[int, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_reader[seat.reader_id].append(seat)
    return by_reader


class _Share:
    """A reader's part of one batch."""

    def __init__(
        self,
        seat: Seat,
        batch: Batch,
        held_back: Counter[tuple[int, int]],
        abstained: Counter[tuple[int, int]],
    ) -> None:
        self.n_abstained = abstained[seat.batch_id, seat.reader_id]
        self.seat, self.batch = seat, batch
        n_unread = seat.n_assigned - seat.n_read
        self.n_left = n_unread if batch.is_open else 0
        self.n_missing = 0 if batch.is_open else n_unread
        self.n_held = held_back[seat.batch_id, seat.reader_id] if batch.is_open else 0


def _reader(
    line: StudyReader, shares: Sequence[_Share], record: Record, n_lapsed: int, now: datetime
) -> ReaderProgress:
    is_active = line.status == StudyReaderStatus.ACTIVE
    n_left, n_held = sum(share.n_left for share in shares), sum(share.n_held for share in shares)
    n_abstained = sum(share.n_abstained for share in shares)
    late = [share.n_left - share.n_held for share in shares if _is_overdue(share.batch, now)]
    since = _since(line, [share.batch for share in shares], now)
    pace = quality_pace(record.times, record.active_ms, since=since, now=now)
    idle = max((now - max(pace.last_at or since, since)).days, 0)
    n_missing = sum(share.n_missing for share in shares)
    finish_on = monitoring.finish_on(n_left, pace.per_day if is_active else 0, today=now.date())
    return ReaderProgress(
        user=line.user,
        status=line.status,
        n_assigned=sum(share.seat.n_assigned for share in shares),
        n_read=sum(share.seat.n_read for share in shares) - n_abstained,
        n_abstained=n_abstained,
        n_left=n_left,
        n_missing=n_missing,
        n_held=n_held,
        n_overdue=sum(late),
        n_lapsed=n_lapsed,
        pace=pace,
        idle_days=idle if n_left > n_held and is_active else None,
        finish_on=_unless_missing(finish_on, n_left, n_missing),
        haste=quality_haste(record.active_ms),
        run=monitoring.least_likely_run(record.answers),
    )


def _unless_missing(finish_on: date | None, n_left: int, n_missing: int) -> date | None:
    """Return ``finish_on``, or None when reading is over and readings are missing."""
    return finish_on if n_left or not n_missing else None


def _since(line: StudyReader, batches: Sequence[Batch], now: datetime) -> datetime:
    """Return when a reader could start: at the first release, or after a later change of status."""
    released = [batch.released_at for batch in batches if batch.released_at is not None]
    return max(min(released, default=now), line.status_since)


def _is_overdue(batch: Batch, now: datetime) -> bool:
    return batch.is_open and batch.due_on is not None and batch.due_on < now.date()


def _batch_progress(
    batches: Sequence[Batch],
    seats: Sequence[Seat],
    readers: Mapping[int, ReaderProgress],
    abstained: Counter[tuple[int, int]],
    now: datetime,
) -> list[BatchProgress]:
    """Return the progress of the batches, assuming that readers read the earlier ones first."""
    ahead: Counter[int] = Counter()
    progress = []
    for batch in batches:
        own = [seat for seat in seats if seat.batch_id == batch.pk]
        n_left_by_reader = {
            seat.reader_id: seat.n_assigned - seat.n_read for seat in own if batch.is_open
        }
        ahead.update(n_left_by_reader)
        n_slots: int = getattr(batch, "n_slots", 0)
        n_wanted = n_slots or sum(seat.n_assigned for seat in own)
        n_abstained = sum(abstained[batch.pk, seat.reader_id] for seat in own)
        n_read = sum(seat.n_read for seat in own) - n_abstained
        # After an abstention, a pool gives the exam to another reader; other batches do not.
        n_done = n_read if n_slots else n_read + n_abstained
        n_left = max(n_wanted - n_done, 0) if batch.is_open else 0
        n_missing = max(n_wanted - n_read - n_left, 0)
        behind = {reader: ahead[reader] for reader, n in n_left_by_reader.items() if n}
        finish_on = (
            _pooled(n_left, own, readers, now)
            if n_slots
            else _latest(_days(behind, readers, now), now)
        )
        progress.append(
            BatchProgress(
                batch=batch,
                n_wanted=n_wanted,
                n_read=n_read,
                n_abstained=n_abstained,
                n_left=n_left,
                n_missing=n_missing,
                n_unread=n_missing if n_slots else max(n_missing - n_abstained, 0),
                is_overdue=bool(n_left) and _is_overdue(batch, now),
                finish_on=_unless_missing(finish_on, n_left, n_missing),
            )
        )
    return progress


def _pooled(
    n_left: int, seats: Sequence[Seat], readers: Mapping[int, ReaderProgress], now: datetime
) -> date | None:
    """Return the predicted day on which the readers of a pool will have read all of it together."""
    together = sum(_per_day(readers.get(seat.reader_id)) for seat in seats)
    return monitoring.finish_on(n_left, together, today=now.date())


def _days(
    n_left: Mapping[int, int], readers: Mapping[int, ReaderProgress], now: datetime
) -> list[date | None]:
    return [
        monitoring.finish_on(n, _per_day(readers.get(reader)), today=now.date())
        for reader, n in n_left.items()
    ]


def _per_day(reader: ReaderProgress | None) -> float:
    if reader is None or reader.status != StudyReaderStatus.ACTIVE:
        return 0.0
    return reader.pace.per_day


def _latest(days: Iterable[date | None], now: datetime) -> date | None:
    """Return the last of ``days``; today if there are none; None if one of them is None (never)."""
    all_days = list(days)
    known_days = [day for day in all_days if day is not None]
    return max(known_days, default=now.date()) if len(known_days) == len(all_days) else None


def _study_progress(
    readers: list[ReaderProgress],
    batches: list[BatchProgress],
    records: Iterable[Record],
    n_without_reader: int,
    now: datetime,
) -> Progress:
    counts = Counter(time.date() for record in records for time in record.times)
    stalled = [
        item for item in readers
        if item.n_left and item.status == StudyReaderStatus.ACTIVE and not item.pace.per_day
    ]  # fmt: skip
    n_left = sum(batch.n_left for batch in batches)
    n_missing = n_without_reader + sum(batch.n_unread for batch in batches)
    finish_on = _latest((item.finish_on for item in batches if item.n_left), now)
    return Progress(
        readers=readers,
        batches=batches,
        days=sorted(counts.items()),
        n_wanted=sum(batch.n_wanted for batch in batches),
        n_read=sum(batch.n_read for batch in batches),
        n_abstained=sum(batch.n_abstained for batch in batches),
        n_left=n_left,
        n_missing=n_missing,
        per_day=sum(_per_day(item) for item in readers),
        n_stalled=len(stalled),
        finish_on=_unless_missing(finish_on, n_left, n_missing),
    )
