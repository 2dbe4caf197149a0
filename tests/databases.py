"""Test databases: copies of a template that is migrated once.

Migrating takes ten seconds, copying half a second. The template's name contains a hash of the
migrations and of what they depend on, so a change creates a new template.
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
DATABASES_BY_PREFIX = "select datname from pg_database where starts_with(datname, %s)"
LOCK = "select pg_advisory_lock(hashtext('ecgreview tests make databases'))"
END_OTHER_SESSIONS = """
    select pg_terminate_backend(pid) from pg_stat_activity
     where datname = %s and pid <> pg_backend_pid() and usename = current_user
"""


def fingerprint() -> str:
    """Return a hash of the migrations, the modules they use and the locked requirements."""
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
    """Point Django's connection at a new copy of the template; drop the copy afterwards."""
    name = f"{COPY}{os.getpid()}_{worker}"
    with exclusive_cursor() as cursor:
        drop_left_over(cursor)
        template = make_template(cursor)
        cursor.execute(f"create database {name} template {template}")
        # Test data need not survive a power cut, so commits do not wait for the disk.
        cursor.execute(f"alter database {name} set synchronous_commit = off")
    with pointed_at(name):
        yield
    with connection._nodb_cursor() as cursor:
        drop(cursor, name)


@contextmanager
def exclusive_cursor() -> Iterator[CursorWrapper]:
    """Yield a cursor outside the test databases, to only one process at a time."""
    with connection._nodb_cursor() as cursor:
        # Waiting for the first worker's migrations takes longer than the usual timeout.
        cursor.execute("set statement_timeout = 0")
        cursor.execute(LOCK)  # held until this session ends
        yield cursor


def make_template(cursor: CursorWrapper) -> str:
    """Return the name of the migrated template; if missing, create it and drop older ones."""
    name = f"{TEMPLATE}{fingerprint()}"
    cursor.execute(DATABASES_BY_PREFIX, [TEMPLATE])
    existing = [database_name for (database_name,) in cursor.fetchall()]
    if name in existing:
        return name
    for older in existing:
        drop(cursor, older)
    draft = f"{COPY}{os.getpid()}_draft"
    cursor.execute(f"create database {draft}")
    with pointed_at(draft):
        call_command("migrate", verbosity=0, interactive=False)
    cursor.execute(f"alter database {draft} rename to {name}")
    return name


@contextmanager
def pointed_at(name: str) -> Iterator[None]:
    """Switch Django's connection and settings to another database."""
    settings: dict[str, Any] = connection.settings_dict
    before = settings["NAME"]
    connection.close()
    settings["NAME"] = name
    yield
    connection.close()
    settings["NAME"] = before


def drop_left_over(cursor: CursorWrapper) -> None:
    """Drop copies of killed runs. The process ID is in the name."""
    cursor.execute(DATABASES_BY_PREFIX, [COPY])
    for (name,) in cursor.fetchall():
        pid = name.removeprefix(COPY).partition("_")[0]
        if not psutil.pid_exists(int(pid)):
            drop(cursor, name)


def drop(cursor: CursorWrapper, name: str) -> None:
    """Drop a database after ending its other sessions.

    The network drill leaves a broken connection, which the server would notice minutes later.
    """
    cursor.execute(END_OTHER_SESSIONS, [name])
    cursor.execute(f"drop database if exists {name}")
