"""The reader's worklist and the reading desk. No query here touches other readers' work."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.desk_payloads import (
    adjudication_payload,
    assignment_payload,
    classes_payload,
    last_payload,
)
from annotations.models import (
    Assignment,
    AssignmentState,
    Batch,
    Draft,
    ErrorType,
    Handout,
    Phase,
    Purpose,
    Reading,
    Seat,
    StudyReader,
    StudyReaderStatus,
    User,
)
from annotations.models.assignment import AssignmentQuerySet
from annotations.services.assignment.guards import is_served
from annotations.services.own_results.results import studies_with_results
from annotations.views.access import SignedInRequest, signed_in
from annotations.views.desk.adjudication_texts import adjudication_texts
from annotations.views.desk.texts import desk_texts
from annotations.views.desk.work_state import work_state
from ecgreview.design import SECONDS_PER_READING

# For readers with fewer readings than this, we assume the published pace.
MIN_READINGS_FOR_PACE = 5
MAX_READINGS_FOR_PACE = 100
"""The pace is the mean active time of at most this many of the reader's latest readings."""

MAX_READ_LISTED = 12
"""How many exams the worklist lists before the reader's position in a batch."""

MAX_WAITING_LISTED = 24
"""How many exams the worklist lists from the reader's position on."""


@dataclass(frozen=True, slots=True)
class WorklistEntry:
    """A reader's part of a batch, as shown on the worklist."""

    batch: Batch
    next: Assignment | None
    n_total: int
    n_submitted: int
    n_drafts: int
    minutes_left: int
    exams: list[Assignment]
    takes_from_pool: bool

    @property
    def n_left(self) -> int:
        return self.n_total - self.n_submitted

    @property
    def is_pooled(self) -> bool:
        """Whether readers take exams one by one from a pool, so the total is unknown."""
        return self.batch.handout == Handout.POOLED

    @property
    def can_continue(self) -> bool:
        return self.next is not None or self.takes_from_pool

    @property
    def has_feedback(self) -> bool:
        """Whether the reader can compare their answers with the reference."""
        is_ready = self.batch.purpose == Purpose.PRACTICE or not self.n_left
        return not self.batch.counts and self.n_submitted > 0 and is_ready

    @property
    def n_not_shown(self) -> int:
        return self.n_total - len(self.exams)


@never_cache
@signed_in
@require_safe
def worklist(request: SignedInRequest) -> HttpResponse:
    """Show the reader's batches with their own progress and a button to continue."""
    entries = _entries(request.user)
    waiting = [entry for entry in entries if entry.can_continue]
    context = {
        "next": waiting[0] if waiting else None,
        "entries": waiting
        + [entry for entry in entries if entry.batch.is_open and not entry.can_continue],
        "closed": [entry for entry in entries if not entry.batch.is_open],
        "withheld": _withheld(request.user),
        "with_results": _with_results(request.user, entries),
    }
    return render(request, "worklist.html", context)


@never_cache
@signed_in
@require_safe
def desk(request: SignedInRequest, pk: int) -> HttpResponse:
    """Open one of the reader's own assignments at the reading desk."""
    own = Assignment.objects.visible_to(request.user)
    related = own.select_related("exam", "batch__study", "batch__taxonomy")
    assignment = get_object_or_404(related, pk=pk)
    if not is_served(assignment, request.user):
        return render(request, "desk/withheld.html", {"assignment": assignment}, status=403)
    if assignment.batch.asks_disputed_classes:
        return _adjudication_desk(request, assignment)
    now = timezone.now()
    context = {
        "page": "reading",
        "assignment": assignment_payload(assignment, request.user, now=now),
        "last": last_payload(request.user, now=now),
        "classes": classes_payload(assignment.batch.taxonomy),
        "taxonomy": assignment.batch.taxonomy,
        "texts": desk_texts(),
    }
    return render(request, "desk/reading.html", context)


def _adjudication_desk(request: SignedInRequest, assignment: Assignment) -> HttpResponse:
    """Show the classes in dispute, and the votes on them if the mode shows them now."""
    context = {
        "page": "reading",
        "assignment": adjudication_payload(assignment, request.user),
        "classes": classes_payload(assignment.batch.taxonomy),
        "texts": adjudication_texts(is_extra=assignment.batch.is_extra),
        "error_types": ErrorType.choices,
    }
    return render(request, "desk/adjudication.html", context)


