"""The full recount: counts all patterns again from the readings, with separate code.

It checks two things: that the counts are the sums of the exam markers, which PostgreSQL adds up
again; and that the markers match the readings, which are counted as arrays of a few thousand exams
at a time (``counts.arrays``). People keep reading meanwhile. So exams in the queue are skipped, and
the counts are locked for only one portion at a time.

If the recount of a scope fails, coordinators are notified, the other scopes are still recounted,
and the next night tries again. If another process has the counts of a study locked, we continue
with the next study and come back later.
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

# A log line lists at most this many of the exams that differ.
NAMED = 5

# How many times a nightly recount retries, a minute apart, when the counts are locked.
MAX_WAITS = 60

# Errors of a recount when the readings, classes or counts of a scope are inconsistent.
FAILURES = (
    *(ArithmeticError, DatabaseError, LookupError, ObjectDoesNotExist, TypeError, ValueError),
    NoMapping,
)


@dataclass(frozen=True, slots=True)
class Recount:
    """The result of recounting one scope.

    Attributes:
        scope: the batch or study.
        n_exams: exams that were checked or skipped.
        n_waiting: how many of them were skipped because they still wait to be counted.
        n_wrong_exams: exams whose marker differs from their readings.
        n_wrong_counts: counts that differ from the sum of the markers.
        exams: ids of the first few exams that differ.
        failure: class name of the error that ended the recount, or empty.
    """

    scope: Scope
    n_exams: int = 0
    n_waiting: int = 0
    n_wrong_exams: int = 0
    n_wrong_counts: int = 0
    exams: tuple[int, ...] = ()
    failure: str = ""

    @property
    def is_correct(self) -> bool:
        """Whether the recount finished and found no difference."""
        return not (self.n_wrong_exams or self.n_wrong_counts or self.failure)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a recount of all scopes has progressed.

    Attributes:
        scope: the current scope.
        exam_id: the last exam checked in it, 0 before the first; None until its counts are checked.
        n_waits: how often it was postponed because the counts of the study were locked. If it was,
            it ends with this study, because the others were recounted meanwhile.
    """

    scope: Scope
    exam_id: int | None = None
    n_waits: int = 0


def recount(scope: Scope, *, repairs: bool, now: datetime) -> Recount:
    """Compare the live counts of ``scope`` with its readings; correct them if ``repairs``.

    An error that ends the recount is logged and returned as ``failure``.
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
    """Recount and repair the next portion; return the next position, or None at the end.

    Differences are logged as errors. If the recount of a scope fails, that is logged too, the
    coordinators are notified, and the next scope follows.

    Raises:
        live.Busy: the counts of the study are locked; nothing was done.
    """
    try:
        return _portion(at, now)
    except FAILURES:
        _log(at.scope)
        recount_notices.failed(at.scope, now=now)
        return after_scope(at)


def after_scope(at: Position) -> Position | None:
    """Return the position after the scope of ``at``, or None at the end."""
    following = _after(at.scope)
    if at.n_waits and following and following.study_id != at.scope.study_id:
        following = None
    return Position(following, n_waits=at.n_waits) if following else None


def after_study(at: Position) -> Position | None:
    """Return the position after the study of ``at``, whose recount was postponed.

    None at the end, or if ``at`` was postponed before: then the other studies are done already.
    """
    study_id = _study_after(at.scope.study_id)
    return Position(Scope(study_id)) if study_id and not at.n_waits else None


def postpone(at: Position, *, now: datetime) -> Position | None:
    """Return the position at which to try again later.

    After ``MAX_WAITS`` attempts, notifies the coordinators and returns None.
    """
    if at.n_waits < MAX_WAITS:
        return replace(at, n_waits=at.n_waits + 1)
    logger.error("agreement of %s: not recounted, its counts were locked", _named(at.scope))
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
    return after_scope(at)


def first() -> Position | None:
    """Return the position at which a full recount starts; None if there are no studies."""
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
    if not result.is_correct:
        logger.error(
            "agreement of %s: wrong counts were repaired: %d exams (%s), %d counts",
            *(result.scope, result.n_wrong_exams, result.exams, result.n_wrong_counts),
        )


def _log(scope: Scope) -> None:
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
    """Request a new report if the inputs of the last one changed, such as the patients of exams."""
    reports = AgreementReport.objects.of_scope(scope).order_by("-number")
    digest = reports.values_list("inputs_digest", flat=True).first()
    with transaction.atomic():
        live.lock(scope.study_id, waits=waits)
        if digest and digest != load.load(scope).digest:
            runs.note_change(scope, now=now)


# -- Counts against markers ---------------------------------------------------------------------

READER_SETS = """
with summed as (
    select taxonomy_id, readers, count(*)::int as n_exams from annotations_exampattern
     where study_id = %(study)s and {of_batch} and readers <> '{{}}' group by 1, 2),
stored as (
    select taxonomy_id, readers, n_exams from annotations_readersetcount
     where study_id = %(study)s and {of_batch})
select taxonomy_id, readers, coalesce(summed.n_exams, 0) - coalesce(stored.n_exams, 0)
  from summed full join stored using (taxonomy_id, readers)
 where summed.n_exams is distinct from stored.n_exams
"""

PATTERNS = """
with summed as (
    select c.id as class, p.readers, state.value as pattern, count(*)::int as n_exams
      from annotations_exampattern p cross join lateral jsonb_each_text(p.states) state
      join annotations_diagnosticclass c on c.taxonomy_id = p.taxonomy_id and c.code = state.key
     where p.study_id = %(study)s and p.{of_batch} group by 1, 2, 3),
stored as (
    select diagnostic_class_id as class, readers, pattern, n_exams from annotations_patterncount
     where study_id = %(study)s and {of_batch})
select class, readers, pattern, coalesce(summed.n_exams, 0) - coalesce(stored.n_exams, 0)
  from summed full join stored using (class, readers, pattern)
 where summed.n_exams is distinct from stored.n_exams
"""


@transaction.atomic
def _check_counts(scope: Scope, *, repairs: bool, now: datetime, waits: bool = True) -> int:
    """Return how many counts differ from the sum of the markers; correct them if ``repairs``."""
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
    """Check the next exams after the id ``after``; correct their markers if ``repairs``.

    Returns:
        The result, and the id of the last exam that was checked; None at the end.
    """
    live.lock(scope.study_id, is_shared=not repairs, waits=waits)
    exam_ids = arrays.exams(scope, after=after, at_most=EXAMS_AT_ONCE)
    if not exam_ids:
        return Recount(scope), None
    # Query the queue after the readings: a reading and its queue row are committed together.
    right = arrays.patterns(scope, exam_ids)
    queue = live.uncounted(scope).filter(exam__in=exam_ids)
    waiting = set(queue.values_list("exam", flat=True))
    counted = live.recorded(scope, exam_ids)
    if forgotten := _outdated(scope, counted, right) - waiting:
        waiting |= forgotten
        if repairs:
            live.queue_outdated_classes(scope.study_id)
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
    """Return the exams that are still counted in the classes from before an amendment.

    They wait to be counted, like the exams in the queue.
    """
    if not scope.is_study:
        return set()
    return {
        exam_id
        for exam_id, pattern in counted.items()
        if exam_id in right and right[exam_id].taxonomy_id != pattern.taxonomy_id
    }
