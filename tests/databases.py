"""Databases for the tests: each is a copy of one that was migrated once.

To migrate takes ten seconds and to copy half a second. The template's name holds a hash of what
the migrations are made of, so that nobody tests yesterday's tables.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper

from annotations.services.people import roles

REPOSITORY = Path(__file__).resolve().parents[1]
TEMPLATE, COPY = "ecgreview_template_", "ecgreview_test_"
ALL = "select datname from pg_database where starts_with(datname, %s)"
ALONE = "select pg_advisory_lock(hashtext('ecgreview tests make databases'))"
END_OTHER_SESSIONS = """
    select pg_terminate_backend(pid) from pg_stat_activity
     where datname = %s and pid <> pg_backend_pid() and usename = current_user
"""


def fingerprint() -> str:
    """Return a hash of the migrations, of what they call, and of the packages that bring more."""
    package = REPOSITORY / "annotations"
    files = [
        *package.joinpath("migrations").glob("*.py"), *package.joinpath("models").glob("*.py"),
        Path(roles.__file__), REPOSITORY / "requirements.txt",
    ]  # fmt: skip
    state = hashlib.sha256()
    for file in sorted(files):
        state.update(f"{file.relative_to(REPOSITORY)}\n".encode() + file.read_bytes())
    return state.hexdigest()[:16]


@contextmanager
def copy(worker: str) -> Iterator[None]:
    """Point Django's connection at a new copy of the template, which is dropped afterwards."""
    name = f"{COPY}{os.getpid()}_{worker}"
    with alone() as cursor:
        drop_left_over(cursor)
        template = make_template(cursor)
        cursor.execute(f"create database {name} template {template}")
        # Commits wait for no disk, on whatever server: nothing here is to outlive a power cut.
        cursor.execute(f"alter database {name} set synchronous_commit = off")
    with pointed_at(name):
        yield
    with connection._nodb_cursor() as cursor:
        drop(cursor, name)


@contextmanager
def alone() -> Iterator[CursorWrapper]:
    """Yield a cursor outside the tests' databases, one process at a time."""
    with connection._nodb_cursor() as cursor:
        # The first worker migrates for half a minute, longer than a statement may usually take.
        cursor.execute("set statement_timeout = 0")
        cursor.execute(ALONE)  # until this session ends
        yield cursor


def make_template(cursor: CursorWrapper) -> str:
    """Return the name of the migrated database, making it when the migrations have changed."""
    name = f"{TEMPLATE}{fingerprint()}"
    cursor.execute(ALL, [TEMPLATE])
    known = [found for (found,) in cursor.fetchall()]
    if name in known:
        return name
    for older in known:
        drop(cursor, older)
    draft = f"{COPY}{os.getpid()}_draft"
    cursor.execute(f"create database {draft}")
    with pointed_at(draft):
        call_command("migrate", verbosity=0, interactive=False)
    cursor.execute(f"alter database {draft} rename to {name}")
    return name


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Let Django's connection and settings name another database."""
    settings: dict[str, Any] = connection.settings_dict
    before = settings["NAME"]
    connection.close()
    settings["NAME"] = name
    yield
    connection.close()
    settings["NAME"] = before


def drop_left_over(cursor: CursorWrapper) -> None:
    """Drop the copies of runs that were killed: their names hold the number of the process."""
    cursor.execute(ALL, [COPY])
    for (name,) in cursor.fetchall():
        pid = name.removeprefix(COPY).partition("_")[0]
        if not psutil.pid_exists(int(pid)):
            drop(cursor, name)


def drop(cursor: CursorWrapper, name: str) -> None:
    """Drop a database and end what still holds it.

    The network drill cuts a connection of which the server hears only minutes later.
    """
    cursor.execute(END_OTHER_SESSIONS, [name])
    cursor.execute(f"drop database if exists {name}")
