"""A reader with a worklist of any length, created with SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from annotations.models import Batch, Dataset, User

EXAMS = """
    insert into annotations_exam (dataset_id, code, source_key, content_hash, source_labels,
                                  imported_at)
    select %(dataset)s, lpad(upper(to_hex(n)), 8, '0'), 'many/' || n, 'many-' || n, '{}', now()
      from generate_series(1, %(n)s) n on conflict do nothing
"""

# Half of the assignments are read, so that the index on waiting ones makes a difference.
ASSIGNMENTS = """
    insert into annotations_assignment (id, batch_id, exam_id, reader_id, occurrence, position,
                                        order_key, arm, state)
    select %(first_id)s + place, %(batch)s, id, %(reader)s, 1, place, md5(id::text),
           'after_commit', case when place <= %(n_read)s then 'read' else 'waiting' end
      from (select id, row_number() over (order by id) as place from annotations_exam
             where source_key like 'many/%%' order by id limit %(n)s) numbered
"""

ANALYZE = "analyze annotations_assignment, annotations_exam, annotations_seat, annotations_batch"


def exams(dataset: Dataset, n: int) -> None:
    """Create ``n`` exams without tracings."""
    with connection.cursor() as cursor:
        cursor.execute(EXAMS, {"dataset": dataset.pk, "n": n})


def assignments(batch: Batch, reader: User, n: int, *, first_id: int | None = None) -> None:
    """Assign the first ``n`` exams of ``exams`` to ``reader`` and mark the first half as read."""
    values = {
        "batch": batch.pk,
        "reader": reader.pk,
        "n": n,
        "n_read": n // 2,
        "first_id": batch.pk << 32 if first_id is None else first_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(ASSIGNMENTS, values)
        cursor.execute(ANALYZE)


@dataclass(frozen=True, slots=True)
class StatementCost:
    """Rows and scans of one statement.

    Attributes:
        n_rows: rows read from tables and indexes, including those filtered out.
        scans: scan type and table, such as ``Seq Scan annotations_assignment``.
    """

    n_rows: int
    scans: frozenset[str]


def statement_cost(sql: str) -> StatementCost:
    """Execute a SELECT again and return the rows and scans of its plan."""
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, timing off, format json) {sql}")
        (plan_text,) = cursor.fetchone()
    plan = (json.loads(plan_text) if isinstance(plan_text, str) else plan_text)[0]["Plan"]
    nodes = [node for node in _nodes(plan) if "Scan" in node["Node Type"]]
    return StatementCost(
        n_rows=sum(_n_rows_read(node) for node in nodes),
        scans=frozenset(f"{node['Node Type']} {node.get('Relation Name', '')}" for node in nodes),
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _n_rows_read(node: dict[str, Any]) -> int:
    filtered = sum(value for key, value in node.items() if key.startswith("Rows Removed"))
    return int((node["Actual Rows"] + filtered) * node["Actual Loops"])
