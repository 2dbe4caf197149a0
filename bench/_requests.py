"""Requests of people to the site in this process, and how long they take; ``_site`` comes first."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.test import Client

from annotations.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def client_of(user: User) -> Client:
    """Return a browser in which ``user`` is signed in."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def ask(client: Client, address: str) -> None:
    """Open a page, which must be there."""
    response = client.get(address)
    if response.status_code != 200:
        raise SystemExit(f"{address}: HTTP {response.status_code}")


def clocked(deed: Callable[[], object]) -> float:
    """Return the seconds that ``deed`` takes."""
    start = time.perf_counter()
    deed()
    return time.perf_counter() - start
