"""PostgreSQL and Valkey for one machine and for the tests, started on demand.

``with local_services.running() as services:`` yields their addresses. The first user starts the
services, later users share them, and they stop after the last user ends.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ecgreview.local_services import places as _places

START_SECONDS = 1200.0  # the sum of the keeper's own time limits
REPORT_EVERY_SECONDS = 15.0
STOP_SECONDS = 30.0
JOINED_AFTER_SECONDS = 1.0
POLL_SECONDS = 0.02


class ServicesFailed(Exception):
    """The embedded services did not start; the message contains the end of their log."""


@dataclass(frozen=True, slots=True)
class Services:
    """The addresses of the running services; they contain passwords, so never print them."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)


@contextmanager
def running(home: Path | None = None) -> Iterator[Services]:
    """Yield the services of ``home``; start them if needed, and stop them after the last user.

    Raises:
        ServicesFailed: a service did not start.
    """
    places = _places.Places(home or _places.default_home()).create()
    users = os.open(places.run / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while an earlier keeper is still stopping
        yield ensure_running(places)
    finally:
        last = _is_last(users)
        os.close(users)
        if last:
            _wait_for_end(places)


def ensure_running(places: _places.Places) -> Services:
    """Return the services of ``places``, starting a keeper if none is running.

    The caller must be a user already: a keeper without users stops immediately.
    """
    start = os.open(places.run / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(start, fcntl.LOCK_EX)
        keeper = None if is_kept(places) else _start_keeper(places)
        _wait_until_ready(places, keeper)
    finally:
        os.close(start)
    return _addresses(places)


def is_kept(places: _places.Places) -> bool:
    """Return whether a keeper is running; a keeper holds its lock until it ends."""
    descriptor = os.open(places.run / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def _start_keeper(places: _places.Places) -> subprocess.Popen[bytes]:
    """Start a keeper in a session of its own, so that Ctrl-C here does not reach it."""
    places.ready.unlink(missing_ok=True)
    from ecgreview.local_services import service

    service.rotate(_log(places))
    with _log(places).open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "ecgreview.local_services.keeper", str(places.home)],
            stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
            cwd=_places.REPOSITORY, start_new_session=True,
        )  # fmt: skip


def _wait_until_ready(places: _places.Places, keeper: subprocess.Popen[bytes] | None) -> None:
    """Wait for the services; ``keeper`` is None when another process started it."""
    began = reported_at = time.monotonic()
    while not places.ready.exists():
        ended = keeper.poll() is not None if keeper is not None else not is_kept(places)
        now = time.monotonic()
        if ended or now - began > START_SECONDS:
            raise ServicesFailed(f"The embedded services did not start.\n{_end_of_log(places)}")
        if now - reported_at > REPORT_EVERY_SECONDS:
            reported_at = now
            sys.stderr.write(
                f"Waiting for PostgreSQL and Valkey: {now - began:.0f} s so far ({places.logs}).\n"
            )
        time.sleep(POLL_SECONDS)
    if keeper is not None:
        # Do not wait for the child: it outlives us if somebody else still uses the
        # services.
        keeper.returncode = 0


def _addresses(places: _places.Places) -> Services:
    from ecgreview.local_services import postgres, valkey

    ports = json.loads(places.ready.read_text(encoding="utf-8"))["ports"]
    return Services(
        database_url=postgres.address(places, ports["PostgreSQL"]),
        redis_url=valkey.address(places, ports["Valkey"]),
    )


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for_end(places: _places.Places) -> None:
    """Wait until the keeper has stopped everything, another user has joined, or ``STOP_SECONDS``
    have passed.
    """
    began = time.monotonic()
    while is_kept(places) and (waited := time.monotonic() - began) < STOP_SECONDS:
        if waited > JOINED_AFTER_SECONDS and places.ready.exists():
            return
        time.sleep(POLL_SECONDS)


def _log(places: _places.Places) -> Path:
    return places.logs / "keeper.log"


def _end_of_log(places: _places.Places) -> str:
    return "\n".join(_log(places).read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
