"""Django for a benchmark, with a migrated database of its own that is removed after the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecgreview.settings")
os.environ.setdefault("ECGREVIEW_DEMO", "1")
os.environ.setdefault("SECRET_KEY", "a-benchmark-signs-nothing-0123456789-abcdefghijklmnopq")
os.environ["ECGREVIEW_TEST_DB"] = f"bench_{os.getpid()}"

import django

django.setup()

from django.db import connection  # noqa: E402


@contextmanager
def empty_database() -> Iterator[None]:
    """Make a migrated database for this run, and remove it after."""
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
