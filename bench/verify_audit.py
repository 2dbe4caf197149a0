"""How long does it take to verify 100,000 readings, and how much memory?

Readings of 5,000 exams by twenty readers, each with two findings and the event of its submission;
tracings of ten seconds at 500 Hz. Prints what each part takes and the most memory that was used.
Run with the services up: ``python -m bench.verify_audit``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from datetime import datetime

from bench._site import empty_database

import numpy as np
from django.db import transaction
from django.utils import timezone

from annotations.models import AuditEvent, Reading, Role, Tracing, User
from annotations.services.people import accounts
from annotations.services.verification import trail
from annotations.services.taxonomy import versions
from annotations.services.verification import readings, tracings
from annotations.services.audit import signed_content
from bench import _two_batches as two_batches
from ecgreview import hash_chain
from ecgreview.ecg import wire
from ecgreview.ecg.signal import Signal

N_READERS, N_EXAMS, N_TRACINGS = 20, 5_200, 500
AT_ONCE = 5_000


def main() -> int:
    """Fill a database of its own, verify it, and tell."""
    with empty_database():
        fill(timezone.now())
        print(f"{Reading.objects.count():,} readings, {AuditEvent.objects.count():,} events")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        clocked("chain", lambda: hash_chain.verify(trail.entries()).n_events)
        clocked("readings", lambda: readings.check().n)
        clocked(f"tracings ({N_TRACINGS})", lambda: tracings.check(limit=N_TRACINGS).n)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"most memory: {before / 1024:.0f} MB before, {after / 1024:.0f} MB after")
    return 0


def clocked(name: str, what: Callable[[], int]) -> None:
    """Print how long ``what`` takes, and how many rows a second that is."""
    began, cpu = time.perf_counter(), time.process_time()
    n = what()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name:<16} {n:>8,} rows in {took:6.1f} s ({n / took:,.0f} a second; {cpu:.1f} s here)")


def fill(now: datetime) -> None:
    """Make readings by SQL, their events as an import of readings does, and some tracings."""
    taxonomy = versions.install(now=now)
    boss = accounts.create(
        username="boss", first_name="Boss", last_name="", roles=[Role.COORDINATOR], now=now
    )
    people = [User(username=f"reader{n}") for n in range(N_READERS)]
    for reader in people:
        reader.save()
    two_batches.fill(boss, people, taxonomy, n_exams=N_EXAMS, now=now)
    pack()
    record(now)


def pack() -> None:
    """Give some exams ten seconds of something."""
    rng = np.random.default_rng(1)
    for tracing in Tracing.objects.order_by("pk")[:N_TRACINGS]:
        waves = np.cumsum(rng.integers(-9, 10, (12, 5000)), axis=1).astype(np.int16)
        signal = Signal(waves, 500.0, 5.0)
        Tracing.objects.filter(pk=tracing.pk).update(
            packed=wire.pack(signal), content_hash=signal.content_hash,
            n_samples=signal.n_samples, sampling_rate_hz=signal.sampling_rate_hz,
        )  # fmt: skip


def record(now: datetime) -> None:
    """Write the event of each submission, as many in one commit as an import would."""
    last = 0
    while True:
        with transaction.atomic():
            rows = Reading.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE]
            block = list(signed_content.with_content(rows))
            if not block:
                return
            last = block[-1].pk
            AuditEvent.objects.bulk_create(
                AuditEvent(
                    at=now, action="reading.submitted", object_type="reading",
                    object_id=str(reading.pk),
                    after=hash_chain.canonical_json(signed_content.submission(reading)),
                )
                for reading in block
            )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
