"""Two worlds that differ in somebody else's work, and what one reader gets to see in each."""

from __future__ import annotations

import difflib
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from annotations.models import Assignment, User

from .table import ADDRESSES, FINDINGS
from .world import World

MASKS = (
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"'), "csrf token"),
    (re.compile(r"csrftoken=\w+"), "csrf cookie"),
    (re.compile(r"session=\w+"), "session cookie"),
    (re.compile(r"expires=[^;]+"), "cookie date"),
)
"""The closed list of what may differ: secrets that are drawn anew for every session."""


@dataclass(frozen=True)
class Seen:
    """What one request showed: all of the answer, and the work it took."""

    request: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    sql: tuple[str, ...]


class Rewind(Exception):
    """Takes a world back to where both began."""


@contextmanager
def parallel() -> Iterator[None]:
    """Undo everything afterwards, the sequences included: both worlds draw the same ids."""
    counters = _sequences()
    try:
        with transaction.atomic():
            yield
            raise Rewind
    except Rewind:
        _restore(counters)


def session(world: World, user: User, own: Assignment | None) -> list[Seen]:
    """Return what ``user`` sees: every address, their own work, and every address again."""
    client = APIClient()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    seen = _visit_all(world, client)
    if own is not None:
        seen += _work(client, own)
        seen += _visit_all(world, client)
    return seen


def differences(one: list[Seen], other: list[Seen]) -> list[str]:
    """Return the requests that were answered differently, and in what."""
    found = []
    for left, right in zip(one, other, strict=True):
        for part in ("status", "headers", "body", "sql"):
            if getattr(left, part) != getattr(right, part):
                found.append(f"{left.request}: {part}")
                found += _unlike(str(getattr(left, part)), str(getattr(right, part)))
    return found


def _unlike(one: str, other: str) -> list[str]:
    """Return the first lines that differ, so that a leak can be read from the failure."""
    lines = difflib.unified_diff(_lines(one), _lines(other), lineterm="", n=0)
    return [f"    {line[:200]}" for line in list(lines)[2:8]]


def _lines(text: str) -> list[str]:
    return text.replace(", ", ",\n").replace('","', '",\n"').splitlines()


def _visit_all(world: World, client: APIClient) -> list[Seen]:
    addresses = [world.address(name) for name, methods in ADDRESSES.items() if "GET" in methods]
    addresses += _foreign(world)
    return [_see(client, "GET", address) for address in addresses]


def _foreign(world: World) -> list[str]:
    """Return addresses of Bruno's things, and of the closed batch's."""
    theirs = world.reading.assignment
    closed = theirs.batch.study.batches.get(name="Closed")
    return [
        f"/api/assignments/{theirs.pk}/",
        f"/api/assignments/{theirs.pk}/suggestions/",
        f"/read/{theirs.pk}/",
        "/api/assignments/?state=open",
        "/api/assignments/?limit=1",
        f"/batches/{closed.pk}/",
        f"/batches/{closed.pk}/agreement/",
        f"/api/batches/{closed.pk}/",
        f"/api/batches/{closed.pk}/agreement/",
        f"/api/batches/{closed.pk}/progress/",
    ]


def _work(client: APIClient, own: Assignment) -> list[Seen]:
    """Save a draft, submit, and submit again as after a lost answer."""
    base = f"/api/assignments/{own.pk}/"
    draft = {"based_on": 0, "content": FINDINGS}
    reading = {"based_on": 1, **FINDINGS}
    key = {"Idempotency-Key": str(uuid.UUID(int=own.pk))}
    other_key = {"Idempotency-Key": str(uuid.UUID(int=1))}
    return [
        _see(client, "PUT", f"{base}draft/", draft),
        _see(client, "PUT", f"{base}draft/", {**draft, "based_on": 7}),
        _see(client, "GET", base),
        _see(client, "POST", f"{base}reading/", reading, key),
        _see(client, "POST", f"{base}reading/", reading, key),
        _see(client, "POST", f"{base}reading/", reading, other_key),
        _see(client, "GET", f"/api/readings/{uuid.UUID(int=own.pk)}/"),
    ]


def _see(
    client: APIClient,
    method: str,
    address: str,
    body: object = None,
    headers: dict[str, str] | None = None,
) -> Seen:
    data = "" if body is None else json.dumps(body)
    with CaptureQueriesContext(connection) as queries:
        response = client.generic(
            method, address, data, content_type="application/json", headers=headers or {}
        )
    cookies = [("Set-Cookie", _mask(str(morsel))) for morsel in response.cookies.values()]
    return Seen(
        request=f"{method} {address}",
        status=response.status_code,
        headers=tuple(sorted([*_kept(response.headers), *cookies])),
        body=_mask(response.content.decode("latin-1")),
        sql=tuple(_shape(query["sql"]) for query in queries.captured_queries),
    )


def _kept(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers but for the date that never_cache takes from the wall clock."""
    return [(name, "date" if name == "Expires" else text) for name, text in headers.items()]


def _mask(text: str) -> str:
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return text


def _shape(sql: str) -> str:
    """Return a statement without its values and counters: others' rows have other numbers."""
    nameless = re.sub(r'"(s|_django_curs_)\d+_\w+"', r'"\1"', sql)
    return re.sub(r"'(?:[^']|'')*'|\b\d+\b", "?", nameless)


def _sequences() -> dict[str, int | None]:
    with connection.cursor() as cursor:
        cursor.execute("select sequencename, last_value from pg_sequences order by 1")
        return dict(cursor.fetchall())


def _restore(counters: dict[str, int | None]) -> None:
    with connection.cursor() as cursor:
        for name, value in counters.items():
            cursor.execute(
                "select setval(quote_ident(%s), %s, %s)", [name, value or 1, value is not None]
            )


Deed = Callable[[], None]
"""What somebody else does in one of the two worlds."""
