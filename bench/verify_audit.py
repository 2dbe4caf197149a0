"""How much time and memory does it take to verify 100,000 readings?

Uses readings of 5,200 exams by twenty readers, each with two findings and a submission event, and
tracings of ten seconds at 500 Hz. Prints the time of each part and the peak memory.
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
    with empty_database():
        fill(timezone.now())
        print(f"{Reading.objects.count():,} readings, {AuditEvent.objects.count():,} events")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report_time("chain", lambda: hash_chain.verify(trail.entries()).n_events)
        report_time("readings", lambda: readings.check().n)
        report_time(f"tracings ({N_TRACINGS})", lambda: tracings.check(limit=N_TRACINGS).n)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"peak memory: {before / 1024:.0f} MB before, {after / 1024:.0f} MB after")
    return 0


def report_time(name: str, action: Callable[[], int]) -> None:
    """Run ``action``, which returns a number of rows, and print its time and rows per second."""
    began, cpu = time.perf_counter(), time.process_time()
    n = action()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{name:<16} {n:>8,} rows in {took:6.1f} s ({n / took:,.0f}/s; {cpu:.1f} s CPU here)")


def fill(now: datetime) -> None:
    """Create readings with SQL, events of their submissions, and some tracings."""
    taxonomy = versions.install(now=now)
    coordinator = accounts.create(
        username="boss", first_name="Boss", last_name="", roles=[Role.COORDINATOR], now=now
    )
    people = [User(username=f"reader{n}") for n in range(N_READERS)]
    for reader in people:
        reader.save()
    two_batches.fill(coordinator, people, taxonomy, n_exams=N_EXAMS, now=now)
    pack()
    record(now)


def pack() -> None:
    """Give some exams ten seconds of random signal."""
    rng = np.random.default_rng(1)
    for tracing in Tracing.objects.order_by("pk")[:N_TRACINGS]:
        waves = np.cumsum(rng.integers(-9, 10, (12, 5000)), axis=1).astype(np.int16)
        signal = Signal(waves, 500.0, 5.0)
        Tracing.objects.filter(pk=tracing.pk).update(
            packed=wire.pack(signal), content_hash=signal.content_hash,
            n_samples=signal.n_samples, sampling_rate_hz=signal.sampling_rate_hz,
        )  # fmt: skip


def record(now: datetime) -> None:
    """Write the event of each submission, with as many events per commit as an import."""
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
