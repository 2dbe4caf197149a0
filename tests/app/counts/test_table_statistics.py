"""The planner's table statistics are updated while tables grow inside a transaction."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from annotations import table_statistics
from annotations.models import Notice

pytestmark = pytest.mark.django_db

TABLE = Notice._meta.db_table


@pytest.fixture
def grow(ana):
    """Insert ``n`` notices into a table that was analyzed while it was empty."""
    with connection.cursor() as cursor:
        cursor.execute(f"truncate {TABLE}")
        cursor.execute(f"analyze {TABLE}")

    def write(n):
        with connection.cursor() as cursor:
            cursor.execute(
                """
                insert into annotations_notice
                       (user_id, kind, data, created_at, mail_is_due, n_attempts)
                select %s, 'batch_due', '{}', now() + n * interval '1 second', false, 0
                  from generate_series(1, %s) n
                """,
                [ana.pk, n],
            )

    return write


def estimated_rows():
    """Return the number of ``batch_due`` notices that the planner expects."""
    with connection.cursor() as cursor:
        cursor.execute(
            "explain (format json) select * from annotations_notice where kind = 'batch_due'"
        )
        (explained,) = cursor.fetchone()
    return (json.loads(explained) if isinstance(explained, str) else explained)[0]["Plan"][
        "Plan Rows"
    ]


def test_a_table_that_grew_in_this_transaction_is_analyzed(grow):
    grow(10_000)
    assert estimated_rows() < 1_000
    assert TABLE in table_statistics.keep_up()
    assert estimated_rows() == pytest.approx(10_000, rel=0.01)


def test_a_table_is_analyzed_once_for_the_same_growth(grow):
    grow(10_000)
    table_statistics.keep_up()
    grow(1_000)
    assert TABLE not in table_statistics.keep_up()


def test_a_table_that_doubled_is_analyzed_again(grow):
    grow(10_000)
    table_statistics.keep_up()
    grow(15_000)
    assert TABLE in table_statistics.keep_up()
    assert estimated_rows() == pytest.approx(25_000, rel=0.01)


def test_a_table_of_a_few_pages_is_analyzed(grow):
    """Without its statistics, the planner would choose nested loops over the large tables."""
    grow(500)
    assert TABLE in table_statistics.keep_up()


def test_a_table_analyzed_while_empty_is_analyzed_again(grow):
    grow(10_000)
    with connection.cursor() as cursor:
        cursor.execute("delete from annotations_notice")
        cursor.execute(f"analyze {TABLE}")
    grow(1_000)
    assert estimated_rows() < 100
    assert TABLE in table_statistics.keep_up()
    assert estimated_rows() == pytest.approx(1_000, rel=0.01)


def test_a_table_of_one_page_is_not_analyzed(grow):
    grow(20)
    assert TABLE not in table_statistics.keep_up()
