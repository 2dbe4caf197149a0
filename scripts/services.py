"""PostgreSQL and Valkey for the tests, with one home in .cache that is kept between runs.

``python -m scripts.services`` runs in the background after ``make quick`` and ends after half an
hour without tests.
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
# This cluster need not survive a power cut. After one, delete .cache/tests.
UNSAFE = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "checkpoint_timeout = '1h'",
    "max_wal_size = '4GB'",
)

IDLE_S = 1800.0
START_S = 300.0
POLL_S = 0.05


def environment() -> dict[str, str]:
    """Return the environment variables of tests, except the addresses of the services."""
    places = Places(HOME).create()
    return {
        "ECGREVIEW_HOME": str(HOME),
        "ECGREVIEW_DEMO": "1",
        "STATIC_ROOT": str(HOME / "static"),
        "SECRET_KEY": places.secret("django", 48),
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright's sync API runs an event loop
    }


def for_processes(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` with bytecode cached in .cache and one OpenBLAS thread per process.

    Some container images disable bytecode caching, so every process would compile Django again.
    More OpenBLAS threads would compete with those of the other test workers.
    """
    variables = {
        name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    return {**variables, "PYTHONPYCACHEPREFIX": str(BYTECODE), "OPENBLAS_NUM_THREADS": "1"}


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Start the services and yield their addresses. They stop when their last user ends.

    Raises:
        ServicesFailed: one of them did not start.
    """
    places = Places(HOME).create()
    with local_services.running(HOME) as addresses:
        disable_fsync(places, addresses)
        yield {"DATABASE_URL": addresses.database_url, "REDIS_URL": addresses.redis_url}


def disable_fsync(places: Places, addresses: local_services.Services) -> None:
    """Configure PostgreSQL not to wait for the disk."""
    port = psycopg.conninfo.conninfo_to_dict(addresses.database_url)["port"]
    with psycopg.connect(
        host="127.0.0.1", port=port, user=postgres.SUPERUSER, dbname="postgres",
        password=places.secret("postgres"), autocommit=True,
    ) as connection:  # fmt: skip
        for setting in UNSAFE:
            connection.execute(f"alter system set {setting}".encode())
        connection.execute("select pg_reload_conf()")


def keep() -> dict[str, str]:
    """Return the addresses of services that stay up for a while, starting them if needed.

    Raises:
        ServicesFailed: they did not start.
    """
    places = Places(HOME).create()
    note_use(places)
    claim = places.claim("kept")
    if claim is not None:
        claim.close()
        started = subprocess.Popen(
            [sys.executable, "-m", "scripts.services"], cwd=REPOSITORY, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env=for_processes({**os.environ, "ECGREVIEW_HOME": str(HOME)}),
        )  # fmt: skip
        wait_until_kept(places, started)
        started.returncode = 0  # avoids a warning that it outlives this process
    # Join briefly, to get the addresses and check that the services answer.
    with running() as addresses:
        return addresses


def wait_until_kept(places: Places, started: subprocess.Popen[bytes]) -> None:
    """Wait until the background process has started the services."""
    deadline = time.monotonic() + START_S
    while not ready_file(places).exists():
        if started.poll() is not None or time.monotonic() > deadline:
            raise local_services.ServicesFailed(
                f"The tests' services did not start: see {places.logs}."
            )
        time.sleep(POLL_S)


def stay() -> int:
    """Keep the services running until no test has used them for half an hour."""
    places = Places(HOME).create()
    claim = places.claim("kept")
    if claim is None:
        return 0
    ready_file(places).unlink(missing_ok=True)
    try:
        with running():
            ready_file(places).touch()
            while time.time() - last_use_file(places).stat().st_mtime < IDLE_S:
                time.sleep(1)
    finally:
        ready_file(places).unlink(missing_ok=True)
        claim.close()
    return 0


def note_use(places: Places) -> None:
    """Record that the services are being used now."""
    last_use_file(places).touch()


def last_use_file(places: Places) -> Path:
    """Return the file whose modification time is the last use of the services."""
    return places.run / "used"


def ready_file(places: Places) -> Path:
    """Return the file that exists while a background process keeps the services."""
    return places.run / "kept"


if __name__ == "__main__":
    sys.exit(stay())
