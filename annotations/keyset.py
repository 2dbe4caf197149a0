"""Pages of a sorted list by the position of the last row, at the same cost for every page."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

Order = Mapping[str, type]
"""The fields to sort by (unique together) and their types; descending with a leading ``-``."""

Row = TypeVar("Row", bound=Model)


class InvalidCursor(ValueError):
    """The cursor does not belong to a list with this order."""


@dataclass(frozen=True, slots=True)
class Portion(Generic[Row]):
    """Consecutive rows, and the cursor of those that follow; None if there are no more."""

    rows: list[Row]
    next: str | None


def portion(rows: QuerySet[Row], order: Order, cursor: str | None, limit: int) -> Portion[Row]:
    """Return the first ``limit`` rows after ``cursor``, or of all if it is empty.

    Rows inserted or deleted between pages cause no gaps or repetitions.

    Raises:
        InvalidCursor: ``cursor`` is malformed.
    """
    fetched = _rows_after(rows, order, cursor, limit + 1)
    shown = fetched[:limit]
    return Portion(shown, _encode(shown[-1], order) if len(fetched) > limit else None)


def _rows_after(rows: QuerySet[Row], order: Order, cursor: str | None, n: int) -> list[Row]:
    if not cursor:
        return list(rows.order_by(*order)[:n])
    fetched: list[Row] = []
    for condition in _conditions_after(_decode(cursor, order)):
        fetched += rows.filter(**condition).order_by(*order)[: n - len(fetched)]
        if len(fetched) == n:
            break
    return fetched


def _conditions_after(position: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the conditions for rows after ``position``, nearest rows first.

    Each is used in a separate query, so that PostgreSQL can use an index. Joined by OR, or as a
    row comparison, they make it read all rows before the position.
    """
    fields = list(position.items())
    for index in reversed(range(len(fields))):
        field, value = fields[index]
        before = {_name(name): known for name, known in fields[:index]}
        comparison = "lt" if field.startswith("-") else "gt"
        yield {**before, f"{_name(field)}__{comparison}": value}


def _name(field: str) -> str:
    return field.removeprefix("-")


def _encode(row: Model, order: Order) -> str:
    values = [getattr(row, _name(field)) for field in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(cursor: str, order: Order) -> dict[str, Any]:
    """Return the position that ``cursor`` encodes, after checking the type of each value."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise InvalidCursor from error
    if not isinstance(values, list) or len(values) != len(order):
        raise InvalidCursor
    for value, type_ in zip(values, order.values(), strict=True):
        if type(value) is not type_ or not str(value).isascii() or "\0" in str(value):
            raise InvalidCursor
    return dict(zip(order, values, strict=True))
