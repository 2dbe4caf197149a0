"""Requests to the site in this process, with their duration. Import ``_site`` first."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.test import Client

from annotations.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def get_page(client: Client, address: str) -> None:
    """Request a page; exit unless the status is 200."""
    response = client.get(address)
    if response.status_code != 200:
        raise SystemExit(f"{address}: HTTP {response.status_code}")


def elapsed_s(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
