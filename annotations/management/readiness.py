"""Checks before a command that the database has the tables it needs."""

from __future__ import annotations

import io
import sys

import django
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from ecgreview.site import env

# Commands that run without migrations: a backup precedes an update, a restore needs an empty
# database, and the demo runs migrations itself.
READY_BY_THEMSELVES = frozenset({"backup", "demo", "restore"})


class DatabaseNotReady(Exception):
    """The database lacks migrations; the message says which command to run."""


def make_ready(command: str) -> None:
    """Migrate an empty embedded database and install the taxonomy, before ``command`` uses it.

    A database that is not embedded, or already has migrations, is never migrated automatically.

    Raises:
        DatabaseNotReady: a database that is not migrated automatically lacks migrations.
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
