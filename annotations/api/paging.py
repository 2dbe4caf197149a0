"""Cursor pagination: rows that come and go meanwhile are neither skipped nor repeated."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
PARAMETERS = frozenset({"after", "limit"})

Order = Mapping[str, type]
"""The fields to sort by, ascending and together unique, with their types."""

Row = TypeVar("Row", bound=Model)


def page(
    rows: QuerySet[Row], request: Request, order: Order, payload: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of ``rows`` and the cursor of the next, None on the last page.

    Raises:
        ValidationError: ``limit`` or ``after`` is malformed.
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
    # At most four digits: int() takes quadratic time on long ones.
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise ValidationError(
            {
                "limit": [
                    _("Enter a number from %(low)s to %(high)s.") % {"low": 1, "high": MAX_LIMIT}
                ]
            }
        )
    return int(text)


def _portion(rows: QuerySet[Row], order: Order, cursor: str | None, n: int) -> list[Row]:
    """Return the first ``n`` rows after ``cursor``, or from the beginning."""
    if not cursor:
        return list(rows.order_by(*order)[:n])
    found: list[Row] = []
    for beyond in _beyond(_read(cursor, order)):
        found += rows.filter(**beyond).order_by(*order)[: n - len(found)]
        if len(found) == n:
            break
    return found


def _beyond(position: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the conditions for rows after ``position``, nearest rows first.

    Each condition is a query of its own, which an index answers directly. Joined by OR, or as a
    row comparison, they make PostgreSQL read all rows before the position.
    """
    fields = list(position.items())
    for place in reversed(range(len(fields))):
        field, value = fields[place]
        yield {**dict(fields[:place]), f"{field}__gt": value}


def _write(row: Model, order: Order) -> str:
    values = [getattr(row, field) for field in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read(cursor: str, order: Order) -> dict[str, Any]:
    """Return the position that ``cursor`` encodes, with each value checked for its type."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _not_a_cursor() from error
    if not isinstance(values, list) or len(values) != len(order):
        raise _not_a_cursor()
    for value, kind in zip(values, order.values(), strict=True):
        if type(value) is not kind or not str(value).isascii() or "\0" in str(value):
            raise _not_a_cursor()
    return dict(zip(order, values, strict=True))


def _not_a_cursor() -> ValidationError:
    told = _("This is not a cursor of this list. Send the value of `next` from the previous page.")
    return ValidationError({"after": [told]})
