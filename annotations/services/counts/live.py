"""Live pattern counts. Counting an exam again does not count it twice.

All counts of a study change under one advisory lock, which submissions never take. The marker of an
exam (``ExamPattern``) stores what was counted for it. Counting the exam again subtracts that and
adds its current readings, in the same transaction that deletes the queue rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Least

from annotations.models import (
    OF_STUDIES,
    Batch,
    DiagnosticClass,
    ExamPattern,
    Scope,
    Study,
    UncountedExam,
    in_scope,
)
from annotations.services.counts import exam_patterns, runs, writes
from annotations.services.counts.exam_patterns import Pattern
from ecgreview import advisory_locks
from ecgreview.advisory_locks import Lock

EXAMS_AT_ONCE = (200, 20, 2, 1)
"""Exams per transaction, by number of attempts: an exam that fails ends up alone."""

MAX_ATTEMPTS = 1_000
"""Attempts are counted up to here. Exams that fail are retried forever, after all others."""


class Busy(Exception):
    """Another worker has locked the counts of the study."""


def count_next(*, now: datetime) -> bool:
    """Count a few exams that changed; return False if there are none or they are being counted.

    The attempt is committed before the work begins, so that an exam that cannot be counted moves
    behind all others instead of blocking them.
    """
    if not UncountedExam.objects.exists():
        return False
    with transaction.atomic():
        claimed = _claim()
        if not claimed:
            return False
        waiting = UncountedExam.objects.filter(pk__in=[row.pk for row in claimed])
        waiting.update(n_attempts=Least(F("n_attempts") + 1, MAX_ATTEMPTS))
    with transaction.atomic():
        # Another worker may have taken the lock in between.
        if advisory_locks.take(Lock.PATTERN_COUNTS, claimed[0].batch.study_id, waits=False):
            _count(waiting, now)
    return True


def count_all(
    scope: Scope, *, now: datetime, progress: Callable[[int, int], None] | None = None
) -> None:
    """Count everything in ``scope`` that is not counted yet.

    Args:
        scope: a batch or a whole study.
        now: the current time.
        progress: called with the number of queue rows done and their total; may raise to stop.
    """
    waiting = uncounted(scope)
    if scope.is_study:
        queue_outdated_classes(scope.study_id)
    n_total, last = waiting.count(), 0
    for n_done in range(0, n_total, EXAMS_AT_ONCE[0]):
        if progress:
            progress(n_done, n_total)
        with transaction.atomic():
            lock(scope.study_id)
            rows = list(waiting.filter(pk__gt=last).order_by("pk")[: EXAMS_AT_ONCE[0]])
            if not rows:
                return
            last = rows[-1].pk
            for batch_id in sorted({row.batch_id for row in rows}):
                ours = [row.pk for row in rows if row.batch_id == batch_id]
                _count(UncountedExam.objects.filter(pk__in=ours), now)


def queue_outdated_classes(study_id: int) -> None:
    """Queue the exams that are counted under another version of the classes than the one in force.

    An amendment queues the exams that had readings when it began. This catches readings that were
    counted in the old classes while it ran.
    """
    in_force = Study.objects.get(pk=study_id).taxonomy_id
    others = ExamPattern.objects.filter(in_scope(Scope(study_id))).exclude(taxonomy=in_force)
    of_batches = ExamPattern.objects.filter(
        study=study_id, batch__purpose__in=OF_STUDIES, exam__in=others.values("exam")
    )
    UncountedExam.objects.bulk_create(
        UncountedExam(batch_id=batch_id, exam_id=exam_id)
        for batch_id, exam_id in of_batches.values_list("batch", "exam")
    )


def uncounted(scope: Scope) -> QuerySet[UncountedExam]:
    """Return the queue rows of ``scope``. An exam may have several."""
    if scope.is_study:
        return UncountedExam.objects.filter(
            batch__study=scope.study_id, batch__purpose__in=OF_STUDIES
        )
    return UncountedExam.objects.filter(batch=scope.batch_id)


def lock(study_id: int, *, is_shared: bool = False, waits: bool = True) -> None:
    """Lock the counts of a study until the transaction ends.

    Args:
        study_id: the study.
        is_shared: lock only for reading, so that others can read them too.
        waits: wait for the lock, instead of raising ``Busy``.

    Raises:
        Busy: another worker has the lock, and ``waits`` is False.
    """
    if not advisory_locks.take(Lock.PATTERN_COUNTS, study_id, is_shared=is_shared, waits=waits):
        raise Busy(study_id)


def recorded(scope: Scope, exam_ids: Collection[int]) -> dict[int, Pattern]:
    """Return the stored patterns of these exams, by exam id."""
    rows = ExamPattern.objects.filter(in_scope(scope), exam__in=list(exam_ids)).values_list(
        "exam", "taxonomy", "readers", "states", "n_unreadable", "n_abstained"
    )
    return {
        exam_id: Pattern(taxonomy_id, tuple(readers), *columns)
        for exam_id, taxonomy_id, readers, *columns in rows
    }


def replace(
    scope: Scope,
    exam_ids: Collection[int],
    new: Mapping[int, Pattern],
    *,
    now: datetime,
    n_repaired: int = 0,
) -> int:
    """Replace the patterns of these exams; return how many exams changed.

    The counts must be locked.
    """
    old = recorded(scope, exam_ids)
    changed = [exam for exam in sorted(set(exam_ids)) if old.get(exam) != new.get(exam)]
    if not changed:
        return 0
    removed = [old[exam] for exam in changed if exam in old]
    added = [new[exam] for exam in changed if exam in new]
    _add(scope, removed, added)
    writes.markers(scope, changed, new)
    runs.note_change(scope, now=now, n_repaired=n_repaired)
    return len(changed)


def _claim() -> Sequence[UncountedExam]:
    """Lock the counts of a study and return queue rows of one of its batches to work on.

    Skips studies that another worker is counting. Empty if nothing is left.
    """
    waiting = UncountedExam.objects.select_related("batch").order_by("n_attempts", "pk")
    studies: list[int] = []
    while first := waiting.exclude(batch__study__in=studies).first():
        if advisory_locks.take(Lock.PATTERN_COUNTS, first.batch.study_id, waits=False):
            place = min(first.n_attempts, len(EXAMS_AT_ONCE) - 1)
            alike = Q(batch=first.batch_id, n_attempts=first.n_attempts, pk__gte=first.pk)
            return list(waiting.filter(alike)[: EXAMS_AT_ONCE[place]])
        studies.append(first.batch.study_id)
    return []


def _count(waiting: QuerySet[UncountedExam], now: datetime) -> None:
    """Count the exams of ``waiting``, queue rows of one batch, and delete the rows."""
    rows = list(waiting.values_list("pk", "batch", "exam"))
    if not rows:
        return
    batch = Batch.objects.get(pk=rows[0][1])
    exam_ids = {exam_id for _, _, exam_id in rows}
    own = Scope(batch.study_id, batch.pk)
    replace(own, exam_ids, exam_patterns.in_batch(batch, exam_ids), now=now)
    if batch.purpose in OF_STUDIES:
        study = Study.objects.get(pk=batch.study_id)
        of_study = exam_patterns.in_study(study, exam_ids)
        replace(Scope(study.pk), exam_ids, of_study, now=now)
    UncountedExam.objects.filter(pk__in=[pk for pk, _, _ in rows]).delete()


def _add(scope: Scope, removed: Iterable[Pattern], added: Iterable[Pattern]) -> None:
    sets: Counter[tuple[int, tuple[int, ...]]] = Counter()
    patterns: Counter[tuple[int, str, tuple[int, ...], str]] = Counter()
    for step, part in ((-1, removed), (1, added)):
        for pattern in part:
            if pattern.readers:
                sets[pattern.taxonomy_id, pattern.readers] += step
            for code, digits in pattern.states.items():
                patterns[pattern.taxonomy_id, code, pattern.readers, digits] += step
    writes.reader_sets(scope, {key: n for key, n in sets.items() if n})
    changed = {key: n for key, n in patterns.items() if n}
    classes = _classes(changed)
    writes.patterns(
        scope,
        {
            (classes[taxonomy_id, code], readers, digits): n
            for (taxonomy_id, code, readers, digits), n in changed.items()
        },
    )


def _classes(used: Iterable[tuple[int, str, object, str]]) -> dict[tuple[int, str], int]:
    """Return class ids by (version, code), the first two parts of each key in ``used``."""
    versions, codes = {key[0] for key in used}, {key[1] for key in used}
    if not codes:
        return {}
    rows = DiagnosticClass.objects.filter(taxonomy__in=versions, code__in=codes)
    keys = rows.values_list("taxonomy", "code", "pk")
    return {(taxonomy_id, code): pk for taxonomy_id, code, pk in keys}
