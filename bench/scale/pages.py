"""How long does each page take, for each role, with 100,000 readings in ten studies?

Requests every address of ``addresses`` as each role, with row-level security as on the web,
and prints the slower ones by time with their number of statements. Marks requests that fail, take
over a second, send over 30 statements or scan a table repeatedly, and shows their slow statements
with plans.
Runs once with statistics of the full tables and once with those of nearly empty ones.
Returns 1 if a request is marked. Run with the services up:
``python -m bench.scale.pages --help``; set ``KEEP=name`` to keep and reuse the database.
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

from bench._site import KEPT_DATABASE, empty_database, kept_database

from django.conf import settings
from django.db import connection, DatabaseError, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from annotations.models import Study, User
from bench._requests import client_of
from bench.scale import addresses, database, plans
from bench.scale.database import World
from annotations import row_security

MAX_SECONDS, MAX_STATEMENTS = 1.0, 30
SLOW_STATEMENT_MS = 50
SHOWN = 15


@dataclass
class RequestCost:
    """Cost of one request, and problems of its statements.

    Attributes:
        seconds: CPU time of this process and its database process, so other load does not count.
        waited: wall-clock seconds.
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
        """Whether the request exceeds a limit or failed."""
        return (
            self.seconds > MAX_SECONDS
            or self.n_statements > MAX_STATEMENTS
            or self.status >= 500
            or bool(self.nested)
        )


def main() -> int:
    options = _options()
    static_storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    storages = {**settings.STORAGES, "staticfiles": static_storage}
    logging.disable(logging.WARNING)  # refusals are expected
    place = kept_database() if KEPT_DATABASE else empty_database()
    with place, override_settings(ALLOWED_HOSTS=["*"], STORAGES=storages):
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0")
            cursor.execute("set max_parallel_workers_per_gather = 0")
        is_filled = Study.objects.exists()
        world = (
            database.existing_world()
            if is_filled
            else database.fill(options.readings, progress=print)
        )
        n_marked = 0
        for kind in options.statistics:
            SETTINGS[kind]()
            costs = measure(world, options.roles, options.part)
            n_marked += report(f"Statistics: {kind}", costs)
        _analyze()
    return int(n_marked > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=100_000, help="in a new database")
    parser.add_argument("--statistics", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--roles", nargs="+", help="people, such as davi; default: everybody")
    parser.add_argument("--part", default="", help="only addresses that contain this")
    return parser.parse_args()


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("analyze")


# How to prepare the planner's statistics for each run.
SETTINGS: dict[str, Callable[[], None]] = {
    "full": _analyze,
    "almost-empty": database.forget_statistics,
}


def measure(world: World, roles: Collection[str] | None, part: str) -> list[RequestCost]:
    """Request every address that contains ``part``, as everybody or only those in ``roles``."""
    return [
        measure_request(client, user, name, address)
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


def measure_request(client: Client, user: User, name: str, address: str) -> RequestCost:
    """Request an address twice, and measure the second request."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        began, cpu_before = time.perf_counter(), cpu_s()
        response = client.get(address)
        if response.streaming:
            b"".join(getattr(response, "streaming_content", ()))
        waited, seconds = time.perf_counter() - began, cpu_s() - cpu_before
    queries = captured.captured_queries
    cost = RequestCost(
        user.username, name, address, response.status_code, seconds, waited, len(queries)
    )
    sent = plans.with_owner(query["sql"] for query in queries)
    for query, (sql, as_owner) in zip(queries, sent, strict=True):
        if 1000 * float(query["time"]) > SLOW_STATEMENT_MS:
            add_plan(cost, None if as_owner else user, sql)
    return cost


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its database process."""
    own, driver = time.process_time(), connection.connection
    stat = Path(f"/proc/{driver.info.backend_pid if driver else 0}/stat")
    if not stat.exists():  # the database runs on another machine: use wall-clock time
        return time.perf_counter()
    user_ticks, system_ticks = stat.read_text().rsplit(")", 1)[1].split()[11:13]
    return own + (int(user_ticks) + int(system_ticks)) / os.sysconf("SC_CLK_TCK")


def add_plan(cost: RequestCost, person: User | None, sql: str) -> None:
    """Add the plan of a slow statement, executed again with the rights of the user or the owner."""
    if not sql.upper().lstrip("(").startswith(("SELECT", "WITH")):
        return
    try:
        acting = row_security.acting_as(person.pk) if person else transaction.atomic()
        with acting:
            plan = plans.explain(sql.replace("%", "%%"), ())
    except DatabaseError as error:
        cost.slowest += f"\n      {sql[:300]}\n      {error}"
        return
    cost.nested += plan.nested
    lines = "\n".join(f"        {line}" for line in plan.nodes)
    cost.slowest += f"\n      {plan.ms:.0f} ms: {sql}\n{lines}"


def report(title: str, costs: list[RequestCost]) -> int:
    """Print slow and marked requests, and statements of the marked; return the number marked."""
    print(f"\n{title}: {len(costs)} requests")
    print(f"{'':2}{'seconds':>8}{'waited':>8}{'statements':>12}{'status':>8}  role      address")
    for request in sorted(costs, key=lambda request: -request.seconds):
        if request.seconds < 0.2 and not request.is_marked:
            continue
        mark = "! " if request.is_marked else "  "
        cost = (
            f"{request.seconds:8.2f}{request.waited:8.2f}"
            f"{request.n_statements:12}{request.status:8}"
        )
        nested = f"  nested: {'; '.join(request.nested)}" if request.nested else ""
        print(f"{mark}{cost}  {request.role:9} {request.address}{nested}")
    marked = [request for request in costs if request.is_marked]
    for request in marked:
        print(f"\n{request.role} {request.address}{request.slowest}")
    print(f"{len(marked)} of {len(costs)} marked", flush=True)
    return len(marked)


if __name__ == "__main__":
    sys.exit(main())
