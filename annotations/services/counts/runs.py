"""Runs, which refresh agreement reports: when they start, their progress and cancellation."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from annotations import row_security
from annotations.models import (
    AgreementReport,
    AgreementRun,
    Assignment,
    Batch,
    RunStage,
    Scope,
    Study,
    SuggestionPolicy,
    User,
    in_scope,
)
from annotations.services import audit
from annotations.services.counts import recount_notices
from annotations.services.refusals import Refusal
from ecgreview import advisory_locks
from ecgreview.advisory_locks import Lock

# A refresh waits until the counts have not changed for this long.
QUIET = timedelta(seconds=settings.AGREEMENT_QUIET_S)

# If the last report is older than this, a refresh does not wait.
LATEST = timedelta(seconds=settings.AGREEMENT_LATEST_S)

# Upper limit of the delay before a failed run is tried again.
MAX_RETRY_DELAY = timedelta(minutes=5)


class RunFinished(Refusal):
    code = "run-finished"


class Canceled(Exception):
    """A user canceled the run."""


# -- Requesting ---------------------------------------------------------------------------------


@transaction.atomic
def request(*, scope: Scope, requested_by: User, now: datetime) -> AgreementRun:
    """Request a run of ``scope`` that does not wait for the counts to settle, and return it.

    An unfinished run that nobody has requested yet becomes the run of ``requested_by``.
    """
    _open(scope, now, requested_by=requested_by)
    waiting = _unfinished(scope).filter(requested_by=None)
    waiting.update(requested_by=requested_by, requested_at=now)
    run = _unfinished(scope).select_related("study").get()
    _record(audit.Action.AGREEMENT_REQUESTED, run, requested_by, now)
    return run


@transaction.atomic
def cancel(*, run_id: int, actor: User, now: datetime) -> AgreementRun:
    """Cancel a run: immediately if it is waiting, else when it next notes its progress.

    The next change of the counts requests another run.

    Raises:
        AgreementRun.DoesNotExist: there is no such run.
        RunFinished: it has already ended.
    """
    locked = AgreementRun.objects.select_for_update(of=("self",)).select_related("study")
    run = locked.get(pk=run_id)
    if run.is_finished:
        raise RunFinished
    _record(audit.Action.AGREEMENT_CANCELED, run, actor, now)
    run.cancelled_at, run.cancelled_by = now, actor
    if run.stage == RunStage.WAITING:
        run.finished_at = now
    run.save(update_fields=["cancelled_at", "cancelled_by", "finished_at"])
    if run.batch_id is not None:
        Batch.objects.filter(pk=run.batch_id).update(agreement_is_due=False)
    return run


def _record(action: audit.Action, run: AgreementRun, actor: User, now: datetime) -> None:
    state = {"batch": run.batch_id, "stage": run.stage}
    audit.record(actor=actor, action=action, study=run.study, target=run, after=state, now=now)


def note_change(scope: Scope, *, now: datetime, n_repaired: int = 0) -> None:
    """Note that the counts of ``scope``, which must be locked, have changed; request a run.

    If ``n_repaired`` of them were wrong and have been corrected, the coordinators are notified.
    """
    noted = _unfinished(scope).update(
        n_changes=F("n_changes") + 1, changed_at=now, n_repaired=F("n_repaired") + n_repaired
    )
    if not noted:
        _open(scope, now, n_repaired=n_repaired)
    if n_repaired:
        recount_notices.repaired(_unfinished(scope).select_related("study").get(), now=now)


def note_exams(study: Study, exam_ids: Collection[int], *, now: datetime) -> None:
    """Request runs of ``study``, and of its closed batches that contain these exams.

    Use it when the readings are the same, but something that reports compare them with has changed,
    such as the consensus. The counts need not be locked: a run reads its own row before it reads
    anything else.
    """
    touched = Assignment.objects.filter(batch__study=study, exam__in=exam_ids).values("batch")
    batches = study.batches.filter(pk__in=touched, closed_at__isnull=False).of_data()
    # Deadlock: update the run of the whole study last, in the order of a worker that ends the run
    # of a batch.
    for batch_id in [*batches.order_by("pk").values_list("pk", flat=True), None]:
        note_change(Scope(study.pk, batch_id), now=now)


def note_suggestions(exam_id: int, *, now: datetime) -> None:
    """Request runs of the randomized studies in which ``exam_id`` has been read already."""
    read = Assignment.objects.filter(exam=exam_id, readings__isnull=False).values("batch__study")
    randomized = Study.objects.filter(pk__in=read, suggestion_policy=SuggestionPolicy.RANDOMIZED)
    for study in randomized.order_by("pk"):
        note_exams(study, [exam_id], now=now)


# -- Choosing ------------------------------------------------------------------------------------


def due_for_batches(*, now: datetime) -> Iterator[AgreementRun]:
    """Yield the unfinished runs of batches. Creates those that are due and missing first."""
    _open_what_is_due(now)
    yield from _in_turn().filter(batch__isnull=False)


def due(*, now: datetime) -> Iterator[AgreementRun]:
    """Yield the unfinished runs that have waited long enough. Creates missing ones first."""
    _open_what_is_due(now)
    reports = AgreementReport.objects.order_by("-number")
    of_batch = reports.filter(study=OuterRef("study"), batch=OuterRef("batch"))
    of_study = reports.filter(study=OuterRef("study"), batch=None)
    for run in _in_turn().annotate(
        batch_checked_at=Subquery(of_batch.values("checked_at")[:1]),
        study_checked_at=Subquery(of_study.values("checked_at")[:1]),
    ):
        last = run.batch_checked_at if run.batch_id else run.study_checked_at
        if _is_due(run, last, now):
            yield run


def _is_due(run: AgreementRun, last: datetime | None, now: datetime) -> bool:
    if run.cancelled_at:
        return True
    if run.started_at and now - run.started_at < min(2**run.n_attempts * QUIET, MAX_RETRY_DELAY):
        return False
    is_still = run.changed_at is None or now - run.changed_at >= QUIET
    return bool(run.requested_by_id) or is_still or last is None or now - last >= LATEST


def _in_turn() -> QuerySet[AgreementRun]:
    return AgreementRun.objects.unfinished().order_by("n_attempts", "pk")


def _open_what_is_due(now: datetime) -> None:
    """Create a run for each batch that is due and has none, such as one that was just closed."""
    unfinished = AgreementRun.objects.unfinished().filter(batch=OuterRef("pk"))
    due = Batch.objects.filter(~Exists(unfinished), agreement_is_due=True)
    for batch_id, study_id in due.order_by("pk").values_list("pk", "study"):
        _open(Scope(study_id, batch_id), now)


def _open(
    scope: Scope, now: datetime, *, requested_by: User | None = None, n_repaired: int = 0
) -> None:
    """Create a run of ``scope`` unless there is an unfinished one."""
    AgreementRun.objects.bulk_create(
        [
            AgreementRun(
                study_id=scope.study_id,
                batch_id=scope.batch_id,
                requested_by=requested_by,
                requested_at=now,
                changed_at=None if requested_by else now,
                n_repaired=n_repaired,
            )
        ],
        ignore_conflicts=True,
    )


def _unfinished(scope: Scope) -> QuerySet[AgreementRun]:
    return AgreementRun.objects.unfinished().filter(in_scope(scope))


# -- Working ------------------------------------------------------------------------------------


@contextmanager
def exclusive(scope: Scope, *, waits: bool) -> Iterator[bool]:
    """Lock ``scope`` against other workers; yield whether we have the lock.

    Outside a transaction this is a session-level lock, so progress can be committed while we hold
    it. If the worker dies, PostgreSQL releases it and another worker takes over the run.

    Args:
        scope: a batch or a whole study.
        waits: wait for the lock, instead of yielding False.
    """
    lock, number = Lock.STUDY_AGREEMENT, scope.study_id
    if scope.batch_id is not None:
        lock, number = Lock.BATCH_AGREEMENT, scope.batch_id
    with advisory_locks.held(lock, number, waits=waits) as is_ours:
        yield is_ours


def begin(run: AgreementRun, *, now: datetime) -> bool:
    """Count an attempt at ``run``; return False if the run has finished meanwhile."""
    unfinished = AgreementRun.objects.unfinished().filter(pk=run.pk)
    return bool(unfinished.update(n_attempts=F("n_attempts") + 1, started_at=now))


class RunContext:
    """Context manager of a run in progress. An exception that leaves the block is noted on the run.

    The caller must hold ``exclusive`` for the scope. ``reach`` makes the progress visible to users.
    """

    def __init__(self, scope: Scope, *, now: datetime) -> None:
        """Continue the unfinished run of ``scope``, or create one."""
        _open(scope, now)
        self.run = _unfinished(scope).get()
        self._now = now

    def __enter__(self) -> RunContext:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Note why the run failed, if the database connection still works."""
        if kind is None or connection.needs_rollback or row_security.is_broken():
            return
        again = {"stage": RunStage.WAITING, "failure": kind.__name__, "n_done": 0, "n_total": 0}
        end = {"finished_at": self._now} if issubclass(kind, Canceled) else again
        AgreementRun.objects.filter(pk=self.run.pk, finished_at=None).update(**end)

    def reach(self, stage: RunStage, n_done: int = 0, n_total: int = 0) -> None:
        """Note the stage of the run and its progress.

        Raises:
            Canceled: a user canceled it.
        """
        unfinished = AgreementRun.objects.filter(pk=self.run.pk, cancelled_at=None)
        if not unfinished.update(stage=stage, n_done=n_done, n_total=n_total):
            raise Canceled(self.run)

    def count(self, n_done: int, n_total: int) -> None:
        """Note how many of the exams in the queue are counted.

        Raises:
            Canceled: a user canceled it.
        """
        self.reach(RunStage.COUNTING, n_done, n_total)

    def compare(self, n_done: int, n_total: int) -> None:
        """Note how many details of the version are computed.

        Raises:
            Canceled: a user canceled it.
        """
        self.reach(RunStage.COMPARING, n_done, n_total)

    def finish(self, report: AgreementReport, *, n_changes: int, now: datetime) -> bool:
        """End the run with its report; return False if the counts have changed meanwhile.

        In that case another run is requested.

        Args:
            report: the result of the run.
            n_changes: number of changes noted on the run when the counts were read.
            now: the current time.
        """
        run = AgreementRun.objects.select_for_update(of=("self",)).get(pk=self.run.pk)
        run.report, run.finished_at, run.stage = report, now, RunStage.DONE
        run.n_done, run.n_total, run.failure = 0, 0, ""
        run.save(
            update_fields=[
                *("report", "finished_at", "stage", "n_done", "n_total", "failure"),
            ]
        )
        if run.n_changes != n_changes:
            _open(run.scope, run.changed_at or now)
        return run.n_changes == n_changes


def n_changes(scope: Scope) -> int:
    """Return the number of changes noted on the unfinished run of ``scope``."""
    return _unfinished(scope).values_list("n_changes", flat=True).first() or 0
