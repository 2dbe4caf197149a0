"""How much time does row-level security cost?

Measures requests of the desk, and a coordinator's list of closed readings, alternately with and
without it in this process, among 1,050,000 findings of fifty readers. Prints the ratios, and
returns 1 if the next exam takes over 20% longer.
Run with the services up: ``python -m bench.study_rls``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bench._site import empty_database

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from annotations.models import Assignment, Finding, Role, User
from annotations.services.people import members
from annotations.services.taxonomy import versions
from bench._two_batches import fill

N_READERS, N_EXAMS = 50, 10_600
ROUNDS, WARM_UP = 1000, 10
MAX_RATIO = 1.20

ROW_SECURITY = "annotations.middleware.RowSecurity"
BACKEND = "django.contrib.auth.backends.ModelBackend"


@dataclass(frozen=True)
class Case:
    name: str
    address: str
    user: User
    n_rounds: int = ROUNDS


def main() -> int:
    with empty_database(), override_settings(ALLOWED_HOSTS=["*"], API_REQUESTS_PER_MINUTE=0):
        cases = prepare()
        print(f"{Finding.objects.count():,} findings, {Assignment.objects.count():,} assignments")
        ratios = [measure(case) for case in cases]
    return int(ratios[0] > MAX_RATIO)


def measure(case: Case) -> float:
    """Print the times of the request with and without row-level security; return their ratio."""
    off, on = browser(case.user, has_rows_secured=False), browser(case.user, has_rows_secured=True)
    ways = [partial(fetch, client, case.address) for client in (off, on)]
    counts = [statements(way) for way in ways]
    for way in ways * min(WARM_UP, case.n_rounds // 10):
        way()
    # Interleaved, so that other load on the machine affects both alike.
    times = [[elapsed_s(way) for way in ways] for _ in range(case.n_rounds)]
    # The fastest 2%, because other load slows the requests with more queries more often.
    unsecured, secured = (
        1000 * statistics.quantiles(column, n=50)[0] for column in zip(*times, strict=True)
    )
    ratio = float(secured / unsecured)
    print(f"{case.name:<24} {unsecured:6.2f} ms, secured {secured:6.2f} ms: {ratio:.2f} x", end=" ")
    print(f"({counts[0]} and {counts[1]} statements, quickest 2% of {case.n_rounds})")
    return ratio


def prepare() -> list[Case]:
    """Fill the database: an open and a closed batch, each read by half of the readers."""
    now = timezone.now()
    taxonomy = versions.install(now=now)
    coordinator = members.create(username="boss", first_name="Boss", roles=[Role.COORDINATOR])
    readers = [
        members.create(username=f"reader{n}", first_name=f"R{n}", roles=[Role.READER])
        for n in range(N_READERS)
    ]
    fill(coordinator, readers, taxonomy, n_exams=N_EXAMS, now=now)
    assignment = Assignment.objects.waiting().filter(reader__in=readers).in_reading_order()[0]
    return [
        Case("next exam", "/api/assignments/?state=open&limit=1", assignment.reader),
        Case("desk", f"/api/assignments/{assignment.pk}/", assignment.reader, 300),
        Case("closed readings, 50", "/api/readings/?limit=50", coordinator, 100),
    ]


def browser(user: User, *, has_rows_secured: bool) -> Client:
    """Return a client of ``user`` on a site with or without the middleware."""
    middleware = [name for name in settings.MIDDLEWARE if has_rows_secured or name != ROW_SECURITY]
    client = Client()
    client.force_login(user, backend=BACKEND)
    with override_settings(MIDDLEWARE=middleware):
        client.handler.load_middleware()
    return client


def fetch(client: Client, address: str) -> None:
    response = client.get(address)
    if response.status_code != 200:
        raise SystemExit(f"{address}: HTTP {response.status_code} {response.content!r}")


def statements(way: Callable[[], None]) -> int:
    with CaptureQueriesContext(connection) as queries:
        way()
    return len(queries)


def elapsed_s(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
