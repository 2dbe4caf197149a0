"""How values are written into the shared cache: as JSON, because a pickle could be code."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """What Django's Redis cache asks of a serializer."""

    def dumps(self, value: Any) -> bytes:
        """Return ``value`` as JSON; a plain integer stays one that Redis can count up."""
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        """Return the value that was written."""
        return json.loads(data)
