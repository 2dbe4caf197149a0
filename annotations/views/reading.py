"""What a reader sees: their worklist and the reading desk. Nothing here knows other readers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.db.models import Avg, Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import Assignment, Batch, Reading, User
from annotations.payloads import assignment_payload, classes_payload
from annotations.views.access import SignedInRequest, signed_in
from annotations.views.desk_texts import desk_texts
from annotations.views.states import DRAFT, SUBMITTED, state

SECONDS_PER_EXAM = 58
"""What an expert takes for one ECG, until the reader's own pace is known (protocol.md 1)."""

PACE_NEEDS = 5
"""So many readings of one's own make a pace."""


@dataclass(frozen=True, slots=True)
class Pile:
    """A batch as its reader sees it: their own part of it."""

    batch: Batch
    assignments: list[Assignment]
    next: Assignment | None
    n_submitted: int
    n_drafts: int
    minutes_left: int

    @property
    def n_left(self) -> int:
        """How many exams still wait."""
        return len(self.assignments) - self.n_submitted


@never_cache
@signed_in
@require_safe
def worklist(request: SignedInRequest) -> HttpResponse:
    """Show the reader's batches with their own progress, and one button to go on."""
    piles = _piles(request.user)
    waiting = [pile for pile in piles if pile.next]
    context = {
        "next": waiting[0] if waiting else None,
        "piles": waiting + [pile for pile in piles if pile.batch.is_open and not pile.next],
        "closed": [pile for pile in piles if not pile.batch.is_open],
    }
    return render(request, "worklist.html", context)


@never_cache
@signed_in
@require_safe
def desk(request: SignedInRequest, pk: int) -> HttpResponse:
    """Open one of the reader's own assignments at the reading desk."""
    own = Assignment.objects.visible_to(request.user)
    related = own.select_related("exam", "batch__study__taxonomy")
    assignment = get_object_or_404(related, pk=pk)
    context = {
        "page": "reading",
        "assignment": assignment_payload(assignment, request.user),
        "classes": classes_payload(assignment.batch.study.taxonomy),
        "taxonomy": assignment.batch.study.taxonomy,
        "texts": desk_texts(),
    }
    return render(request, "desk/reading.html", context)


def _piles(user: User) -> list[Pile]:
    own = Assignment.objects.visible_to(user).in_reading_order()
    rows = own.select_related("exam", "batch__study").annotate(state=state())
    seconds = _pace_s(user)
    return [
        _pile(list(assignments), seconds)
        for _, assignments in groupby(rows, key=lambda row: row.batch_id)
    ]


def _pile(assignments: list[Assignment], seconds: float) -> Pile:
    batch = assignments[0].batch
    states = [getattr(assignment, "state", "") for assignment in assignments]
    left = [row for row, state in zip(assignments, states, strict=True) if state != SUBMITTED]
    return Pile(
        batch=batch,
        assignments=assignments,
        next=left[0] if left and batch.is_open else None,
        n_submitted=states.count(SUBMITTED),
        n_drafts=states.count(DRAFT),
        minutes_left=max(1, round(len(left) * seconds / 60)),
    )


def _pace_s(user: User) -> float:
    """Return the seconds an exam takes ``user``: their own mean, once it is one."""
    own = Reading.objects.blind().filter(assignment__reader=user, active_ms__gt=0)
    pace = own.aggregate(n=Count("pk"), mean=Avg("active_ms"))
    return pace["mean"] / 1000 if pace["n"] >= PACE_NEEDS else SECONDS_PER_EXAM
