"""Serialization of the shared cache: JSON, because unpickling could run code."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """Serializer interface of Django's Redis cache."""

    def dumps(self, value: Any) -> bytes:
        """Return ``value`` as JSON; integers remain integers, so that Redis can increment them."""
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
