"""Imports that Django would otherwise do in the first request, which would delay it."""

from __future__ import annotations

from django.conf import settings
from django.template import engines
from django.urls import get_resolver
from django.utils import translation


def import_everything() -> None:
    """Import every view, template library and translation; connects to nothing."""
    get_resolver()._populate()
    engines.all()
    for code, _ in settings.LANGUAGES:
        with translation.override(code):
            translation.gettext("")
