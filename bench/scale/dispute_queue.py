"""How does a page of the dispute queue grow with the number of exams of its study?

Fills studies with 1,000, 10,000 and 100,000 exams by SQL: one in seven in dispute, one in a
hundred contradicted by a model, one in a thousand by a reference. Requests pages as a coordinator,
with row-level security as on the web, and prints CPU milliseconds of this process and its
database process, statements, and rows read. Run with the services up:
``python -m bench.scale.dispute_queue``.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import sys

from bench._site import empty_database

from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from annotations import row_security
from annotations.models import Batch, Dataset, Role, Study, Taxonomy, User
from annotations.services.assignment import batches
from annotations.services.people import members
from annotations.services.studies import lifecycle
from annotations.services.taxonomy import versions
from bench._requests import client_of
from bench.scale import plans
from bench.scale.pages import cpu_s
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
drop table if exists queue_row;
create temp table queue_row on commit drop as
select n, case when pg_temp.u(n, 1) < 1 / 7.0 then 1 + (3 * pg_temp.u(n, 2))::int else 0 end
              as n_disputed,
       pg_temp.u(n, 3) < 0.01 as has_model, pg_temp.u(n, 4) < 0.001 as has_reference
  from generate_series(1, {n}) n;

insert into annotations_exam (dataset_id, code, source_key, content_hash, source_labels,
                              imported_at)
select {dataset}, upper(lpad(to_hex({dataset} * 1000000 + n), 8, '0')), 'records/' || n,
       'queue-' || n, '{{}}', now()
  from queue_row;

-- Otherwise PostgreSQL joins the rows of 100,000 exams in nested loops.
analyze queue_row;
analyze annotations_exam;

set constraints all immediate;
alter table annotations_assignment disable trigger user;
insert into annotations_assignment (id, batch_id, exam_id, reader_id, position, occurrence, state,
                                    order_key, arm, is_abstained)
select e.id, {batch} + mod(q.n, 10), e.id, {reader}, q.n, 1, 'read', lpad(e.id::text, 64, '0'),
       'none', false
  from queue_row q join annotations_exam e on e.dataset_id = {dataset}
                      and e.content_hash = 'queue-' || q.n;
set constraints all immediate;
alter table annotations_assignment enable trigger user;

insert into annotations_consensus (
    study_id, exam_id, rule, outcome, reason, n_readings, n_wanted, n_unreadable, not_assessable,
    unassessed, class_states, rest_state, bases, rest_basis, posteriors, adjudicated, computed_at,
    expected_errors, n_disputed, n_cases, draw, inputs, digest,
    quality, quality_votes, problem_states, problem_votes)
select {study}, e.id, 'majority_per_class 2',
       case when q.n_disputed > 0 then 'disputed' else 'agreement' end,
       case when q.n_disputed > 0 then 'classes_disputed' else '' end,
       2, 2, 0, '{{}}', '{{}}', '{{}}', 'absent', '{{}}', 'unanimous', '{{}}', '{{}}', now(),
       0.5 * q.n_disputed, q.n_disputed,
       q.n_disputed + q.has_model::int + q.has_reference::int, pg_temp.u(q.n, 5),
       '', '', '', '{{}}', '{{}}', '{{}}'
  from queue_row q join annotations_exam e on e.dataset_id = {dataset}
                      and e.content_hash = 'queue-' || q.n;

insert into annotations_queuedcase (study_id, consensus_id, kind, diagnostic_class_id)
select {study}, c.id, kind, d.id
  from queue_row q
  join annotations_exam e on e.dataset_id = {dataset}
                      and e.content_hash = 'queue-' || q.n
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
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": storage}
    with empty_database(), override_settings(ALLOWED_HOSTS=["*"], STORAGES=storages):
        versions.install(now=timezone.now())
        davi = members.create(username="davi", first_name="Davi", roles=[Role.COORDINATOR])
        ana = members.create(username="ana", first_name="Ana", roles=[Role.READER])
        client = client_of(davi)
        for size in SIZES:
            study, batch, dataset = make_study(f"Study of {size}", davi, ana, size)
            print(f"{size:,} exams")
            for template in QUERIES:
                query = template.format(batch=batch.pk, dataset=dataset.pk)
                measure(client, davi, f"/studies/{study.slug}/disputes/?{query}")
    return 0


def measure(client: Client, user: User, address: str) -> None:
    """Request ``address`` twice, and print the cost of the second request."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        began = cpu_s()
        response = client.get(address)
        taken = cpu_s() - began
    sqls = [query["sql"] for query in captured.captured_queries]
    found = plans_of(user, sqls)
    print(
        f"  {address.partition('?')[2] or 'no filter':40} {1000 * taken:7.0f} ms"
        f" {len(sqls):3} statements {sum(plan.n_rows for plan in found):8,.0f} rows"
        f" {sum(plan.ms for plan in found):7.1f} ms of them"
        f" {response.content.count(BOX):3} exams",
        flush=True,
    )


def make_study(name: str, by: User, reader: User, size: int) -> tuple[Study, Batch, Dataset]:
    """Return a study with the queue of ``size`` exams, its first batch and its data set."""
    now = timezone.now()
    taxonomy = Taxonomy.objects.get()
    dataset = Dataset.objects.create(name=name, created_at=now)
    draft = lifecycle.create(
        protocol=Protocol(name=name, taxonomy=str(taxonomy)), created_by=by, now=now
    )
    study = lifecycle.open_study(study_id=draft.pk, actor=by, now=now)
    ten = [
        batches.make(study=study, name=f"Batch {n}", rows=[], created_by=by, now=now)
        for n in range(1, 11)
    ]
    Batch.objects.filter(study=study).update(released_at=now, closed_at=now, closed_by=by)
    fill(study, ten[0], reader, dataset, size)
    return study, ten[0], dataset


if __name__ == "__main__":
    sys.exit(main())
