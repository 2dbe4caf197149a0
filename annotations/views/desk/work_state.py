"""Annotates assignments with the reader's progress."""

from __future__ import annotations

from django.db.models import Case, CharField, Exists, OuterRef, Value, When

from annotations.models import AssignmentState, Draft, WorkState


def work_state() -> Case:
    """Return a query expression that annotates assignments with their ``WorkState``."""
    draft = Draft.objects.filter(assignment=OuterRef("pk"))
    return Case(
        When(state=AssignmentState.READ, then=Value(WorkState.SUBMITTED)),
        When(Exists(draft), then=Value(WorkState.STARTED)),
        default=Value(WorkState.NOT_STARTED),
        output_field=CharField(),
    )
