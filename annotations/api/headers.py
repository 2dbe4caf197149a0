"""Request headers."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

KEY = "Idempotency-Key"


def idempotency_key(request: Request) -> UUID:
    """Return the key that makes it safe to repeat the request.

    Raises:
        ValidationError: the header is missing or not a UUID.
    """
    try:
        return UUID(request.headers.get(KEY, ""))
    except ValueError as error:
        raise ValidationError({KEY: [_("Send a random UUID in this header.")]}) from error
