"""Doors from Celery into the services: the rows say what is due, a task drains it.

Every task may run twice, at once, late or not at all: beat asks again every few seconds, so a
nudge that was lost with the broker is only a delay.
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
from annotations.services.consensus import labels
from annotations.services.counts import live, recount
from annotations.services.exams import same_recordings
from annotations.services.export import jobs
from annotations.services.mail import queue as mail
from annotations.services.notices import delivery
from annotations.services.people import sign_in, tokens
from annotations.services.suggestions import runs
from annotations.services.verification import heads, trail
from annotations.services.verification.trail import Part, Position
from ecgreview import hash_chain

logger = logging.getLogger(__name__)

TIME_SLICE_S = 8.0
"""A task works this long and then asks for itself again: well inside the worker's time limit."""

LONG_S = 300
"""The consensus or the report of one large study takes at most this long.

Its message comes again meanwhile, and whoever gets it finds the study taken.
"""

ARCHIVE_S = 1800
"""An archive takes at most this long: some minutes for 100,000 readings on a busy machine."""

BUSY_S = 60.0
"""What others hold is asked for again after this."""


class Step(Protocol):
    """Do one piece of the work that is due; False when there is none."""

    def __call__(self, *, now: datetime) -> bool:
        """Do it as of ``now``."""


def nudge(task: Task[..., None]) -> None:
    """Ask for ``task`` once the transaction is committed, whether or not the broker can hear it.

    ``robust`` makes of a broker that is down a line in the log: the reading is committed and its
    reader must not be told that it failed. It logs the name of what failed, which a partial has
    not; with one, Django 5.2 raises after all.
    """

    def ask() -> None:
        task.apply_async(retry=False)

    transaction.on_commit(ask, robust=True)


def drain(step: Step, task: Task[..., None], bite_s: float = TIME_SLICE_S) -> None:
    """Repeat ``step`` until nothing is due, or ``task`` has to go on in another bite."""
    began = monotonic()
    while step(now=timezone.now()):
        if monotonic() - began >= bite_s:
            nudge(task)
            return


@shared_task(soft_time_limit=LONG_S, time_limit=LONG_S + 5)
def refresh_agreement() -> None:
    """Count every new reading, and compute the reports whose counts have come to rest."""
    drain(refresh.work_next, refresh_agreement)


@shared_task
def recount_agreement(
    study: int | None = None, batch: int | None = None, exam: int | None = None, n_waits: int = 0
) -> None:
    """Count everything again, and repair what differs; from the beginning, or from a bite's end.

    A bite that is lost with the broker ends the recount of this night; the next begins anew. One
    that ends by an error goes on behind the scope that it was in.
    """
    at = recount.first()
    if study is not None:
        at = recount.Position(Scope(study, batch), exam, n_waits)
    rest, began = at, monotonic()
    try:
        while at is not None and monotonic() - began < TIME_SLICE_S:
            rest = recount.behind(at)
            at = rest = _recount_step(at)
    finally:
        if rest is not None:
            _recount_on(rest)


def _recount_step(at: recount.Position) -> recount.Position | None:
    """Recount a portion, or, while others hold the counts of the study, put it off."""
    now = timezone.now()
    try:
        return recount.step(at, now=now)
    except live.Busy:
        if later := recount.put_off(at, now=now):
            _recount_on(later, in_s=BUSY_S)
        return recount.behind_study(at)


def _recount_on(at: recount.Position, *, in_s: float = 0) -> None:
    """Ask for the next bite of a recount."""
    rest = (at.scope.study_id, at.scope.batch_id, at.exam_id, at.n_waits)

    def ask() -> None:
        recount_agreement.apply_async(rest, retry=False, countdown=in_s)

    transaction.on_commit(ask, robust=True)


@shared_task
def compute_suggestions() -> None:
    """Let the criteria model look at every exam that waits for it."""
    drain(runs.run_next, compute_suggestions)


@shared_task
def link_recordings() -> None:
    """Link the exams of one recording that were imported before recordings were recognized."""
    drain(same_recordings.link_next, link_recordings)


@shared_task(soft_time_limit=LONG_S, time_limit=LONG_S + 5)
def compute_consensus() -> None:
    """Recompute the consensus of every study of which a batch was closed."""
    drain(labels.refresh_next, compute_consensus)


@shared_task
def judge_qualifications() -> None:
    """Judge every qualification set whose last reading is in and was not judged with it."""
    drain(qualification.judge_next, judge_qualifications)


@shared_task
def reclaim_leases() -> None:
    """Give back to their pools the exams that nobody has touched for too long."""
    drain(leases.reclaim_next, reclaim_leases)


@shared_task
def mail_accounts() -> None:
    """Send invitations and links for new passwords that wait for it."""
    drain(mail.send_next, mail_accounts)


@shared_task
def mail_notices() -> None:
    """Mail the notices that wait for it, as long as the mail server takes them."""
    drain(delivery.mail_next, mail_notices)


@shared_task
def remind_readers() -> None:
    """Leave notices about batches that are due soon or overdue."""
    delivery.remind(now=timezone.now())


@shared_task(soft_time_limit=ARCHIVE_S, time_limit=ARCHIVE_S + 5)
def make_archives() -> None:
    """Make the archives that people asked for.

    One archive may take longer than a message stays with its worker: the message then comes again,
    and whoever gets it finds the archive taken.
    """
    drain(jobs.make_next, make_archives)


@shared_task
def clear_archives() -> None:
    """Delete the archives that are no longer kept."""
    jobs.clear(now=timezone.now())


@shared_task
def keep_statistics() -> None:
    """Let the planner know of the tables that have grown much."""
    table_statistics.keep_up()


@shared_task
def clear_sessions() -> None:
    """Delete the sessions and tokens that have expired."""
    call_command("clearsessions")
    sign_in.forget_sessions()
    tokens.forget(now=timezone.now())
    mail.forget(now=timezone.now())


@shared_task
def verify_audit(
    head: str | None = None, *, part: str = Part.CHAIN, last: int = 0, n_readings: int = 0
) -> None:
    """Verify the audit trail from the beginning, or from where the last time slice ended.

    A slice that is lost with the broker ends the verification of this night; the next begins anew.
    """
    began = monotonic()
    at = Position(hash_chain.head(head) if head else hash_chain.START, Part(part), last, n_readings)
    found = heads.verify() if head is None else None
    if found is None:
        at, found = trail.step(at)
    while found is None and monotonic() - began < TIME_SLICE_S:
        at, found = trail.step(at)
    if found is None:
        _verify_on(at)
        return
    trail.conclude(found=found, now=timezone.now())
    heads.keep(found, now=timezone.now())
    if found.fault is None:
        logger.info("audit trail verified: %s, %d readings", found.head, found.n_readings)
    else:
        logger.error("audit trail broken after %s: %s", found.head, found.fault)


def _verify_on(at: Position) -> None:
    """Ask for the next bite of a verification."""
    rest = {"part": at.part.value, "last": at.last, "n_readings": at.n_readings}

    def ask() -> None:
        verify_audit.apply_async((str(at.head),), rest, retry=False)

    transaction.on_commit(ask, robust=True)
