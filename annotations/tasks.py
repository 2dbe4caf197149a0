"""Doors from Celery into the services: the rows say what is due, a task drains it.

Every task may run twice, at once, late or not at all: beat asks again every few seconds, so a
nudge that was lost with the broker is only a delay.
"""

from __future__ import annotations

from datetime import datetime
from time import monotonic
from typing import Protocol

from celery import Task, shared_task
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from annotations.services import agreement, consensus, people, suggestions

BITE_S = 8.0
"""A task works this long and then asks for itself again: well inside the worker's time limit."""


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


def drain(step: Step, task: Task[..., None], bite_s: float = BITE_S) -> None:
    """Repeat ``step`` until nothing is due, or ``task`` has to go on in another bite."""
    began = monotonic()
    while step(now=timezone.now()):
        if monotonic() - began >= bite_s:
            nudge(task)
            return


@shared_task
def refresh_agreement() -> None:
    """Recompute the agreement of every batch that has new readings."""
    drain(agreement.refresh_next, refresh_agreement)


@shared_task
def compute_suggestions() -> None:
    """Let the criteria model look at every exam that waits for it."""
    drain(suggestions.run_next, compute_suggestions)


@shared_task
def compute_consensus() -> None:
    """Recompute the consensus of every study of which a batch was closed."""
    drain(consensus.refresh_next, compute_consensus)


@shared_task
def clear_sessions() -> None:
    """Delete the sessions and tokens that have expired."""
    call_command("clearsessions")
    people.forget_tokens(now=timezone.now())
