"""How long does each page take, for each role, among 100,000 readings in ten studies?

Asks every address of the table of access as each role, under row level security as the web does,
and prints them by time with their statements. What takes over a second, over 30 statements, or goes
over a table again and again is marked, and its slowest statement is shown with its plan. Once with
the statistics of full tables, and once with those of tables analyzed while almost empty. Exits with
1 when anything is marked. Run with the services up: ``python -m bench.scale.pages --help``;
``KEEP=name`` in front keeps the database, and takes it again in the next run.
"""

# ruff: noqa: I001 - the first import sets Django up for those that follow.

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from bench._site import KEPT, empty_database, kept_database

from django.conf import settings
from django.db import connection, DatabaseError, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from annotations.models import Study, User
from bench._requests import client_of
from bench.scale import addresses, database, plans
from bench.scale.database import World
from annotations import row_security

SECONDS_AT_MOST, STATEMENTS_AT_MOST = 1.0, 30
LOOKED_INTO_MS = 50
SHOWN = 15


@dataclass
class Asked:
    """One request: what it cost, and what is wrong with its statements.

    Attributes:
        seconds: of work, by this process and by the database, whatever else the machine does.
        waited: seconds by the clock.
    """

    role: str
    name: str
    address: str
    status: int
    seconds: float
    waited: float
    n_statements: int
    nested: list[str] = field(default_factory=list)
    slowest: str = ""

    @property
    def is_marked(self) -> bool:
        """Whether it costs more than it may."""
        return (
            self.seconds > SECONDS_AT_MOST
            or self.n_statements > STATEMENTS_AT_MOST
            or self.status >= 500
            or bool(self.nested)
        )


def main() -> int:
    options = _options()
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": plain}
    logging.disable(logging.WARNING)  # that somebody is refused is no news here
    place = kept_database() if KEPT else empty_database()
    with place, override_settings(ALLOWED_HOSTS=["*"], STORAGES=storages):
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0")
            cursor.execute("set max_parallel_workers_per_gather = 0")
        is_filled = Study.objects.exists()
        world = database.found() if is_filled else database.fill(options.readings, told=print)
        n_marked = 0
        for kind in options.statistics:
            SETTINGS[kind]()
            wanted = measured(world, options.roles, options.part)
            n_marked += report(f"Statistics: {kind}", wanted)
        _analyze()
    return int(n_marked > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=100_000, help="in a new database")
    parser.add_argument("--statistics", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--roles", nargs="+", help="who asks, such as davi; default: everybody")
    parser.add_argument("--part", default="", help="only addresses with this in them")
    return parser.parse_args()


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("analyze")


SETTINGS: dict[str, Callable[[], None]] = {
    "full": _analyze,
    "almost-empty": database.forget_statistics,
}
"""What the planner knows of the tables."""


def measured(world: World, roles: Collection[str] | None, part: str) -> list[Asked]:
    """Ask every address that has ``part`` in it as everybody, or as ``roles``."""
    return [
        asked(client, user, name, address)
        for user in world.people.values()
        if not roles or user.username in roles
        for client in [_client(user)]
        for name, address in addresses.of(world, user)
        if part in address
    ]


def _client(user: User) -> Client:
    client = client_of(user)
    client.raise_request_exception = False  # a page that fails is marked
    return client


def asked(client: Client, user: User, name: str, address: str) -> Asked:
    """Ask for an address, the second time with a clock and a look at every statement."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        began, worked = time.perf_counter(), _worked()
        response = client.get(address)
        if response.streaming:
            b"".join(getattr(response, "streaming_content", ()))
        waited, seconds = time.perf_counter() - began, _worked() - worked
    queries = captured.captured_queries
    found = Asked(user.username, name, address, response.status_code, seconds, waited, len(queries))
    sent = plans.by_whom(query["sql"] for query in queries)
    for query, (sql, as_owner) in zip(queries, sent, strict=True):
        if 1000 * float(query["time"]) > LOOKED_INTO_MS:
            look_into(found, None if as_owner else user, sql)
    return found


def _worked() -> float:
    """Return the seconds of processor time of this process and of its process of the database."""
    own, driver = time.process_time(), connection.connection
    told = Path(f"/proc/{driver.info.backend_pid if driver else 0}/stat")
    if not told.exists():  # the database is elsewhere: by the clock
        return time.perf_counter()
    user_ticks, system_ticks = told.read_text().rsplit(")", 1)[1].split()[11:13]
    return own + (int(user_ticks) + int(system_ticks)) / os.sysconf("SC_CLK_TCK")


def look_into(found: Asked, person: User | None, sql: str) -> None:
    """Note what the database did for a slow statement, asked again as the person or the owner."""
    if not sql.upper().lstrip("(").startswith(("SELECT", "WITH")):
        return
    try:
        acting = row_security.acting_as(person.pk) if person else transaction.atomic()
        with acting:
            plan = plans.explained(sql.replace("%", "%%"), ())
    except DatabaseError as error:
        found.slowest += f"\n      {sql[:300]}\n      {error}"
        return
    found.nested += plan.nested
    lines = "\n".join(f"        {line}" for line in plan.nodes)
    found.slowest += f"\n      {plan.ms:.0f} ms: {sql}\n{lines}"


def report(title: str, found: list[Asked]) -> int:
    """Print a table, the slowest first, and what is marked with its statements."""
    print(f"\n{title}: {len(found)} requests")
    print(f"{'':2}{'seconds':>8}{'waited':>8}{'statements':>12}{'status':>8}  role      address")
    for one in sorted(found, key=lambda one: -one.seconds):
        if one.seconds < 0.2 and not one.is_marked:
            continue
        mark = "! " if one.is_marked else "  "
        cost = f"{one.seconds:8.2f}{one.waited:8.2f}{one.n_statements:12}{one.status:8}"
        again = f"  nested: {'; '.join(one.nested)}" if one.nested else ""
        print(f"{mark}{cost}  {one.role:9} {one.address}{again}")
    marked = [one for one in found if one.is_marked]
    for one in marked:
        print(f"\n{one.role} {one.address}{one.slowest}")
    print(f"{len(marked)} of {len(found)} marked", flush=True)
    return len(marked)


if __name__ == "__main__":
    sys.exit(main())
