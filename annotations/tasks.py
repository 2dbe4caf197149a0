"""Celery tasks. Each one calls a service; rows in the database record what is due.

Every task may run twice, concurrently, late or not at all. Beat calls most of them again every few
seconds, so a message that the broker loses only causes a delay.
"""

from __future__ import annotations

import logging
from datetime import datetime
from time import monotonic
from typing import Protocol

from celery import Task, shared_task
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from annotations import table_statistics
from annotations.models import Scope
from annotations.services.agreement import refresh
from annotations.services.assignment import leases, qualification
from annotations.services.consensus import labels, queue_upgrade
from annotations.services.counts import live, recount
from annotations.services.exams import same_recordings
from annotations.services.export import jobs
from annotations.services.mail import queue as mail
from annotations.services.notices import delivery
from annotations.services.people import sign_in, tokens
from annotations.services.releases import jobs as release_jobs
from annotations.services.suggestions import runs
from annotations.services.verification import heads, trail
from annotations.services.verification.trail import Part, Position
from ecgreview import hash_chain

logger = logging.getLogger(__name__)

# A task works this long, well within its time limit, and then enqueues itself again.
TIME_SLICE_S = 8.0

# Time limit for the consensus or the report of one large study. The message may be redelivered
# meanwhile, but the worker that gets it finds the study claimed.
LONG_S = 300

# Time limit for an archive. With 100,000 readings it takes a few minutes on a busy machine.
ARCHIVE_S = 1800

# Time limit for a data release. With signals in all formats, it takes a few minutes.
RELEASE_S = 7200

# How long to wait before retrying when another process holds the lock.
BUSY_S = 60.0


class Step(Protocol):
    """A function that does one unit of work."""

    def __call__(self, *, now: datetime) -> bool:
        """Do one unit of the work that is due at ``now``; return False if there is none."""


def nudge(task: Task[..., None]) -> None:
    """Enqueue ``task`` when the transaction commits. Never fails, even if the broker is down.

    ``robust`` turns a broker failure into a log line: the reading is committed, so its reader
    must not get an error. Django 5.2 then logs the function's ``__qualname__``. A ``partial`` does
    not have one, so the error would be raised. Therefore we use an inner function.
    """

    def ask() -> None:
        task.apply_async(retry=False)

    transaction.on_commit(ask, robust=True)


def drain(step: Step, task: Task[..., None], slice_s: float = TIME_SLICE_S) -> None:
    """Repeat ``step`` until nothing is due; if the time slice ends first, enqueue ``task``."""
    began = monotonic()
    while step(now=timezone.now()):
        if monotonic() - began >= slice_s:
            nudge(task)
            return


@shared_task(soft_time_limit=LONG_S, time_limit=LONG_S + 5)
def refresh_agreement() -> None:
    """Count every new reading, and compute the reports whose counts have settled."""
    drain(refresh.work_next, refresh_agreement)


@shared_task
def recount_agreement(
    study: int | None = None, batch: int | None = None, exam: int | None = None, n_waits: int = 0
) -> None:
    """Recount everything and repair differences, from the start or where the last slice ended.

    If the broker loses a slice, this night's recount ends, and the next night's starts over. If a
    slice fails with an error, the next one continues after the scope in which it failed.
    """
    at = recount.first()
    if study is not None:
        at = recount.Position(Scope(study, batch), exam, n_waits)
    remaining, began = at, monotonic()
    try:
        while at is not None and monotonic() - began < TIME_SLICE_S:
            remaining = recount.after_scope(at)
            at = remaining = _recount_step(at)
    finally:
        if remaining is not None:
            _recount_on(remaining)


def _recount_step(at: recount.Position) -> recount.Position | None:
    """Recount one portion. If the counts of the study are locked, try this study again later."""
    now = timezone.now()
    try:
        return recount.step(at, now=now)
    except live.Busy:
        if later := recount.postpone(at, now=now):
            _recount_on(later, in_s=BUSY_S)
        return recount.after_study(at)


