"""Signing in without a password: a link that works once."""

from __future__ import annotations

from django.urls import reverse
from sesame.utils import get_query_string

from annotations.models import User


def link(user: User, base_url: str) -> str:
    """Return an address under ``base_url`` that signs ``user`` in, once, within a day."""
    query: str = get_query_string(user)
    return f"{base_url.rstrip('/')}{reverse('link')}{query}"
