"""The OpenAPI schema of the site, made once: addresses do not change while it runs."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from rest_framework.utils.encoders import JSONEncoder


@cache
def document() -> dict[str, Any]:
    """Return the schema, in English and as plain values, whoever asks first."""
    with translation.override("en"):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        plain: dict[str, Any] = json.loads(json.dumps(schema, cls=JSONEncoder))
    return plain
