"""Progress, pace and forecast of a study, without diagnoses. Hidden from its readers."""

from __future__ import annotations

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
from annotations.services.export.sources import Cell
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.csv_files import csv_file
from ecgreview import monitoring
from ecgreview.spreadsheets import formula_safe

# Column names of the CSV file. They are not translated.
COLUMNS = (
    "reader", "status", "assigned", "submitted", "left", "missing", "overdue", "given_back",
    "abstained", "last_reading_on", "idle_days", "readings_per_day", "median_active_s",
    "expected_finish_on", "too_fast_share", "longest_odd_run", "flagged",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReaderLine:
    """A reader's row on the page. ``flags`` are reasons to contact the reader."""

    name: str
    progress: ReaderProgress
    flags: list[str]


@never_cache
@needs("view_batch")
@require_safe
def study_progress(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show completion, pace, forecast, and readers who need attention."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/progress.html", {"study": study, "is_hidden": True})
    now = timezone.now()
    snapshot = progress.of_study(study=study, now=now)
    readers = reader_lines(study, request.user, snapshot)
    context = {
        "study": study,
        "is_hidden": False,
        "today": now.date(),
        "progress": snapshot,
        "share": snapshot.n_read / snapshot.n_wanted if snapshot.n_wanted else None,
        "readers": readers,
        "attention": sorted((line for line in readers if line.flags), key=_urgency),
        "n_overdue": sum(line.progress.n_overdue for line in readers),
        "curve": curve(snapshot, now=now),
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
    snapshot = progress.of_study(study=study, now=timezone.now())
    lines = reader_lines(study, request.user, snapshot)
    rows = [(formula_safe(line.name), *_cells(line)) for line in lines]
    return csv_file(f"{study.slug}-progress.csv", [COLUMNS, *rows])


def reader_lines(study: Study, user: User, snapshot: Progress) -> list[ReaderLine]:
    """Return a row per reader. Coordinators see names; others see pseudonyms."""
    names = reader_names.names_for(user, study)
    return [
        ReaderLine(
            name=with_kind(names.of(reader.user), reader.user),
            progress=reader,
            flags=list(_flags(reader)),
        )
        for reader in snapshot.readers
    ]


def curve(snapshot: Progress, *, now: datetime) -> dict[str, list[object]]:
    """Return the cumulative number of readings per day and its forecast, for the chart.

    Returns:
        ``days`` and ``done``: from the day before the first reading until today; ``ahead`` and
        ``expected``: from today until the forecast finish, or empty without a forecast.
    """
    today = now.date()
    done, n_done = [], 0
    first = snapshot.days[0][0] - timedelta(days=1) if snapshot.days else today
    done.append((first, 0))
    for day, n in snapshot.days:
        n_done += n
        done.append((day, n_done))
    if done[-1][0] < today:
        done.append((today, n_done))
    ahead = []
    if snapshot.finish_on is not None and snapshot.n_left:
        ahead = [(done[-1][0], n_done), (snapshot.finish_on, n_done + snapshot.n_left)]
    return {
        "days": [day.isoformat() for day, _ in done],
        "done": [n for _, n in done],
        "ahead": [day.isoformat() for day, _ in ahead],
        "expected": [n for _, n in ahead],
    }


def _urgency(line: ReaderLine) -> tuple[bool, int]:
    """Sort key: flagged or idle readers first, then by number of overdue exams."""
    return not (line.progress.is_flagged or line.progress.is_idle), -line.progress.n_overdue


def _flags(reader: ReaderProgress) -> list[str]:
    flags = []
    if reader.n_overdue:
        flags.append(
            ngettext("%(n)d exam overdue", "%(n)d exams overdue", reader.n_overdue)
            % {"n": reader.n_overdue}
        )
    if reader.is_idle:
        flags.append(
            ngettext("no reading for %(n)d day", "no reading for %(n)d days", reader.idle_days or 0)
            % {"n": reader.idle_days}
        )
    if reader.haste.is_flagged:
        flags.append(
            _("%(percent)d%% read in less than %(seconds)d s")
            % {
                "percent": round(100 * (reader.haste.share or 0)),
                "seconds": monitoring.PLAUSIBLE_MS // 1000,
            }
        )
    if reader.run.is_flagged:
        flags.append(
            _("%(n)d identical answers in a row, unlikely by chance") % {"n": reader.run.length}
        )
    return flags


def _cells(line: ReaderLine) -> list[Cell]:
    """Return the cells of a reader's CSV row that follow the name."""
    reader = line.progress
    return [
        reader.status, reader.n_assigned, reader.n_read, reader.n_left, reader.n_missing,
        reader.n_overdue, reader.n_lapsed, reader.n_abstained,
        _day(reader.pace.last_at.date() if reader.pace.last_at else None),
        reader.idle_days, round(reader.pace.per_day, 2), reader.pace.median_s,
        _day(reader.finish_on),
        None if reader.haste.share is None else round(reader.haste.share, 3),
        reader.run.length if reader.run.is_flagged else None,
        "yes" if reader.is_flagged else "no",
    ]  # fmt: skip


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _chart_words() -> dict[str, str]:
    return {
        "done": _("Readings submitted"),
        "expected": _("Expected at this pace"),
        "total": _("All readings"),
    }
