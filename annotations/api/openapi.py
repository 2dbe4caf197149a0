"""The OpenAPI schema, generated once per process because the URLs never change."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from rest_framework.utils.encoders import JSONEncoder


@cache
def document() -> dict[str, Any]:
    """Return the schema as JSON values, always in English."""
    with translation.override("en"):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        as_json: dict[str, Any] = json.loads(json.dumps(schema, cls=JSONEncoder))
    return as_json
