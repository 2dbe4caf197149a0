"""What the database does for a statement, and whether it goes over a table again and again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from annotations import row_security

SMALL, OFTEN = 1_000, 10
"""A table of fewer rows than ``SMALL`` may be read until that is ``OFTEN`` times as many."""

AGAIN = 1.5
"""So many times its rows: whoever looks at more goes over the table again and again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, as it was carried out.

    Attributes:
        ms: how long it took.
        n_rows: rows that it looked at in tables and indexes, those thrown away among them.
        n_sorted: the most rows that it sorted at once.
        nested: scans that were repeated for rows of something else until they had looked at more
            rows than the table has: ``Seq Scan annotations_reading x 3812``.
        nodes: the plan, line by line.
    """

    ms: float
    n_rows: int
    n_sorted: int
    nested: tuple[str, ...]
    nodes: tuple[str, ...]

    def is_of(self, table: str) -> bool:
        """Tell whether it looks at ``table``."""
        return any(table in node.split() for node in self.nodes)


def explained(sql: str, values: Any = None) -> Plan:
    """Carry ``sql`` out once more and return what was done."""
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, timing off, format json) {sql}", values)
        (told,) = cursor.fetchone()
        whole = (json.loads(told) if isinstance(told, str) else told)[0]
    nodes = list(_nodes(whole["Plan"]))
    return Plan(
        ms=whole["Execution Time"],
        n_rows=sum(_looked_at(node) for _, node in nodes if "Relation Name" in node),
        n_sorted=max((_looked_at(node) for _, node in nodes if _sorts(node)), default=0),
        nested=tuple(_named(node) for _, node in nodes if _is_nested(node)),
        nodes=tuple(f"{'  ' * depth}{_named(node)}" for depth, node in nodes),
    )


def by_whom(sqls: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Give each statement of a request, and whether it was sent with the rights of the owner."""
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
    """Tell whether a node went over the same rows again and again."""
    loops, n_rows = node["Actual Loops"], _looked_at(node)
    if "Relation Name" in node:
        if node["Node Type"] == "Seq Scan" and n_rows <= min(loops, OFTEN) * SMALL:
            return False
        if loops <= 2 or n_rows <= AGAIN * SMALL:
            return False
        return n_rows > AGAIN * _size(node["Relation Name"])
    is_kept = node["Node Type"] in {"Materialize", "CTE Scan"}
    return bool(is_kept and loops > 2 and n_rows / loops > SMALL)


def _size(table: str) -> int:
    """Count the rows: what the planner takes a table for is what is in question."""
    with row_security.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {connection.ops.quote_name(table)}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _sorts(node: dict[str, Any]) -> bool:
    """Tell whether a node sorts all it is given, not only the first few."""
    return node["Node Type"].endswith("Sort") and "top-N" not in node.get("Sort Method", "")


def _looked_at(node: dict[str, Any]) -> int:
    thrown_away = sum(value for key, value in node.items() if key.startswith("Rows Removed"))
    return int((node["Actual Rows"] + thrown_away) * node["Actual Loops"])


def _named(node: dict[str, Any]) -> str:
    what = node.get("Relation Name", "")
    index = node.get("Index Name", "")
    parts = [
        node["Node Type"],
        what,
        index,
        f"x {node['Actual Loops']:.0f}",
        f"{_looked_at(node)} rows",
    ]
    return " ".join(part for part in parts if part)