def _entries(user: User) -> list[WorklistEntry]:
    """Return the batches in which ``user`` has a seat.

    The cost depends on the number of batches, not of exams: seats hold the counts, and an index
    finds the next exam.
    """
    seats = Seat.objects.filter(reader=user, batch__released_at__isnull=False)
    in_open_pool = Q(batch__handout=Handout.POOLED, batch__closed_at=None)
    listed = seats.filter(Q(n_assigned__gt=0) | in_open_pool)
    rows = listed.select_related("batch__study").order_by("batch")
    serving = set(Batch.objects.serving(user).values_list("pk", flat=True))
    drafts = Draft.objects.filter(assignment__reader=user).values_list("assignment__batch")
    n_drafts = dict(drafts.annotate(n=Count("pk")))
    held_back = Assignment.objects.held_back().filter(reader=user).order_by().values_list("batch")
    n_held = dict(held_back.annotate(n=Count("pk")))
    seconds = _pace_s(user)
    return [
        _entry(
            seat,
            user,
            n_drafts=n_drafts.get(seat.batch_id, 0),
            n_held=n_held.get(seat.batch_id, 0),
            seconds=seconds,
            is_served=seat.batch_id in serving,
        )
        for seat in rows
    ]


def _entry(
    seat: Seat, user: User, *, n_drafts: int, n_held: int, seconds: float, is_served: bool
) -> WorklistEntry:
    own = Assignment.objects.visible_to(user).filter(batch=seat.batch_id).in_reading_order()
    annotated = own.annotate(progress=work_state())
    waiting = _waiting(annotated) if seat.batch.is_open else []
    position = waiting[0].position if waiting else 2**31 - 1
    before = annotated.exclude(state=AssignmentState.WAITING, deferred_at__isnull=False)
    read = list(before.filter(position__lt=position).reverse()[:MAX_READ_LISTED]) if waiting else []
    n_left = seat.n_assigned - n_held - seat.n_read
    return WorklistEntry(
        batch=seat.batch,
        next=waiting[0] if waiting and is_served else None,
        n_total=seat.n_assigned - n_held,
        n_submitted=seat.n_read,
        n_drafts=n_drafts,
        minutes_left=max(1, round(n_left * seconds / 60)),
        exams=[*reversed(read), *waiting],
        takes_from_pool=is_served and seat.batch.is_open and seat.batch.handout == Handout.POOLED,
    )


def _waiting(annotated: AssignmentQuerySet) -> list[Assignment]:
    """Return the next waiting assignments in reading order, with skipped exams last."""
    waiting = list(annotated.waiting().filter(deferred_at=None)[:MAX_WAITING_LISTED])
    skipped = annotated.waiting().filter(deferred_at__isnull=False).order_by("deferred_at", "pk")
    return waiting + list(skipped[: MAX_WAITING_LISTED - len(waiting)])


def _withheld(user: User) -> list[StudyReader]:
    """Return the roster rows of open studies in which ``user`` is paused or not qualified yet."""
    lines = StudyReader.objects.filter(user=user, study__phase=Phase.OPEN).select_related("study")
    paused = Q(status=StudyReaderStatus.PAUSED)
    unqualified = Q(
        status=StudyReaderStatus.ACTIVE, study__qualification_required=True, qualified_at=None
    )
    return list(lines.filter(paused | unqualified).order_by("pk"))


def _with_results(user: User, entries: list[WorklistEntry]) -> set[int]:
    """Return the ids of the studies in which ``user`` may see their own results."""
    if any(entry.batch.study.is_settled for entry in entries):
        return studies_with_results(user)
    return set()


def _pace_s(user: User) -> float:
    """Return the mean active time of the latest readings in seconds; if too few, the default."""
    own = Reading.objects.blind().effective().answered().filter(reader=user, active_ms__gt=0)
    latest = own.order_by("-pk").values("active_ms")[:MAX_READINGS_FOR_PACE]
    pace = latest.aggregate(n=Count("active_ms"), mean=Avg("active_ms"))
    return pace["mean"] / 1000 if pace["n"] >= MIN_READINGS_FOR_PACE else SECONDS_PER_READING
