"""What requests say in their headers."""

from __future__ import annotations

from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

KEY = "Idempotency-Key"


def idempotency_key(request: Request) -> UUID:
    """Return the key that makes the same request sent twice one deed.

    Raises:
        ValidationError: it is missing, or no UUID.
    """
    try:
        return UUID(request.headers.get(KEY, ""))
    except ValueError as error:
        raise ValidationError({KEY: ["Send a random UUID in this header."]}) from error
