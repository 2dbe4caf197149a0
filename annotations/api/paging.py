"""Cursor pagination: rows inserted or deleted between pages cause no gaps or repetitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from annotations import keyset
from annotations.keyset import Order, Row

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
PARAMETERS = frozenset({"after", "limit"})


def page(
    rows: QuerySet[Row], request: Request, order: Order, payload: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of ``rows`` and the cursor of the next page (None on the last page).

    Raises:
        ValidationError: ``limit`` or ``after`` is malformed.
    """
    of_page = portion(rows, request, order)
    return {"results": [payload(row) for row in of_page.rows], "next": of_page.next}


def portion(rows: QuerySet[Row], request: Request, order: Order) -> keyset.Portion[Row]:
    """Return the requested rows; parameters and errors are those of ``page``."""
    limit = _limit(request.query_params.get("limit"))
    try:
        return keyset.portion(rows, order, request.query_params.get("after"), limit)
    except keyset.InvalidCursor as error:
        raise _invalid_cursor() from error


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


def _invalid_cursor() -> ValidationError:
    message = _(
        "This is not a cursor of this list. Send the value of `next` from the previous page."
    )
    return ValidationError({"after": [message]})