def _recount_on(at: recount.Position, *, in_s: float = 0) -> None:
    """Enqueue the next time slice of a recount."""
    arguments = (at.scope.study_id, at.scope.batch_id, at.exam_id, at.n_waits)

    def ask() -> None:
        recount_agreement.apply_async(arguments, retry=False, countdown=in_s)

    transaction.on_commit(ask, robust=True)


@shared_task
def compute_suggestions() -> None:
    """Run the criteria model on every exam that waits for it."""
    drain(runs.run_next, compute_suggestions)


@shared_task
def link_recordings() -> None:
    """Link exams of the same recording that were imported before imports linked them."""
    drain(same_recordings.link_next, link_recordings)


@shared_task(soft_time_limit=LONG_S, time_limit=LONG_S + 5)
def compute_consensus() -> None:
    """Recompute the consensus of every study that has a batch marked ``consensus_is_due``."""
    drain(labels.refresh_next, compute_consensus)
    drain(queue_upgrade.fill_next, compute_consensus)


@shared_task
def judge_qualifications() -> None:
    """Evaluate complete qualifications that were not evaluated together with the last reading."""
    drain(qualification.evaluate_next, judge_qualifications)


@shared_task
def reclaim_leases() -> None:
    """Return exams with expired leases to their pools."""
    drain(leases.reclaim_next, reclaim_leases)


@shared_task
def mail_accounts() -> None:
    """Send waiting invitations and password reset links."""
    drain(mail.send_next, mail_accounts)


@shared_task
def mail_notices() -> None:
    """Send waiting notices by e-mail, as long as the mail server accepts them."""
    drain(delivery.mail_next, mail_notices)


@shared_task
def remind_readers() -> None:
    """Create notices about batches that are due soon or overdue."""
    delivery.remind(now=timezone.now())


@shared_task(soft_time_limit=ARCHIVE_S, time_limit=ARCHIVE_S + 5)
def make_archives() -> None:
    """Build the requested archives.

    Building one may take longer than the broker's visibility timeout. The message is then
    redelivered, but the worker that gets it finds the archive claimed.
    """
    drain(jobs.make_next, make_archives)


@shared_task(soft_time_limit=RELEASE_S, time_limit=RELEASE_S + 5)
def make_releases() -> None:
    """Build the requested data releases, as ``make_archives`` does."""
    drain(release_jobs.make_next, make_releases)


@shared_task
def clear_archives() -> None:
    jobs.clear(now=timezone.now())


@shared_task
def keep_statistics() -> None:
    """Analyze tables that have grown a lot, for the query planner."""
    table_statistics.keep_up()


@shared_task
def clear_sessions() -> None:
    """Delete expired sessions and tokens, and old account e-mails."""
    call_command("clearsessions")
    sign_in.delete_ended_sessions()
    tokens.delete_expired(now=timezone.now())
    mail.delete_finished(now=timezone.now())


@shared_task
def verify_audit(
    head: str | None = None, *, part: str = Part.CHAIN, last: int = 0, n_readings: int = 0
) -> None:
    """Verify the audit trail from the start, or from where the last time slice ended.

    If the broker loses a slice, this night's verification ends, and the next night's starts over.
    """
    began = monotonic()
    at = Position(hash_chain.head(head) if head else hash_chain.START, Part(part), last, n_readings)
    result = heads.verify() if head is None else None
    if result is None:
        at, result = trail.step(at)
    while result is None and monotonic() - began < TIME_SLICE_S:
        at, result = trail.step(at)
    if result is None:
        _verify_on(at)
        return
    trail.conclude(result=result, now=timezone.now())
    heads.keep(result, now=timezone.now())
    if result.fault is None:
        logger.info("audit trail verified: %s, %d readings", result.head, result.n_readings)
    else:
        logger.error("audit trail broken after %s: %s", result.head, result.fault)


def _verify_on(at: Position) -> None:
    """Enqueue the next time slice of a verification."""
    arguments = {"part": at.part.value, "last": at.last, "n_readings": at.n_readings}

    def ask() -> None:
        verify_audit.apply_async((str(at.head),), arguments, retry=False)

    transaction.on_commit(ask, robust=True)
