"""The full recount: all patterns once more from the readings, by another way than the live counts.

Two questions. Do the counts say what the markers of the exams say? PostgreSQL adds those up anew.
Do the markers say what the readings say? They are read in bulk, some thousand exams at a time,
and put together as arrays (``pattern_arrays``). Both are asked while people go on reading: what
waits to be counted is left alone, and counts are locked for one portion at a time.

No scope keeps another from its recount: what fails is told and tried the next night, and where
others hold the counts, the night goes on elsewhere and comes back.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, connection, transaction
from django.db.models import Min

from annotations.models import AgreementReport, Batch, Scope, Study
from annotations.services.counts import arrays, live, load, recount_notices, runs, writes
from annotations.services.counts.exam_patterns import Pattern
from annotations.services.taxonomy.mappings import NoMapping

logger = logging.getLogger(__name__)

EXAMS_AT_ONCE = 5000

NAMED = 5
"""So many of the exams that differ are named in the log."""

MAX_WAITS = 60
"""So often a night comes back to counts that others hold, a minute later each time."""

# Errors of a recount when the readings, classes or counts of a scope are broken.
FAILURES = (
    *(ArithmeticError, DatabaseError, LookupError, ObjectDoesNotExist, TypeError, ValueError),
    NoMapping,
)


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount of a scope found.

    Attributes:
        scope: what was counted.
        n_exams: exams looked at.
        n_waiting: exams among them that wait to be counted, and were left to that.
        n_wrong_exams: exams of which something else was counted than their readings say.
        n_wrong_counts: counts that were not what the exams add up to.
        exams: the first few of the exams that differ.
        failure: the kind of error that ended it, empty when none did.
    """

    scope: Scope
    n_exams: int = 0
    n_waiting: int = 0
    n_wrong_exams: int = 0
    n_wrong_counts: int = 0
    exams: tuple[int, ...] = ()
    failure: str = ""

    @property
    def holds(self) -> bool:
        """Whether all was counted and the live counts were right."""
        return not (self.n_wrong_exams or self.n_wrong_counts or self.failure)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a recount of everything is.

    Attributes:
        scope: in which.
        exam_id: behind which exam of it; None: it was not begun.
        n_waits: how often it was put off because others held the counts of the study. What was
            put off ends with its study; the night went on without it.
    """

    scope: Scope
    exam_id: int | None = None
    n_waits: int = 0


def recount(scope: Scope, *, repairs: bool, now: datetime) -> Recount:
    """Compare the live counts of ``scope`` with its readings, and set them right if asked to.

    An error in them ends it, is an error in the log, and stands in what is returned.
    """
    result = Recount(scope)
    try:
        result = replace(result, n_wrong_counts=_check_counts(scope, repairs=repairs, now=now))
        after: int | None = 0
        while after is not None:
            part, after = _check_exams(scope, after, repairs=repairs, now=now)
            result = _add(result, part)
        if repairs:
            _compare_with_report(scope, now)
    except FAILURES as failure:
        _log(scope)
        return replace(result, failure=type(failure).__name__)
    return result


def step(at: Position, *, now: datetime) -> Position | None:
    """Recount and repair a portion of everything; return where to go on, None at the end.

    A difference is an error in the log. A scope whose recount fails is one as well, is told to who
    coordinates, and keeps no other from its own.

    Raises:
        pattern_counts.Busy: others hold the counts of the study; nothing was done.
    """
    try:
        return _portion(at, now)
    except FAILURES:
        _log(at.scope)
        recount_notices.failed(at.scope, now=now)
        return behind(at)


def behind(at: Position) -> Position | None:
    """Return where to go on without the scope of ``at``."""
    following = _after(at.scope)
    if at.n_waits and following and following.study_id != at.scope.study_id:
        following = None
    return Position(following, n_waits=at.n_waits) if following else None


def behind_study(at: Position) -> Position | None:
    """Return where the night goes on when that of ``at`` is put off."""
    study_id = _study_after(at.scope.study_id)
    return Position(Scope(study_id)) if study_id and not at.n_waits else None


def postpone(at: Position, *, now: datetime) -> Position | None:
    """Return where to come back to later; None, and that is told, after ``MAX_WAITS`` times."""
    if at.n_waits < MAX_WAITS:
        return replace(at, n_waits=at.n_waits + 1)
    logger.error("agreement of %s: not recounted, others held its counts", _named(at.scope))
    recount_notices.failed(at.scope, now=now)
    return None


def _portion(at: Position, now: datetime) -> Position | None:
    if at.exam_id is None:
        n_wrong = _check_counts(at.scope, repairs=True, now=now, waits=False)
        _log_differences(Recount(at.scope, n_wrong_counts=n_wrong))
        return replace(at, exam_id=0)
    part, after = _check_exams(at.scope, at.exam_id, repairs=True, now=now, waits=False)
    _log_differences(part)
    if after is not None:
        return replace(at, exam_id=after)
    _compare_with_report(at.scope, now, waits=False)
    return behind(at)


def first() -> Position | None:
    """Return where a recount of everything begins; None when there are no studies."""
    study_id = Study.objects.aggregate(first=Min("pk"))["first"]
    return Position(Scope(study_id)) if study_id else None


def scopes(study: Study) -> Iterator[Scope]:
    """Yield the whole of ``study`` and each of its batches."""
    yield Scope(study.pk)
    for batch_id in study.batches.order_by("pk").values_list("pk", flat=True):
        yield Scope(study.pk, batch_id)


def _after(scope: Scope) -> Scope | None:
    batches = Batch.objects.filter(study=scope.study_id, pk__gt=scope.batch_id or 0)
    batch_id = batches.aggregate(next=Min("pk"))["next"]
    if batch_id:
        return Scope(scope.study_id, batch_id)
    study_id = _study_after(scope.study_id)
    return Scope(study_id) if study_id else None


def _study_after(study_id: int) -> int | None:
    next_id: int | None = Study.objects.filter(pk__gt=study_id).aggregate(n=Min("pk"))["n"]
    return next_id


def _log_differences(result: Recount) -> None:
    if not result.holds:
        logger.error(
            "agreement of %s: counted wrong, and repaired: %d exams (%s), %d counts",
            *(result.scope, result.n_wrong_exams, result.exams, result.n_wrong_counts),
        )


def _log(scope: Scope) -> None:
    """Write down the error that is being handled."""
    logger.exception("agreement of %s: the recount failed", _named(scope))


def _named(scope: Scope) -> str:
    return f"{scope}" if scope.is_study else f"{scope} of study {scope.study_id}"


def _add(total: Recount, part: Recount) -> Recount:
    return replace(
        total,
        n_exams=total.n_exams + part.n_exams,
        n_waiting=total.n_waiting + part.n_waiting,
        n_wrong_exams=total.n_wrong_exams + part.n_wrong_exams,
        exams=(total.exams + part.exams)[:NAMED],
    )


def _compare_with_report(scope: Scope, now: datetime, *, waits: bool = True) -> None:
    """Ask for a report where the last one was made of something else, such as other patients."""
    reports = AgreementReport.objects.of_scope(scope).order_by("-number")
    digest = reports.values_list("inputs_digest", flat=True).first()
    with transaction.atomic():
        live.lock(scope.study_id, waits=waits)
        if digest and digest != load.load(scope).digest:
            runs.note_change(scope, now=now)


# -- Counts against markers ---------------------------------------------------------------------

READER_SETS = """
with told as (
    select taxonomy_id, readers, count(*)::int as n_exams from annotations_exampattern
     where study_id = %(study)s and {of_batch} and readers <> '{{}}' group by 1, 2),
