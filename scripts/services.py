"""PostgreSQL and Valkey for the tests: one home in .cache, kept between runs.

``python -m scripts.services`` is what stays in the background after ``make quick``: it ends when
no test has asked for the services for half an hour.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from ecgreview import local_services
from ecgreview.local_services import postgres
from ecgreview.local_services.places import REPOSITORY, Places

HOME = REPOSITORY / ".cache" / "tests"
BYTECODE = REPOSITORY / ".cache" / "bytecode"
ADDRESSES = ("DATABASE_URL", "REDIS_URL")
NOT_STARTED = {
    "DATABASE_URL": "postgresql://services-not-started@127.0.0.1:1/none",
    "REDIS_URL": "redis://services-not-started@127.0.0.1:1/0",
}
UNSAFE = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "checkpoint_timeout = '1h'",
    "max_wal_size = '4GB'",
)
"""Nothing in this cluster is to outlive a power cut: after one, remove .cache/tests."""

IDLE_S = 1800.0
START_S = 300.0
POLL_S = 0.05


def environment() -> dict[str, str]:
    """Return what tests need besides the addresses of the services."""
    places = Places(HOME).create()
    return {
        "ECGREVIEW_HOME": str(HOME),
        "ECGREVIEW_DEMO": "1",
        "STATIC_ROOT": str(HOME / "static"),
        "SECRET_KEY": places.secret("django", 48),
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright's sync API runs a loop of its own
    }


def for_processes(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` with compiled modules kept in .cache and one thread for each process.

    Some images forbid Python to write compiled modules; every process of a run would compile
    Django anew. The threads of linear algebra would wait for those of the other workers.
    """
    kept = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(BYTECODE), "OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Yield the addresses of the services; they stop after the last user.

    Raises:
        ServicesFailed: one of them did not start.
    """
    places = Places(HOME).create()
    with local_services.running(HOME) as found:
        spare_the_disk(places, found)
        yield {"DATABASE_URL": found.database_url, "REDIS_URL": found.redis_url}


def spare_the_disk(places: Places, found: local_services.Services) -> None:
    """Let PostgreSQL wait for no disk."""
    port = psycopg.conninfo.conninfo_to_dict(found.database_url)["port"]
    with psycopg.connect(
        host="127.0.0.1", port=port, user=postgres.SUPERUSER, dbname="postgres",
        password=places.secret("postgres"), autocommit=True,
    ) as connection:  # fmt: skip
        for setting in UNSAFE:
            connection.execute(f"alter system set {setting}".encode())
        connection.execute("select pg_reload_conf()")


def keep() -> dict[str, str]:
    """Return the addresses of services that stay for a while, starting them when they are not up.

    Raises:
        ServicesFailed: they did not start.
    """
    places = Places(HOME).create()
    used(places)
    claim = places.claim("kept")
    if claim is not None:
        claim.close()
        started = subprocess.Popen(
            [sys.executable, "-m", "scripts.services"], cwd=REPOSITORY, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=for_processes({**os.environ, "ECGREVIEW_HOME": str(HOME)}),
        )  # fmt: skip
        wait_until_kept(places, started)
        started.returncode = 0  # it outlives us
    # Joined for a moment, to learn the addresses and that they answer.
    with running() as addresses:
        return addresses


def wait_until_kept(places: Places, started: subprocess.Popen[bytes]) -> None:
    """Return when the process in the background has the services."""
    deadline = time.monotonic() + START_S
    while not said(places).exists():
        if started.poll() is not None or time.monotonic() > deadline:
            raise local_services.ServicesFailed(
                f"The tests' services did not start: see {places.logs}."
            )
        time.sleep(POLL_S)


def stay() -> int:
    """Keep the services until nobody has used them for a while."""
    places = Places(HOME).create()
    claim = places.claim("kept")
    if claim is None:
        return 0
    said(places).unlink(missing_ok=True)
    try:
        with running():
            said(places).touch()
            while time.time() - mark(places).stat().st_mtime < IDLE_S:
                time.sleep(1)
    finally:
        said(places).unlink(missing_ok=True)
        claim.close()
    return 0


def used(places: Places) -> None:
    """Note that somebody uses the services now."""
    mark(places).touch()


def mark(places: Places) -> Path:
    """Return the file whose time tells when the services were last used."""
    return places.run / "used"


def said(places: Places) -> Path:
    """Return the file that exists while services are kept in the background."""
    return places.run / "kept"


if __name__ == "__main__":
    sys.exit(stay())
