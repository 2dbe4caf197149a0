"""Things as bytes that are the same wherever they are written, and their SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

VERSION = "ecg-review-audit-1"
"""Comes before all else in a link's bytes: another layout would have another name."""

GENESIS = "0" * 64
"""What the first link holds as the digest before it."""


def netstring(content: str | None) -> str:
    """Return ``content`` with its length in bytes of UTF-8 before it; a null is told from empty.

    Where a field begins is thus never a question of what the field before it holds.

    Source:
        D. J. Bernstein, Netstrings, 1997. The null is an addition.
    """
    return "-," if content is None else f"{len(content.encode())}:{content},"


def digest(fields: Iterable[str | None]) -> str:
    """Return the SHA-256 of ``fields``, in their order, as 64 hexadecimal digits."""
    written = "".join(netstring(field) for field in (VERSION, *fields))
    return hashlib.sha256(written.encode()).hexdigest()


def canonical_json(value: Mapping[str, Any]) -> str:
    """Return ``value`` as JSON that does not depend on how it was put together.

    Keys are sorted, nothing is indented; dates are ISO 8601, moments in UTC.

    Raises:
        TypeError: something in it is neither JSON, nor a date, nor a UUID.
        ValueError: a number in it is not finite.
    """
    return json.dumps(
        value,
        ensure_ascii=False,
        allow_nan=False,
        sort_keys=True,
        separators=(",", ":"),
        default=_plain,
    )


def content_digest(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical JSON of ``value`` as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    kind = type(value).__name__
    message = f"No canonical JSON for {kind}."
    raise TypeError(message)
