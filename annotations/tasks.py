"""Doors from Celery into the services: the rows say what is due, a task drains it.

Every task may run twice, at once, late or not at all: beat asks again every few seconds, so a
nudge that was lost with the broker is only a delay.
"""

from __future__ import annotations

from celery import Task, shared_task
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from annotations.services import agreement, consensus, suggestions


def nudge(task: Task[..., None]) -> None:
    """Ask for ``task`` once the transaction is committed, whether or not the broker can hear it.

    ``robust`` makes of a broker that is down a line in the log: the reading is committed and its
    reader must not be told that it failed. It logs the name of what failed, which a partial has
    not; with one, Django 5.2 raises after all.
    """

    def ask() -> None:
        task.apply_async(retry=False)

    transaction.on_commit(ask, robust=True)


@shared_task
def refresh_agreement() -> None:
    """Recompute the agreement of every batch that has new readings."""
    while agreement.refresh_next(now=timezone.now()):
        pass


@shared_task
def compute_suggestions() -> None:
    """Let the criteria model look at every exam that waits for it."""
    while suggestions.run_next(now=timezone.now()):
        pass


@shared_task
def compute_consensus() -> None:
    """Recompute the consensus of every study of which a batch was closed."""
    while consensus.refresh_next(now=timezone.now()):
        pass


@shared_task
def clear_sessions() -> None:
    """Delete the sessions that have expired."""
    call_command("clearsessions")
