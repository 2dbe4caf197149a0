"""Sets up Django for a benchmark, with a migrated database that is dropped or kept afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecgreview.settings")
os.environ.setdefault("ECGREVIEW_DEMO", "1")
os.environ.setdefault("SECRET_KEY", "a-benchmark-signs-nothing-0123456789-abcdefghijklmnopq")
os.environ["ECGREVIEW_TEST_DB"] = os.environ.get("KEEP", "") or f"bench_{os.getpid()}"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import DEFAULT_DB_ALIAS, connection  # noqa: E402

# The database that ``kept_database`` creates, keeps and reuses; empty for none.
KEPT_DATABASE = os.environ.get("KEEP", "")


@contextmanager
def empty_database() -> Iterator[None]:
    """Create a migrated database for this run and drop it afterwards."""
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def exists() -> bool:
    """Return whether the database named by ``KEEP`` exists."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", [KEPT_DATABASE])
        return cursor.fetchone() is not None


@contextmanager
def kept_database() -> Iterator[None]:
    """Use the database named by ``KEEP``, migrated; create it if it does not exist."""
    if not exists():
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
    else:
        connection.close()
        settings.DATABASES[DEFAULT_DB_ALIAS]["NAME"] = connection.settings_dict["NAME"] = (
            KEPT_DATABASE
        )
        call_command("migrate", verbosity=0)
    yield
    connection.close()
