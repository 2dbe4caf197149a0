"""Whether the database has the tables that this project's own commands need."""

from __future__ import annotations

import io
import sys

import django
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from ecgreview.site import env

READY_BY_THEMSELVES = frozenset({"backup", "demo", "restore"})
"""Backups come before an update, restores into an empty database; the demo migrates by itself."""


class DatabaseNotReady(Exception):
    """The database lacks migrations; the message says which command to run."""


def make_ready(command: str) -> None:
    """Prepare an empty database of the embedded PostgreSQL before ``command`` uses it.

    A database of one's own is never changed unasked, and neither is one that holds data.

    Raises:
        DatabaseNotReady: migrations are missing there.
    """
    django.setup()
    if get_commands().get(command) != "annotations" or command in READY_BY_THEMSELVES:
        return
    loader = MigrationLoader(connection)
    n_missing = len(loader.graph.nodes.keys() - loader.applied_migrations.keys())
    if not n_missing:
        return
    if loader.applied_migrations:
        raise DatabaseNotReady(
            f"The database lacks {n_missing} migrations of this version. Back it up, then run"
            " `manage.py migrate`."
        )
    if not env.flag("ECGREVIEW_EMBEDDED"):
        raise DatabaseNotReady(
            "The database is empty. Run `manage.py migrate` and `manage.py install_taxonomy` first."
        )
    sys.stderr.write("Preparing the database; this happens once …\n")
    call_command("migrate", verbosity=0)
    call_command("install_taxonomy", stdout=io.StringIO())
