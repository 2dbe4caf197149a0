"""Statements and plans of heavy pages, in a database large enough for a loop to show.

The tables are filled after they were analysed, as by a large import: what the planner knows of
them is wrong until ``statistics.keep_up``.
"""

from __future__ import annotations

from contextlib import nullcontext

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotations.services import consensus, statistics
from bench.scale import database, plans
from ecgreview import row_security

pytestmark = pytest.mark.django_db

N_READINGS = 6_000
STATEMENTS_AT_MOST = 30

ADDRESSES = {
    "davi": [
        "/studies/",
        "/studies/{slug}/",
        "/studies/{slug}/consensus/",
        "/studies/{slug}/export/",
        "/studies/{slug}/progress/",
        "/studies/{slug}/exams/",
        "/studies/{slug}/plan/",
        "/batches/{pk}/",
        "/datasets/",
        "/api/studies/{slug}/progress/",
    ],
    "rosa": [
        "/studies/",
        "/studies/{slug}/consensus/?outcome=undecided",
        "/api/studies/{slug}/consensus/?limit=200",
        "/api/readings/?limit=200",
        "/api/exams/?limit=200",
    ],
    "reader0": ["/worklist/", "/api/readings/?limit=50", "/api/assignments/?limit=50"],
}


@pytest.fixture
def large():
    """Ten studies; the consensus of the largest is computed with what the planner is told."""
    world = database.fill(N_READINGS, is_analysed=False, is_derived=False)
    consensus.compute(study=world.study, now=world.closed.created_at)
    statistics.keep_up()
    return world


def asked(client, address):
    """Return the statements of a request, the second time."""
    assert client.get(address).status_code == 200, address
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return [query["sql"] for query in captured.captured_queries]


def nested(user, sqls):
    """Return the scans that are repeated, as the database carries the statements out."""
    found: list[str] = []
    with row_security.acting_as(user.pk):
        for sql, as_owner in by_whom(sqls):
            if sql.startswith("SELECT") and "annotations_" in sql:
                with row_security.as_owner() if as_owner else nullcontext():
                    found += plans.explained(sql).nested
    return found


def by_whom(sqls):
    """Give each statement, and whether it was sent with the rights of the owner."""
    as_owner = True
    for sql in sqls:
        if "row_security_act(" in sql:
            as_owner = False
        elif "set_config('role'" in sql:
            as_owner = "set_config('role', 'none'" in sql
        yield sql, as_owner


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
