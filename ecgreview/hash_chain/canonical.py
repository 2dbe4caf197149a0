"""Canonical serialization of values, and its SHA-256 digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

# First field of the digested bytes. It identifies the layout, so change it with the layout.
VERSION = "ecg-review-audit-1"

# The first link has this in place of a previous digest.
GENESIS = "0" * 64


def netstring(content: str | None) -> str:
    """Return ``content`` prefixed with its length in UTF-8 bytes; None gives ``-,``.

    The prefix makes a sequence of fields unambiguous, whatever their content.

    Source:
        D. J. Bernstein, Netstrings, 1997. The form of None is an addition.
    """
    return "-," if content is None else f"{len(content.encode())}:{content},"


def digest(fields: Iterable[str | None]) -> str:
    """Return the SHA-256 of the netstrings of ``VERSION`` and ``fields``, as 64 hex digits."""
    written = "".join(netstring(field) for field in (VERSION, *fields))
    return hashlib.sha256(written.encode()).hexdigest()


def canonical_json(value: Mapping[str, Any]) -> str:
    """Return ``value`` as canonical JSON.

    Keys are sorted, there is no whitespace between tokens, dates are in ISO 8601, and times are in
    UTC.

    Raises:
        TypeError: a value is not JSON, a date, a time or a UUID.
        ValueError: a number is not finite.
    """
    return json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
        default=_as_text,
    )


def content_digest(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of ``value`` as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    kind = type(value).__name__
    message = f"{kind} cannot be written as canonical JSON."
    raise TypeError(message)
