"""A reader with a list as long as wanted, filled by the database itself."""

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

# Every other exam is read already, so that the index of those that wait has to be told apart.
ASSIGNMENTS = """
    insert into annotations_assignment (id, batch_id, exam_id, reader_id, occurrence, position,
                                        order_key, arm, state)
    select %(first_id)s + place, %(batch)s, id, %(reader)s, 1, place, md5(id::text),
           'after_commit', case when place <= %(n_read)s then 'read' else 'waiting' end
      from (select id, row_number() over (order by id) as place from annotations_exam
             where source_key like 'many/%%' order by id limit %(n)s) numbered
"""

ANALYSE = "analyze annotations_assignment, annotations_exam, annotations_seat, annotations_batch"


def exams(dataset: Dataset, n: int) -> None:
    """Make ``n`` exams without tracings."""
    with connection.cursor() as cursor:
        cursor.execute(EXAMS, {"dataset": dataset.pk, "n": n})


def assignments(batch: Batch, reader: User, n: int, *, first_id: int | None = None) -> None:
    """Give ``reader`` the first ``n`` of them; the first half of these is read."""
    values = {
        "batch": batch.pk,
        "reader": reader.pk,
        "n": n,
        "n_read": n // 2,
        "first_id": batch.pk << 32 if first_id is None else first_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(ASSIGNMENTS, values)
        cursor.execute(ANALYSE)


@dataclass(frozen=True, slots=True)
class Work:
    """What the database did for one statement.

    Attributes:
        n_rows: rows that it looked at in tables and indexes, those it threw away among them.
        scans: how it came to the rows of each table, such as ``Seq Scan annotations_assignment``.
    """

    n_rows: int
    scans: frozenset[str]


def work_of(sql: str) -> Work:
    """Run a SELECT once more and return what the database did."""
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, timing off, format json) {sql}")
        (told,) = cursor.fetchone()
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    nodes = [node for node in _nodes(plan) if "Scan" in node["Node Type"]]
    return Work(
        n_rows=sum(_looked_at(node) for node in nodes),
        scans=frozenset(f"{node['Node Type']} {node.get('Relation Name', '')}" for node in nodes),
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _looked_at(node: dict[str, Any]) -> int:
    thrown_away = sum(value for key, value in node.items() if key.startswith("Rows Removed"))
    return int((node["Actual Rows"] + thrown_away) * node["Actual Loops"])
