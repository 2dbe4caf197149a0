"""Fixtures that every kind of test may want."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

END_OTHER_SESSIONS = """
    select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid() and usename = current_user
"""

LET_TESTS_EMPTY_THE_TRAIL = """
    alter table annotations_auditevent disable trigger audit_event_stays;
    alter table annotations_auditlink disable trigger audit_link_stays;
"""
"""After a test that commits, Django truncates every table; the test of these triggers has them."""

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; tests that need it are skipped where it is not mounted."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no shared data at {SHARED_DATA}")
    for name in ("README.md", "EXPECTED.csv", "ptbxl", "cinc2021", "code15", "malformed"):
        if not (SHARED_DATA / name).exists():
            pytest.fail(f"the shared data are incomplete: no {name}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """End what still holds the test database before it is dropped.

    The network drill cuts a connection of which the server hears only minutes later.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(LET_TESTS_EMPTY_THE_TRAIL)
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(END_OTHER_SESSIONS)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case by its function: an address in memory would differ between xdist's workers."""
    return val.__name__ if isinstance(val, FunctionType) else None
