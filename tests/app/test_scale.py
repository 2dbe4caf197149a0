"""Statements and plans of heavy pages, in a database large enough for a loop to show.

The tables are filled after they were analyzed, as by a large import: what the planner knows of
them is wrong until ``statistics.keep_up``.
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
from bench.scale import database, plans

pytestmark = pytest.mark.django_db

N_READINGS = 6_000
STATEMENTS_AT_MOST = 27
"""Thirty, less the three of a session that is kept alive now and then."""

ADDRESSES = {
    "davi": [
        "/studies/",
        "/studies/{slug}/",
        "/studies/{slug}/consensus/",
        "/studies/{slug}/export/",
        "/studies/{slug}/consensus/?outcome=disputed",
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
def filled(story):
    """Ten studies; the consensus of the largest is computed with what the planner is told."""
    with story():
        keep_autovacuum_away()
        world = database.fill(N_READINGS, is_analyzed=False, is_derived=False)
        labels.compute(study=world.study, now=world.closed.created_at)
        table_statistics.keep_up()
        assert Reading.objects.count() > 0.9 * N_READINGS


def keep_autovacuum_away():
    """Hold the lock that it would need: it sees no row of this transaction, and would say so."""
    tables = [model._meta.db_table for model in apps.get_app_config("annotations").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(f"lock table {', '.join(tables)} in share update exclusive mode")


@pytest.fixture
def large(filled):
    """The same, fetched anew."""
    return database.found()


def asked(client, address):
    """Return the statements of a request, the second time."""
    assert client.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return [query["sql"] for query in captured.captured_queries]


def carried_out(user, sqls):
    """Return how the database carries the statements out, as whoever they were sent as."""
    found: list[plans.Plan] = []
    with row_security.acting_as(user.pk):
        for sql, as_owner in plans.by_whom(sqls):
            if sql.lstrip("(").startswith("SELECT") and "annotations_" in sql:
                with row_security.as_owner() if as_owner else nullcontext():
                    found.append(plans.explained(sql.replace("%", "%%"), ()))
    return found


def nested(user, sqls):
    """Return the scans that are repeated."""
    return [scan for plan in carried_out(user, sqls) for scan in plan.nested]


def test_heavy_pages_ask_little_and_go_over_no_table_again_and_again(large, signed_in):
    found = {}
    for name, addresses in ADDRESSES.items():
        user = large.people[name]
        client = signed_in(user)
        for template in addresses:
            address = template.format(slug=large.study.slug, pk=large.closed.pk)
            sqls = asked(client, address)
            found[name, address] = (max(len(sqls), STATEMENTS_AT_MOST), nested(user, sqls))
    assert found == dict.fromkeys(found, (STATEMENTS_AT_MOST, []))


def test_a_portion_of_the_audit_trail_looks_at_no_event_again_and_again(large, signed_in):
    otto = large.people["otto"]
    found = carried_out(otto, asked(signed_in(otto), "/api/audit/?action=reading"))
    n_rows = [plan.n_rows for plan in found if plan.is_of("annotations_auditlink")]
    assert 0 < sum(n_rows) < 4 * AuditEvent.objects.count()


def test_progress_sorts_no_findings(large, signed_in):
    davi = large.people["davi"]
    found = carried_out(davi, asked(signed_in(davi), f"/studies/{large.study.slug}/progress/"))
    n_readings = Reading.objects.filter(assignment__batch__study=large.study).count()
    n_sorted = [plan.n_sorted for plan in found if plan.is_of("annotations_finding")]
    assert n_sorted
    assert max(n_sorted) <= n_readings
