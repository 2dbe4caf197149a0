"""Dump and restore the database with pg_dump and pg_restore, and count its rows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from ecgreview.local_services import postgres, service

TABLES = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""


class BackupFailed(Exception):
    """A backup could not be created or restored; the message says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Connection parameters of a database; the password is never part of the repr."""

    host: str
    port: str
    user: str
    name: str
    password: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """Return the environment for PostgreSQL's programs, including the password.

        On the command line, the password would be visible to other users.
        """
        return {
            **os.environ, "PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user,
            "PGDATABASE": self.name, "PGPASSWORD": self.password,
        }  # fmt: skip

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, dbname=self.name,
            password=self.password, connect_timeout=5,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frozen:
    """An exported snapshot of the database, and the row counts in it."""

    snapshot: str
    n_rows: Mapping[str, int]


@contextmanager
def frozen(address: Address) -> Iterator[Frozen]:
    """Export a snapshot for the duration of the block, so that row counts match the dump."""
    with address.connect() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        yield Frozen(str(row[0]) if row else "", counted(connection))


def counted(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """Return the number of rows of each table, by table name."""
    names = [str(name) for (name,) in connection.execute(TABLES).fetchall()]
    counts = {}
    for name in names:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))
        row = connection.execute(query).fetchone()
        counts[name] = int(str(row[0])) if row else 0
    return counts


def dump(address: Address, snapshot: str, target: IO[bytes]) -> None:
    """Write the database at ``snapshot`` to ``target``, compressed, in pg_dump's custom format."""
    _run("pg_dump", ["--format=custom", f"--snapshot={snapshot}"], address, target=target)


def check(dumped: IO[bytes]) -> None:
    """Raise BackupFailed if the table of contents of the dump cannot be read."""
    _run("pg_restore", ["--list"], None, source=dumped)


def restore(address: Address, dumped: IO[bytes]) -> None:
    """Restore a dump into the empty database at ``address`` in a single transaction.

    The connecting user becomes the owner. The database roles of web requests must exist, because
    the dump contains grants to them.
    """
    options = ["--single-transaction", "--exit-on-error", "--no-owner", f"--dbname={address.name}"]
    _run("pg_restore", options, address, source=dumped)


def tool(name: str) -> Path:
    """Return the path of a PostgreSQL program: the embedded one, else the one on PATH.

    Raises:
        BackupFailed: the program is neither embedded nor on PATH.
    """
    try:
        embedded = postgres.binaries() / name
    except service.ServiceFailed:
        embedded = None
    program = shutil.which(name) if embedded is None else str(embedded)
    if program is None:
        raise BackupFailed(
            f"{name} is not installed here. Install PostgreSQL's client programs, of the version of"
            " the server or newer. With docker compose, back up as docker-compose.yml says."
        )
    return Path(program)


def _run(
    name: str,
    options: list[str],
    address: Address | None,
    *,
    source: IO[bytes] | None = None,
    target: IO[bytes] | None = None,
) -> None:
    done = subprocess.run(
        [str(tool(name)), *options], check=False, stdin=source or subprocess.DEVNULL,
        stdout=target or subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=address.environment() if address else None,
    )  # fmt: skip
    if done.returncode != 0:
        raise BackupFailed(f"{name} failed: {done.stderr.decode(errors='replace').strip()}")
