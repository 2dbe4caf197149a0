"""How a study was conducted, for its written report: from what was recorded, not from the plan."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, TypedDict

import numpy as np
from django.db.models import Count, F, OuterRef, QuerySet, Subquery

from annotations.models import (
    AuditEvent,
    Exam,
    Exposure,
    Occurrence,
    ReaderKind,
    Reading,
    Study,
)
from annotations.models.assignment import Assignment
from annotations.models.batch import BatchQuerySet
from annotations.services import audit
from ecgreview.report_writing import Display, Draw, Selection, Spread, Tally

MAX_DISPLAYS = 6
"""Ways of displaying a tracing that are listed one by one, the commonest first."""

_DISPLAY = ("arrangement", "rhythm", "speedMmPerS", "gainMmPerMv", "filter")


class Displays(TypedDict):
    """Of ``writing.Counts``: how tracings were displayed."""

    displays: tuple[Display, ...]
    display_other: int
    display_unknown: int


class Repeats(TypedDict):
    """Of ``writing.Counts``: hidden repeats that were planned, and when they were read."""

    repeats_planned: int
    repeat_days: Spread | None


def draws(study: Study, exams: QuerySet[Exam]) -> tuple[Draw, ...] | None:
    """Return how the exams of ``study`` were chosen; None where none of ``exams`` has a record."""
    n_exams = exams.count()
    n_of_study = exams.filter(in_studies__study=study).count()
    events = AuditEvent.objects.filter(study=study, action=audit.Action.STUDY_EXAMS_ADDED)
    found = [
        _draw(json.loads(after)) for after in events.order_by("pk").values_list("after", flat=True)
    ]
    if not n_of_study or all(one.selection is Selection.UNKNOWN for one in found):
        return None
    if n_exams > n_of_study:
        found.append(Draw(n=n_exams - n_of_study))
    return tuple(found)


def _draw(noted: dict[str, Any]) -> Draw:
    """Return what an event noted; those of earlier versions of the product note only the number."""
    selection = Selection(noted.get("selection", Selection.UNKNOWN))
    return Draw(n=noted["n_exams"], selection=selection, **noted.get("draw", {}))


def n_removed(study: Study) -> int:
    """Return how many exams were taken out of the study before anybody was given them."""
    events = AuditEvent.objects.filter(study=study, action=audit.Action.STUDY_EXAMS_REMOVED)
    return sum(json.loads(after)["n_exams"] for after in events.values_list("after", flat=True))


def read_by(batches: BatchQuerySet, n_exams: int) -> tuple[Tally, ...]:
    """Return how many of ``n_exams`` were read by 0, 1, 2, ... people."""
    each = (
        Reading.objects.counted()
        .filter(assignment__batch__in=batches, reader__kind=ReaderKind.PERSON)
        .order_by()
        .values("assignment__exam")
        .annotate(n=Count("reader", distinct=True))
    )
    found = Counter(each.values_list("n", flat=True))
    found[0] += n_exams - found.total()
    return tuple(Tally(str(n), found[n]) for n in sorted(found) if found[n] > 0)


def repeats(batches: BatchQuerySet) -> Repeats:
    """Return the repeats planned, and the days between the two readings of those read."""
    planned = Assignment.objects.filter(batch__in=batches, occurrence=Occurrence.REPEAT)
    first = (
        Reading.objects.blind()
        .effective()
        .filter(
            reader=OuterRef("reader"),
            assignment__batch=OuterRef("assignment__batch"),
            assignment__exam=OuterRef("assignment__exam"),
            assignment__occurrence=Occurrence.FIRST,
        )
    )
    again = Reading.objects.blind().effective().filter(assignment__in=planned)
    gaps = again.annotate(
        gap=F("submitted_at") - Subquery(first.values("submitted_at")[:1])
    ).values_list("gap", flat=True)
    days = [gap / timedelta(days=1) for gap in gaps if gap is not None]
    return {"repeats_planned": planned.count(), "repeat_days": spread(sorted(days))}


def n_shown(batches: BatchQuerySet) -> int:
    """Return for how many readings suggestions were shown."""
    shown = Exposure.objects.filter(assignment__batch__in=batches)
    return shown.values("assignment").distinct().count()


def displays(batches: BatchQuerySet) -> Displays:
    """Return how the tracing was displayed when readings were submitted, as their rows say."""
    keys = [f"display__{name}" for name in _DISPLAY]
    readings = Reading.objects.blind().effective().filter(assignment__batch__in=batches)
    rows = readings.order_by().values_list(*keys).annotate(n=Count("pk")).order_by("-n", *keys)
    known, n_unknown = [], 0
    for *values, n in rows:
        one = _display(values, n)
        if one is None:
            n_unknown += n
        else:
            known.append(one)
    return {
        "displays": tuple(known[:MAX_DISPLAYS]),
        "display_other": sum(one.n for one in known[MAX_DISPLAYS:]),
        "display_unknown": n_unknown,
    }


def _display(values: list[Any], n: int) -> Display | None:
    """Return a display, or None: whoever submits through the API may send anything or nothing."""
    arrangement, rhythm, speed, gain, filter_name = values
    if not isinstance(arrangement, str) or not _is_number(speed) or not _is_number(gain):
        return None
    leads = tuple(map(str, rhythm)) if isinstance(rhythm, list) else ()
    return Display(
        n=n,
        arrangement=arrangement,
        speed_mm_per_s=speed,
        gain_mm_per_mv=gain,
        rhythm=leads,
        filter=filter_name if isinstance(filter_name, str) else "",
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def closed_on(batches: BatchQuerySet) -> date | None:
    """Return when the last batch was closed; None while one is open."""
    days = list(batches.values_list("closed_at", flat=True))
    closed = [one for one in days if one is not None]
    return max(closed).date() if closed and len(closed) == len(days) else None


def spread(values: Iterable[float]) -> Spread | None:
    """Return the quartiles of ``values``; None when there are none."""
    known = np.array(list(values), dtype=np.float64)
    if not known.size:
        return None
    low, middle, high = np.percentile(known, [25, 50, 75]).tolist()
    return Spread(low, middle, high, len(known))
