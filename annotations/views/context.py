"""What every page is given."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def site(_request: HttpRequest) -> dict[str, object]:
    """Return the variables that ``base.html`` needs."""
    return {"is_demo": settings.DEMO}