kept as (
    select taxonomy_id, readers, n_exams from annotations_readersetcount
     where study_id = %(study)s and {of_batch})
select taxonomy_id, readers, coalesce(told.n_exams, 0) - coalesce(kept.n_exams, 0)
  from told full join kept using (taxonomy_id, readers)
 where told.n_exams is distinct from kept.n_exams
"""

PATTERNS = """
with told as (
    select c.id as class, p.readers, said.value as pattern, count(*)::int as n_exams
      from annotations_exampattern p cross join lateral jsonb_each_text(p.states) said
      join annotations_diagnosticclass c on c.taxonomy_id = p.taxonomy_id and c.code = said.key
     where p.study_id = %(study)s and p.{of_batch} group by 1, 2, 3),
kept as (
    select diagnostic_class_id as class, readers, pattern, n_exams from annotations_patterncount
     where study_id = %(study)s and {of_batch})
select class, readers, pattern, coalesce(told.n_exams, 0) - coalesce(kept.n_exams, 0)
  from told full join kept using (class, readers, pattern)
 where told.n_exams is distinct from kept.n_exams
"""


@transaction.atomic
def _check_counts(scope: Scope, *, repairs: bool, now: datetime, waits: bool = True) -> int:
    """Return how many counts are not what the markers add up to."""
    live.lock(scope.study_id, is_shared=not repairs, waits=waits)
    sets = {(row[0], tuple(row[1])): row[2] for row in _select(READER_SETS, scope)}
    patterns = {(row[0], tuple(row[1]), row[2]): row[3] for row in _select(PATTERNS, scope)}
    n_wrong = len(sets) + len(patterns)
    if n_wrong and repairs:
        writes.reader_sets(scope, sets)
        writes.patterns(scope, patterns)
        runs.note_change(scope, now=now, n_repaired=n_wrong)
    return n_wrong


def _select(statement: str, scope: Scope) -> list[tuple[Any, ...]]:
    of_batch = "batch_id is null" if scope.is_study else "batch_id = %(batch)s"
    with connection.cursor() as cursor:
        values = {"study": scope.study_id, "batch": scope.batch_id}
        cursor.execute(statement.format(of_batch=of_batch), values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


# -- Markers against readings -------------------------------------------------------------------


@transaction.atomic
def _check_exams(
    scope: Scope, after: int, *, repairs: bool, now: datetime, waits: bool = True
) -> tuple[Recount, int | None]:
    """Check a portion of exams behind ``after``; return the last of them, None when it ends."""
    live.lock(scope.study_id, is_shared=not repairs, waits=waits)
    exam_ids = arrays.exams(scope, after=after, at_most=EXAMS_AT_ONCE)
    if not exam_ids:
        return Recount(scope), None
    # The queue after the readings: a reading that was seen came with its row in the queue.
    right = arrays.patterns(scope, exam_ids)
    queue = live.uncounted(scope).filter(exam__in=exam_ids)
    waiting = set(queue.values_list("exam", flat=True))
    counted = live.recorded(scope, exam_ids)
    if forgotten := _outdated(scope, counted, right) - waiting:
        waiting |= forgotten
        if repairs:
            live.remember_other_classes(scope.study_id)
    wrong = [
        exam for exam in exam_ids if exam not in waiting and right.get(exam) != counted.get(exam)
    ]
    if wrong and repairs:
        live.replace(scope, wrong, right, now=now, n_repaired=len(wrong))
    part = Recount(scope, len(exam_ids), len(waiting), len(wrong), exams=tuple(wrong[:NAMED]))
    return part, exam_ids[-1]


def _outdated(
    scope: Scope, counted: Mapping[int, Pattern], right: Mapping[int, Pattern]
) -> set[int]:
    """Return the exams that an amendment left under the classes of before: they wait as well."""
    if not scope.is_study:
        return set()
    return {
        exam_id
        for exam_id, pattern in counted.items()
        if exam_id in right and right[exam_id].taxonomy_id != pattern.taxonomy_id
    }
