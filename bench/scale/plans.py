"""Query plans of statements, and whether they scan a table repeatedly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from annotations import row_security

# Tables with fewer rows than ``SMALL`` may be scanned up to ``OFTEN`` times.
SMALL, OFTEN = 1_000, 10

# Rows read per row of the table; more than this counts as repeated scanning.
MAX_PASSES = 1.5


@dataclass(frozen=True, slots=True)
class Plan:
    """The executed plan of one statement.

    Attributes:
        ms: execution time.
        n_rows: rows read from tables and indexes, including those filtered out.
        n_sorted: largest number of rows sorted at once.
        nested: repeated scans that together read more rows than the table has, such as
            ``Seq Scan annotations_reading x 3812``.
        nodes: the plan, line by line.
    """

    ms: float
    n_rows: int
    n_sorted: int
    nested: tuple[str, ...]
    nodes: tuple[str, ...]

    def is_of(self, table: str) -> bool:
        return any(table in node.split() for node in self.nodes)


def explain(sql: str, values: Any = None) -> Plan:
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, timing off, format json) {sql}", values)
        (plan_text,) = cursor.fetchone()
        plan = (json.loads(plan_text) if isinstance(plan_text, str) else plan_text)[0]
    nodes = list(_nodes(plan["Plan"]))
    return Plan(
        ms=plan["Execution Time"],
        n_rows=sum(_n_rows_read(node) for _, node in nodes if "Relation Name" in node),
        n_sorted=max((_n_rows_read(node) for _, node in nodes if _sorts(node)), default=0),
        nested=tuple(_description(node) for _, node in nodes if _is_nested(node)),
        nodes=tuple(f"{'  ' * depth}{_description(node)}" for depth, node in nodes),
    )


def with_owner(sqls: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield each statement of a request, and whether it was sent with the owner's rights."""
    as_owner = True
    for sql in sqls:
        if "row_security_act(" in sql:
            as_owner = False
        elif "set_config('role'" in sql:
            as_owner = "set_config('role', 'none'" in sql
        yield sql, as_owner


def _nodes(plan: dict[str, Any], depth: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    yield depth, plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner, depth + 1)


def _is_nested(node: dict[str, Any]) -> bool:
    """Return whether a node scanned the same rows repeatedly."""
    loops, n_rows = node["Actual Loops"], _n_rows_read(node)
    if "Relation Name" in node:
        if node["Node Type"] == "Seq Scan" and n_rows <= min(loops, OFTEN) * SMALL:
            return False
        if loops <= 2 or n_rows <= MAX_PASSES * SMALL:
            return False
        return n_rows > MAX_PASSES * _size(node["Relation Name"])
    is_stored = node["Node Type"] in {"Materialize", "CTE Scan"}
    return bool(is_stored and loops > 2 and n_rows / loops > SMALL)


def _size(table: str) -> int:
    """Return the exact number of rows, because the planner's estimate is what is being tested."""
    with row_security.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {connection.ops.quote_name(table)}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _sorts(node: dict[str, Any]) -> bool:
    """Return whether a node sorts all of its input, not only the first few rows."""
    return node["Node Type"].endswith("Sort") and "top-N" not in node.get("Sort Method", "")


def _n_rows_read(node: dict[str, Any]) -> int:
    filtered = sum(value for key, value in node.items() if key.startswith("Rows Removed"))
    return int((node["Actual Rows"] + filtered) * node["Actual Loops"])


def _description(node: dict[str, Any]) -> str:
    table = node.get("Relation Name", "")
    index = node.get("Index Name", "")
    parts = [
        node["Node Type"],
        table,
        index,
        f"x {node['Actual Loops']:.0f}",
        f"{_n_rows_read(node)} rows",
    ]
    return " ".join(part for part in parts if part)
