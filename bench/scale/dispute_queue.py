"""How does a page of the dispute queue grow with the number of exams of its study?

Fills one study with 1,000, 10,000 and 100,000 exams by SQL: one in seven in dispute, one in a
hundred contradicted by a model, one in a thousand by a reference. Requests pages as a coordinator,
with row-level security as on the web, and prints milliseconds of this process and its database
process, statements, and rows read. Run with the services up:
``python -m bench.scale.dispute_queue``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench._site import empty_database

from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from annotations import row_security
from annotations.models import Batch, Dataset, Role, Study, User
from annotations.services.assignment import batches
from annotations.services.people import members
from annotations.services.studies import lifecycle
from annotations.services.taxonomy import versions
from bench._requests import client_of
from bench.scale import plans
from bench.scale.rows import U
from ecgreview.protocol import Protocol

BOX = b'type="checkbox"'  # one for each exam of the page

SIZES = (1_000, 10_000, 100_000)

QUERIES = (
    "",
    "order=classes",
    "kind=dispute",
    "kind=model",
    "kind=reference",
    "kind=sample&share=0.05",
    "class=atrial_fibrillation",
    "class=atrial_fibrillation&kind=model",
    "batch={batch}",
    "sent=no",
    "sent=yes",
    "dataset={dataset}",
)
"""Filters of the page; ``{batch}`` has a tenth of the exams, ``{dataset}`` has all."""

FILL = """
create temp table queue_row on commit drop as
select n, case when pg_temp.u(n, 1) < 1 / 7.0 then 1 + (3 * pg_temp.u(n, 2))::int else 0 end
              as n_disputed,
       pg_temp.u(n, 3) < 0.01 as has_model, pg_temp.u(n, 4) < 0.001 as has_reference
  from generate_series(1, {n}) n;

insert into annotations_exam (dataset_id, code, source_key, content_hash, source_labels,
                              imported_at)
select {dataset}, 'Q' || lpad(upper(to_hex(n)), 7, '0'), 'records/' || n, 'queue-' || n, '{{}}',
       now()
  from queue_row;

set constraints all immediate;
alter table annotations_assignment disable trigger user;
insert into annotations_assignment (id, batch_id, exam_id, reader_id, position, occurrence, state,
                                    order_key, arm, is_abstained)
select e.id * 8 + 1, {batch} + mod(q.n, 10), e.id, {reader}, q.n, 1, 'read', lpad(e.id::text, 64, '0'), 'none', false
  from queue_row q join annotations_exam e on e.content_hash = 'queue-' || q.n;
set constraints all immediate;
alter table annotations_assignment enable trigger user;

insert into annotations_consensus (
    study_id, exam_id, rule, outcome, reason, n_readings, n_wanted, n_unreadable, not_assessable,
    class_states, rest_state, bases, rest_basis, posteriors, adjudicated, computed_at,
    expected_errors, n_disputed, n_cases, draw)
select {study}, e.id, 'majority_per_class 2',
       case when q.n_disputed > 0 then 'disputed' else 'agreement' end,
       case when q.n_disputed > 0 then 'classes_disputed' else '' end,
       2, 2, 0, '{{}}', '{{}}', 'absent', '{{}}', 'unanimous', '{{}}', '{{}}', now(),
       0.5 * q.n_disputed, q.n_disputed,
       q.n_disputed + q.has_model::int + q.has_reference::int, pg_temp.u(q.n, 5)
  from queue_row q join annotations_exam e on e.content_hash = 'queue-' || q.n;

insert into annotations_queuedcase (study_id, consensus_id, kind, diagnostic_class_id)
select {study}, c.id, kind, d.id
  from queue_row q
  join annotations_exam e on e.content_hash = 'queue-' || q.n
  join annotations_consensus c on c.exam_id = e.id and c.study_id = {study}
 cross join lateral (
       select 'dispute' as kind, place from generate_series(1, q.n_disputed) place
       union all select 'model', 1 where q.has_model
       union all select 'reference', 1 where q.has_reference) found
  join lateral (select id from annotations_diagnosticclass where taxonomy_id = {taxonomy}
                 order by position offset mod(q.n * 7 + place * 11, 60) limit 1) d on true
    on conflict do nothing;
"""


def fill(study: Study, batch: Batch, reader: User, dataset: Dataset, n: int) -> None:
    """Give ``study`` the consensus of ``n`` exams in ten batches, of which ``batch`` is the first.

    The primary keys of the batches must follow each other.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")
        cursor.execute(U)
        cursor.execute(
            FILL.format(
                n=n,
                study=study.pk,
                batch=batch.pk,
                reader=reader.pk,
                dataset=dataset.pk,
                taxonomy=study.taxonomy_id,
            )
        )
    with connection.cursor() as cursor:
        cursor.execute("analyze")


def plans_of(user: User, sqls: list[str]) -> list[plans.Plan]:
    """Return the plans of the SELECT statements about the queue, under the user's role."""
    tables = ("annotations_consensus", "annotations_queuedcase", "annotations_assignment")
    with row_security.acting_as(user.pk):
        return [
            plans.explain(sql.replace("%", "%%"), ())
            for sql, as_owner in plans.with_owner(sqls)
            if not as_owner and sql.startswith("SELECT") and any(table in sql for table in tables)
        ]


def main() -> int:
    for size in SIZES:
        with _study_of(size) as (study, batch, user, dataset):
            client = client_of(user)
            print(f"{size:,} exams")
            for template in QUERIES:
                query = template.format(batch=batch.pk, dataset=dataset.pk)
                address = f"/studies/{study.slug}/disputes/?{query}"
                client.get(address)
                with CaptureQueriesContext(connection) as captured:
                    client.get(address)
                start = time.perf_counter()
                response = client.get(address)
                taken = time.perf_counter() - start
                found = plans_of(user, [row["sql"] for row in captured.captured_queries])
                print(
                    f"  {template or 'no filter':40} {1000 * taken:7.0f} ms"
                    f" {len(captured):3} statements {sum(plan.n_rows for plan in found):8,} rows"
                    f" {sum(plan.ms for plan in found):7.1f} ms of them"
                    f" {response.content.count(BOX):3} exams"
                )
    return 0


@contextmanager
def _study_of(size: int) -> Iterator[tuple[Study, Batch, User, Dataset]]:
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": storage}
    with empty_database(), override_settings(ALLOWED_HOSTS=["*"], STORAGES=storages):
        now = timezone.now()
        taxonomy = versions.install(now=now)
        davi = members.create(username="davi", first_name="Davi", roles=[Role.COORDINATOR])
        ana = members.create(username="ana", first_name="Ana", roles=[Role.READER])
        dataset = Dataset.objects.create(name="Large", created_at=now)
        protocol = Protocol(name="Large", taxonomy=str(taxonomy), results_open="batch_closed")
        draft = lifecycle.create(protocol=protocol, created_by=davi, now=now)
        study = lifecycle.open_study(study_id=draft.pk, actor=davi, now=now)
        ten = [
            batches.make(study=study, name=f"Batch {n}", rows=[], created_by=davi, now=now)
            for n in range(1, 11)
        ]
        Batch.objects.filter(study=study).update(released_at=now, closed_at=now, closed_by=davi)
        fill(study, ten[0], ana, dataset, size)
        yield study, ten[0], davi, dataset


if __name__ == "__main__":
    sys.exit(main())
