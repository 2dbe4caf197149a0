"""Progress, pace and forecast of a study, for people who do not read in it; without labels."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import Study, User
from annotations.services.assignment import progress
from annotations.services.assignment.progress import Progress, ReaderProgress
from annotations.services.blinding import reader_names
from annotations.services.blinding.reader_names import with_kind
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.export import archive
from annotations.services.export.sources import Cell
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from ecgreview import monitoring

COLUMNS = (
    "reader", "status", "assigned", "submitted", "left", "missing", "overdue", "given_back",
    "abstained", "last_reading_on", "idle_days", "readings_per_day", "median_active_s",
    "expected_finish_on", "too_fast_share", "longest_odd_run", "flagged",
)  # fmt: skip
# Column names of the file, which are not translated.


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """One reader as shown on the page, with the points to look into."""

    name: str
    found: ReaderProgress
    flags: list[str]


@never_cache
@needs("view_batch")
@require_safe
def study_progress(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show completion, pace, forecast, and the readers to get in touch with."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/progress.html", {"study": study, "is_hidden": True})
    now = timezone.now()
    found = progress.of_study(study=study, now=now)
    readers = reader_lines(study, request.user, found)
    context = {
        "study": study,
        "is_hidden": False,
        "today": now.date(),
        "progress": found,
        "share": found.n_read / found.n_wanted if found.n_wanted else None,
        "readers": readers,
        "attention": sorted((line for line in readers if line.flags), key=_urgency),
        "n_overdue": sum(line.found.n_overdue for line in readers),
        "curve": curve(found, now=now),
        "chart_words": _chart_words(),
        "plausible_s": monitoring.PLAUSIBLE_MS // 1000,
    }
    return render(request, "studies/progress.html", context)


@never_cache
@needs("view_batch")
@require_safe
def study_progress_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Download the readers' progress as CSV."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    found = progress.of_study(study=study, now=timezone.now())
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in reader_lines(study, request.user, found):
        writer.writerow([archive.formula_safe(line.name), *_cells(line)])
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-progress.csv"'
    return response


def reader_lines(study: Study, user: User, found: Progress) -> list[ReaderLine]:
    """Return the readers; by name for coordinators, by pseudonym for others."""
    told = reader_names.names_for(user, study)
    return [
        ReaderLine(
            name=with_kind(told.of(one.user), one.user),
            found=one,
            flags=list(_flags(one)),
        )
        for one in found.readers
    ]


def curve(found: Progress, *, now: datetime) -> dict[str, list[object]]:
    """Return the cumulative readings per day and their forecast, for the chart.

    Returns:
        ``days`` and ``done``: from the day before the first reading until today; ``ahead`` and
        ``expected``: from today until the forecast finish, empty if there is none.
    """
    today = now.date()
    done, n_done = [], 0
    first = found.days[0][0] - timedelta(days=1) if found.days else today
    done.append((first, 0))
    for day, n in found.days:
        n_done += n
        done.append((day, n_done))
    if done[-1][0] < today:
        done.append((today, n_done))
    ahead = []
    if found.finish_on is not None and found.n_left:
        ahead = [(done[-1][0], n_done), (found.finish_on, n_done + found.n_left)]
    return {
        "days": [day.isoformat() for day, _ in done],
        "done": [n for _, n in done],
        "ahead": [day.isoformat() for day, _ in ahead],
        "expected": [n for _, n in ahead],
    }


def _urgency(line: ReaderLine) -> tuple[bool, int]:
    """Sort key: readers with points to look into first, then those who are late."""
    return not (line.found.is_flagged or line.found.is_idle), -line.found.n_overdue


def _flags(one: ReaderProgress) -> list[str]:
    told = []
    if one.n_overdue:
        told.append(
            ngettext("%(n)d exam overdue", "%(n)d exams overdue", one.n_overdue)
            % {"n": one.n_overdue}
        )
    if one.is_idle:
        told.append(
            ngettext("no reading for %(n)d day", "no reading for %(n)d days", one.idle_days or 0)
            % {"n": one.idle_days}
        )
    if one.haste.is_flagged:
        told.append(
            _("%(percent)d%% read in less than %(seconds)d s")
            % {
                "percent": round(100 * (one.haste.share or 0)),
                "seconds": monitoring.PLAUSIBLE_MS // 1000,
            }
        )
    if one.run.is_flagged:
        told.append(
            _("%(n)d identical answers in a row, unlikely by chance") % {"n": one.run.length}
        )
    return told


def _cells(line: ReaderLine) -> list[Cell]:
    """Return the cells of a reader after the name."""
    one = line.found
    return [
        one.status, one.n_assigned, one.n_read, one.n_left, one.n_missing, one.n_overdue,
        one.n_lapsed, one.n_abstained,
        _day(one.pace.last_at.date() if one.pace.last_at else None),
        one.idle_days, round(one.pace.per_day, 2), one.pace.median_s, _day(one.finish_on),
        None if one.haste.share is None else round(one.haste.share, 3),
        one.run.length if one.run.is_flagged else None,
        "yes" if one.is_flagged else "no",
    ]  # fmt: skip


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _chart_words() -> dict[str, str]:
    return {
        "done": _("Readings submitted"),
        "expected": _("Expected at this pace"),
        "total": _("All readings"),
    }
