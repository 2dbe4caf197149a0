"""What the planner knows of the tables: kept up with them after much was written at once.

PostgreSQL analyzes a table some time after it has grown, and never one that grew in a transaction
that is still going on. Until then it takes the table for as small as it was, and goes over all of
it for each row of another: 100,000 readings took minutes where they take a second.
"""

from __future__ import annotations

import logging

from django.apps import apps
from django.db import connection

logger = logging.getLogger(__name__)

GROWN = 2.0
"""So many times its size of when it was analyzed, a table is analyzed again."""

PAGES = 1
"""A table this small does not matter. One of a few pages does: without statistics the planner takes
the ten batches of a study for one, and loops over the large tables that it joins with them."""

# The file's size is known at once and inside transactions; the counters of autovacuum are not.
# Less than one row per page: the table was analyzed after rows had been deleted, and may have been
# filled again since without a larger file.
BEHIND = """
    select c.relname from pg_class c
     where c.relnamespace = 'public'::regnamespace and c.relname = any (%s) and c.relkind = 'r'
       and pg_relation_size(c.oid) / current_setting('block_size')::int
           > greatest(%s, %s * case when c.reltuples < c.relpages then 0 else c.relpages end)
     order by c.relname
"""


def keep_up() -> list[str]:
    """Analyze the tables that have grown much since they were, and return their names.

    As the owner of the tables, before work that reads many rows. It costs a millisecond where
    nothing is to be done, and less than a second otherwise.
    """
    tables = [model._meta.db_table for model in apps.get_app_config("annotations").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(BEHIND, [tables, PAGES, GROWN])
        behind = [str(name) for (name,) in cursor.fetchall()]
        for table in behind:
            # Whoever else does it right now does it for us.
            cursor.execute(f"analyze (skip_locked) {connection.ops.quote_name(table)}")
    if behind:
        logger.debug("analyzed because they have grown: %s", ", ".join(behind))
    return behind
