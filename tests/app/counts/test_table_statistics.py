"""The planner knows how large the tables are, also right after they have grown."""

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
    """Write so many notices, into a table that was analyzed while it was empty."""
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


def estimated():
    """Return how many notices of one kind the planner expects."""
    with connection.cursor() as cursor:
        cursor.execute(
            "explain (format json) select * from annotations_notice where kind = 'batch_due'"
        )
        (told,) = cursor.fetchone()
    return (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]["Plan Rows"]


def test_a_table_that_grew_in_this_transaction_is_analyzed(grow):
    grow(10_000)
    assert estimated() < 1_000
    assert TABLE in table_statistics.keep_up()
    assert estimated() == pytest.approx(10_000, rel=0.01)


def test_a_table_is_analyzed_once_for_what_it_grew(grow):
    grow(10_000)
    table_statistics.keep_up()
    grow(1_000)
    assert TABLE not in table_statistics.keep_up()


def test_a_table_that_doubled_is_analyzed_again(grow):
    grow(10_000)
    table_statistics.keep_up()
    grow(15_000)
    assert TABLE in table_statistics.keep_up()
    assert estimated() == pytest.approx(25_000, rel=0.01)


def test_a_table_of_some_pages_is_analyzed_too(grow):
    """What is not known of it makes the planner loop over the large tables beside it."""
    grow(500)
    assert TABLE in table_statistics.keep_up()


def test_a_table_that_was_analyzed_among_deleted_rows_is_analyzed_again(grow):
    grow(10_000)
    with connection.cursor() as cursor:
        cursor.execute("delete from annotations_notice")
        cursor.execute(f"analyze {TABLE}")
    grow(1_000)
    assert estimated() < 100
    assert TABLE in table_statistics.keep_up()
    assert estimated() == pytest.approx(1_000, rel=0.01)


def test_a_table_of_one_page_is_left_as_it_is(grow):
    grow(20)
    assert TABLE not in table_statistics.keep_up()
