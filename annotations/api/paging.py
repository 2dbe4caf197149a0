"""Lists in portions: a cursor says where the last one ended, so nothing is skipped or repeated."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
PARAMETERS = frozenset({"after", "limit"})

Order = Mapping[str, type]
"""The fields that a list is sorted by, ascending and unique together, with their types."""

Row = TypeVar("Row", bound=Model)


def page(
    rows: QuerySet[Row], request: Request, order: Order, payload: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """Return one portion of ``rows`` and the cursor of the next, None when there is none.

    Raises:
        ValidationError: ``limit`` is no number from 1 to 200, or ``after`` no cursor of this list.
    """
    limit = _limit(request.query_params.get("limit"))
    portion = _portion(rows, order, request.query_params.get("after"), limit + 1)
    shown = portion[:limit]
    is_last = len(portion) <= limit
    return {
        "results": [payload(row) for row in shown],
        "next": None if is_last else _write(shown[-1], order),
    }


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    # Four digits at most: int() of a long one takes quadratic time.
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise ValidationError({"limit": [f"Must be a number from 1 to {MAX_LIMIT}."]})
    return int(text)


def _portion(rows: QuerySet[Row], order: Order, cursor: str | None, n: int) -> list[Row]:
    """Return the first ``n`` rows, or the first that come after ``cursor``."""
    if not cursor:
        return list(rows.order_by(*order)[:n])
    found: list[Row] = []
    for beyond in _beyond(_read(cursor, order)):
        found += rows.filter(**beyond).order_by(*order)[: n - len(found)]
        if len(found) == n:
            break
    return found


def _beyond(position: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the conditions of coming after ``position``, the nearest rows first.

    One after the other, because an index answers each from the place where it begins; the same
    joined by OR, or as one comparison of rows, makes the database read all that came before.
    """
    fields = list(position.items())
    for place in reversed(range(len(fields))):
        field, value = fields[place]
        yield {**dict(fields[:place]), f"{field}__gt": value}


def _write(row: Model, order: Order) -> str:
    values = [getattr(row, field) for field in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read(cursor: str, order: Order) -> dict[str, Any]:
    """Return the position that ``cursor`` stands for, every value of its own type."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise ValidationError({"after": ["Not a cursor of this list."]}) from error
    if not isinstance(values, list) or len(values) != len(order):
        raise ValidationError({"after": ["Not a cursor of this list."]})
    for value, kind in zip(values, order.values(), strict=True):
        if type(value) is not kind or not str(value).isascii() or "\0" in str(value):
            raise ValidationError({"after": ["Not a cursor of this list."]})
    return dict(zip(order, values, strict=True))
