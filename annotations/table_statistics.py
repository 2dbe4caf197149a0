"""Keeps the planner's statistics up to date after bulk writes.

Autovacuum analyzes a table only some time after it has grown, and never within the transaction
that filled it. Until then, its column statistics are missing or outdated, so the planner expects
too few rows and chooses nested loops: a query over 100,000 readings took minutes, not a second.
"""

from __future__ import annotations

import logging

from django.apps import apps
from django.db import connection

logger = logging.getLogger(__name__)

# A table is analyzed when its file has become larger than this many times its size at the last
# analysis.
GROWN = 2.0

# Tables of up to this many pages are ignored. Slightly larger ones matter: without statistics, the
# planner expects one batch in a study that has ten, and uses nested loops over the large tables
# joined with them.
PAGES = 1

# This compares file sizes, because they are current even inside a transaction, unlike autovacuum's
# counters. If the last analysis found less than one row per page, most rows had been deleted, and
# the table may have been filled again without its file growing. It is then analyzed anyway.
OUTDATED = """
    select c.relname from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relname = any (%s) and c.relkind = 'r'
       and pg_relation_size(c.oid) / current_setting('block_size')::int
           > greatest(%s, %s * case when c.reltuples < c.relpages then 0 else c.relpages end)
     order by c.relname
"""


def keep_up() -> list[str]:
    """Analyze the tables that have grown a lot since their last analysis; return their names.

    Call it as the owner of the tables, before work that reads many rows. It takes a millisecond if
    there is nothing to do, and less than a second otherwise.
    """
    tables = [model._meta.db_table for model in apps.get_app_config("annotations").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(OUTDATED, [tables, PAGES, GROWN])
        behind = [str(name) for (name,) in cursor.fetchall()]
        for table in behind:
            # Skip a table that another session is analyzing right now.
            cursor.execute(f"analyze (skip_locked) {connection.ops.quote_name(table)}")
    if behind:
        logger.debug("analyzed because they have grown: %s", ", ".join(behind))
    return behind
