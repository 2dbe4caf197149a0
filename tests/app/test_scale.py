"""SQL statements and query plans of heavy pages, in a database large enough to reveal loops.

As in a large import, the tables are filled after they were analyzed, so the planner's statistics
are wrong until ``table_statistics.keep_up`` runs.
"""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations import row_security, table_statistics
from annotations.models import AuditEvent, Reading
from annotations.services.consensus import labels
from annotations.services.export import jobs
from bench.scale import database, dispute_queue, plans

pytestmark = pytest.mark.django_db

N_READINGS = 6_000
MAX_STATEMENTS = 27

N_QUEUED = 10_000

ADDRESSES = {
    "davi": [
        "/studies/",
        "/studies/{slug}/",
        "/studies/{slug}/consensus/",
        "/studies/{slug}/export/",
        "/studies/{slug}/consensus/?outcome=disputed",
        "/studies/{slug}/disputes/",
        "/studies/{slug}/disputes/?kind=sample&share=0.2",
        "/studies/{slug}/disputes/?batch={pk}&class=atrial_fibrillation&sent=no&order=classes",
        "/studies/{slug}/progress/",
        "/studies/{slug}/progress.csv",
        "/studies/{slug}/exams/",
        "/studies/{slug}/plan/",
        "/batches/{pk}/",
        "/datasets/",
        "/api/studies/{slug}/progress/",
    ],
    "rosa": [
        "/studies/",
        "/studies/{slug}/consensus/?outcome=disputed",
        "/api/studies/{slug}/consensus/?limit=200",
        "/api/studies/{slug}/disputes/?limit=200",
        "/api/readings/?limit=200",
        "/api/exams/?limit=200",
    ],
    "otto": [
        "/audit/",
        "/audit/?action=reading",
        "/audit/?study={slug}",
        "/api/audit/?action=reading",
        "/studies/{slug}/progress/",
    ],
    "reader0": ["/worklist/", "/api/readings/?limit=50", "/api/assignments/?limit=50"],
}


@pytest.fixture(scope="module")
def filled(module_db):
    """Ten studies; the consensus of the largest is computed with outdated table statistics."""
    with module_db():
        keep_autovacuum_away()
        filled_database = database.fill(N_READINGS, is_analyzed=False, is_derived=False)
        labels.compute(study=filled_database.study, now=filled_database.closed.created_at)
        table_statistics.keep_up()
        assert Reading.objects.count() > 0.9 * N_READINGS


def keep_autovacuum_away():
    """Lock the tables: autovacuum cannot see uncommitted rows and would analyze them as empty."""
    tables = [model._meta.db_table for model in apps.get_app_config("annotations").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(f"lock table {', '.join(tables)} in share update exclusive mode")


@pytest.fixture
def large_database(filled):
    """The objects of the filled database, loaded for each test."""
    return database.existing_world()


def statements_of(client, address):
    """Send the request twice and return the statements of the second one."""
    assert client.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return [query["sql"] for query in captured.captured_queries]


def explain(user, sqls):
    """Return the plans of the SELECT statements, explained under the role that sent them."""
    plans_found: list[plans.Plan] = []
    with row_security.acting_as(user.pk):
        for sql, as_owner in plans.with_owner(sqls):
            if sql.lstrip("(").startswith("SELECT") and "annotations_" in sql:
                with row_security.as_owner() if as_owner else nullcontext():
                    plans_found.append(plans.explain(sql.replace("%", "%%"), ()))
    return plans_found


def nested_scans(user, sqls):
    """Return the scans that the query plans repeat in a loop."""
    return [scan for plan in explain(user, sqls) for scan in plan.nested]


def test_heavy_pages_need_few_statements_without_nested_scans(large_database, signed_in):
    davi, study = large_database.people["davi"], large_database.study
    jobs.request(study=study, actor=davi, now=large_database.closed.created_at)
    measured = {}
    for name, addresses in ADDRESSES.items():
        user = large_database.people[name]
        client = signed_in(user)
        for template in addresses:
            address = template.format(slug=large_database.study.slug, pk=large_database.closed.pk)
            sqls = statements_of(client, address)
            measured[name, address] = (max(len(sqls), MAX_STATEMENTS), nested_scans(user, sqls))
    assert measured == dict.fromkeys(measured, (MAX_STATEMENTS, []))


@pytest.mark.parametrize("query", ["", "order=classes", "kind=dispute", "kind=model", "sent=no"])
def test_a_page_of_the_dispute_queue_reads_each_exam_a_few_times(large_database, signed_in, query):
    """The count of the matching exams reads the most rows; it stops at the cap of the page.

    PostgreSQL estimates from a random sample, so plans differ: 2 to 4 rows per exam were seen.
    """
    davi, reader = (large_database.people[name] for name in ("davi", "reader0"))
    study, _, _ = dispute_queue.make_study("Queue", davi, reader, N_QUEUED)
    sqls = statements_of(signed_in(davi), f"/studies/{study.slug}/disputes/?{query}")
    explained = dispute_queue.plans_of(davi, sqls)
    assert len(sqls) <= MAX_STATEMENTS
    assert sum(plan.n_rows for plan in explained) < 6 * N_QUEUED


def test_a_page_of_the_audit_trail_visits_each_event_a_few_times(large_database, signed_in):
    otto = large_database.people["otto"]
    explained = explain(otto, statements_of(signed_in(otto), "/api/audit/?action=reading"))
    n_rows = [plan.n_rows for plan in explained if plan.is_of("annotations_auditlink")]
    assert 0 < sum(n_rows) < 4 * AuditEvent.objects.count()


def test_progress_does_not_sort_all_findings(large_database, signed_in):
    davi = large_database.people["davi"]
    explained = explain(
        davi, statements_of(signed_in(davi), f"/studies/{large_database.study.slug}/progress/")
    )
    n_readings = Reading.objects.filter(assignment__batch__study=large_database.study).count()
    n_sorted = [plan.n_sorted for plan in explained if plan.is_of("annotations_finding")]
    assert n_sorted
    assert max(n_sorted) <= n_readings
