"""Cursor pagination: rows inserted or deleted between pages cause no gaps or repetitions."""

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
"""The fields to sort by (ascending; unique together) and their types."""

Row = TypeVar("Row", bound=Model)


def page(
    rows: QuerySet[Row], request: Request, order: Order, payload: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of ``rows`` and the cursor of the next page (None on the last page).

    Raises:
        ValidationError: ``limit`` or ``after`` is malformed.
    """
    limit = _limit(request.query_params.get("limit"))
    fetched = _rows_after(rows, order, request.query_params.get("after"), limit + 1)
    results = fetched[:limit]
    is_last = len(fetched) <= limit
    return {
        "results": [payload(row) for row in results],
        "next": None if is_last else _encode(results[-1], order),
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


def _rows_after(rows: QuerySet[Row], order: Order, cursor: str | None, n: int) -> list[Row]:
    """Return the first ``n`` rows after ``cursor``, or the first ``n`` of all if it is empty."""
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
        yield {**dict(fields[:index]), f"{field}__gt": value}


def _encode(row: Model, order: Order) -> str:
    values = [getattr(row, field) for field in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decode(cursor: str, order: Order) -> dict[str, Any]:
    """Return the position that ``cursor`` encodes, after checking the type of each value."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _invalid_cursor() from error
    if not isinstance(values, list) or len(values) != len(order):
        raise _invalid_cursor()
    for value, type_ in zip(values, order.values(), strict=True):
        if type(value) is not type_ or not str(value).isascii() or "\0" in str(value):
            raise _invalid_cursor()
    return dict(zip(order, values, strict=True))


def _invalid_cursor() -> ValidationError:
    message = _(
        "This is not a cursor of this list. Send the value of `next` from the previous page."
    )
    return ValidationError({"after": [message]})
