"""What does it cost a reader that the database, too, holds them to their own rows?

The requests of the reading desk, with and without row level security, among 1,050,000 findings of
fifty readers, interleaved in this process; and what a coordinator pays to list closed readings.
Prints the ratio, and exits with 1 when the next exam costs over 20 % more.
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

from annotations.models import Assignment, Batch, Finding, Role, Study, User
from annotations.services import people, taxonomies

N_READERS, N_EXAMS, N_WAITING, FINDINGS_EACH = 50, 10_600, 200, 2
ROUNDS, WARM_UP = 1000, 10
AT_MOST = 1.20

ROW_SECURITY = "annotations.middleware.RowSecurity"
BACKEND = "django.contrib.auth.backends.ModelBackend"

# By SQL, without the triggers that count and check: a million rows one by one take an hour.
FILL = f"""
set statement_timeout = 0;
alter table annotations_assignment disable trigger user;
alter table annotations_reading disable trigger user;
alter table annotations_finding disable trigger user;

insert into annotations_exam (dataset_id, code, source_key, content_hash, source_labels,
                              imported_at)
select d.id, 'E' || n, n::text, n::text, '{{}}', now()
  from annotations_dataset d, generate_series(1, {N_EXAMS}) n;

insert into annotations_tracing (exam_id, position, sampling_rate_hz, n_samples, missing_leads,
                                 remarks, content_hash, packed)
select id, 1, 400, 1, '[]', '[]', code, '' from annotations_exam;

insert into annotations_assignment (id, batch_id, exam_id, reader_id, occurrence, position,
                                    order_key, arm, state)
select r.id * 1000000 + e.n, b.id, e.id, r.id, 1, e.n, md5(r.id || ':' || e.id), 'after_commit',
       case when e.n > {N_EXAMS - N_WAITING} and b.closed_at is null then 'waiting' else 'read' end
  from (select id, row_number() over (order by id) as n from annotations_exam) e
  cross join (select id, row_number() over (order by id) % 2 as half
                from annotations_user where username like 'reader%') r
  join (select id, closed_at, row_number() over (order by id) % 2 as half
          from annotations_batch) b using (half);

insert into annotations_seat (batch_id, reader_id, n_assigned, n_read)
select batch_id, reader_id, count(*), count(*) filter (where state = 'read')
  from annotations_assignment group by 1, 2;

insert into annotations_reading (assignment_id, reader_id, protocol_version, stage, taxonomy_id,
                                 outcome, quality, problems, comment, n_findings,
                                 n_not_assessable, n_decisions, reason, submitted_at,
                                 idempotency_key, active_ms, idle_ms, display, tools)
select a.id, a.reader_id, 1, 'blind', t.id, 'read', 'good', '[]', '', {FINDINGS_EACH}, 0, 0, '',
       now(), gen_random_uuid(), 0, 0, '{{}}', '{{}}'
  from annotations_assignment a, annotations_taxonomy t where a.state = 'read';

insert into annotations_finding (reading_id, diagnostic_class_id, certainty, localisations,
                                 measurements)
select r.id, c.id, 'definite', '[]', '[]' from annotations_reading r
 cross join (select id from annotations_diagnosticclass order by id limit {FINDINGS_EACH}) c;

alter table annotations_assignment enable trigger user;
alter table annotations_reading enable trigger user;
alter table annotations_finding enable trigger user;
vacuum analyze;
"""  # noqa: S608 - made of numbers above


@dataclass(frozen=True)
class Case:
    """One request, by somebody, with and without row level security."""

    name: str
    address: str
    user: User
    n_rounds: int = ROUNDS


def main() -> int:
    with empty_database(), override_settings(ALLOWED_HOSTS=["*"]):
        cases = prepare()
        print(f"{Finding.objects.count():,} findings, {Assignment.objects.count():,} assignments")
        ratios = [measure(case) for case in cases]
    return int(ratios[0] > AT_MOST)


def measure(case: Case) -> float:
    """Print how long the request takes both ways, and return the ratio."""
    off, on = browser(case.user, has_rows_secured=False), browser(case.user, has_rows_secured=True)
    ways = [partial(fetch, client, case.address) for client in (off, on)]
    counts = [statements(way) for way in ways]
    for way in ways * min(WARM_UP, case.n_rounds // 10):
        way()
    # Interleaved, so that whatever else the machine does burdens both alike.
    times = [[clocked(way) for way in ways] for _ in range(case.n_rounds)]
    # The quickest few: what else the machine does falls on whoever waits for it more often.
    plain, secured = (
        1000 * statistics.quantiles(column, n=50)[0] for column in zip(*times, strict=True)
    )
    ratio = float(secured / plain)
    print(f"{case.name:<24} {plain:6.2f} ms, secured {secured:6.2f} ms: {ratio:.2f} x", end=" ")
    print(f"({counts[0]} and {counts[1]} statements, quickest 2 % of {case.n_rounds})")
    return ratio


def prepare() -> list[Case]:
    """Fill the database: two batches, the second one closed, each read by half of the readers."""
    now = timezone.now()
    taxonomy = taxonomies.install(now=now)
    boss = people.create(username="boss", first_name="Boss", wanted=[Role.COORDINATOR])
    readers = [
        people.create(username=f"reader{n}", first_name=f"R{n}", wanted=[Role.READER])
        for n in range(N_READERS)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into annotations_dataset (name, licence, attribution, is_synthetic, created_at)"
            " values ('bench', '', '', true, now())"
        )
    study = open_study(boss, taxonomy.pk)
    for reader in readers:
        study.readers.create(user=reader, status_since=now, added_at=now)
    for name in ("open", "closed"):
        Batch.objects.create(
            study=study, name=name, created_by=boss, created_at=now, taxonomy=taxonomy,
            released_at=now, closed_at=now if name == "closed" else None,
            closed_by=boss if name == "closed" else None,
        )  # fmt: skip
    with connection.cursor() as cursor:
        for statement in FILL.strip().rstrip(";").split(";\n"):
            cursor.execute(statement)
    given = Assignment.objects.waiting().filter(reader__in=readers).in_reading_order()[0]
    return [
        Case("next exam", "/api/assignments/?state=open&limit=1", given.reader),
        Case("desk", f"/api/assignments/{given.pk}/", given.reader, 300),
        Case("closed readings, 50", "/api/readings/?limit=50", boss, 100),
    ]


def open_study(boss: User, taxonomy_id: int) -> Study:
    """Make an open study, with the record of its protocol that a trigger asks for."""
    now = timezone.now()
    study = Study.objects.create(
        name="bench", slug="bench", taxonomy_id=taxonomy_id, created_by=boss, created_at=now
    )
    study.protocol_versions.create(
        version=1, document={}, digest="", created_by=boss, created_at=now
    )
    Study.objects.update(phase="open", opened_at=now)
    study.refresh_from_db()
    return study


def browser(user: User, *, has_rows_secured: bool) -> Client:
    """Return a browser of ``user`` on a site with or without the middleware."""
    kept = [one for one in settings.MIDDLEWARE if has_rows_secured or one != ROW_SECURITY]
    client = Client()
    client.force_login(user, backend=BACKEND)
    with override_settings(MIDDLEWARE=kept):
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


def clocked(deed: Callable[[], None]) -> float:
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
