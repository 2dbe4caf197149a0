"""Fixtures that every kind of test may want."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import chain, groupby, zip_longest
from pathlib import Path
from types import FunctionType

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase
from hypothesis import settings
from pytest_django.plugin import DjangoDbBlocker

from tests import databases
from tests.sizes import IS_DRILL, size

# Whoever changes nothing gets the same examples; `make drill` looks for new ones.
settings.register_profile("quick", derandomize=True, max_examples=20, deadline=None)
settings.register_profile("deep", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", size("quick", "deep")))

TESTS = Path(__file__).resolve().parent
SHARED_DATA = TESTS.parents[1] / "shared" / "data"


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
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Give this process a migrated database of its own."""
    if connection.settings_dict["USER"] == "services-not-started":
        pytest.exit("These tests need a database: `make quick T=FILE` starts one.", 1)
    worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    with django_db_blocker.unblock(), databases.copy(worker), django_db_blocker.block():
        yield


Story = Callable[[], AbstractContextManager[None]]
"""Opens the database to a fixture of a module."""


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Story]:
    """Keep what is made in it for all tests of a module, each of which undoes its own deeds only.

    For tests with ``django_db`` and without transactions of their own; whoever takes part in it
    is fetched anew by each test, so that no object carries what an earlier test did to it.
    """
    kept = transaction.atomic()
    kept._from_testcase = True  # type: ignore[attr-defined]  # as around Django's own test cases
    with django_db_blocker.unblock():
        kept.__enter__()
    try:
        yield django_db_blocker.unblock
    finally:
        with django_db_blocker.unblock():
            transaction.set_rollback(True)
            kept.__exit__(None, None, None)


FIRST = ("browser", "platform", "app", "domain", "js")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the drill's tests to it, unless they are named; put the others into order."""
    named = [argument for argument in config.args if "::" in argument]
    if not IS_DRILL and not named:
        drilled = [item for item in items if item.get_closest_marker("drill")]
        config.hook.pytest_deselected(items=drilled)
        items[:] = [item for item in items if not item.get_closest_marker("drill")]
    put_into_order(items)


def put_into_order(items: list[pytest.Item]) -> None:
    """Begin with the folders whose tests take longest: at the end the workers finish together.

    A browser is waited for half of the time, so its files take turns with others: while one worker
    waits, another computes.
    """
    items.sort(key=lambda item: FIRST.index(item.path.relative_to(TESTS).parts[0]))
    files = [list(found) for _, found in groupby(items, key=lambda item: item.path)]
    with_browser = [file for file in files if TESTS / "browser" in file[0].path.parents]
    without = [file for file in files if TESTS / "browser" not in file[0].path.parents]
    turns = chain.from_iterable(zip_longest(with_browser, without, fillvalue=[]))
    items[:] = chain.from_iterable(turns)


KEPT = {
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
}
"""What migrations fill, and no test changes for good."""


def empty_tables(case: TransactionTestCase) -> None:
    """Empty all tables but ``KEPT`` after a test that commits.

    By deleting what few rows there are: to truncate fifty tables makes files by the hundred, and
    took longer than most of these tests. What keeps rows from being deleted looks away meanwhile.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT
        filled = those_filled(cursor, [connection.ops.quote_name(name) for name in sorted(tables)])
        cursor.execute("set constraints all deferred")
        for deed in ("alter table {} disable trigger user", "delete from {}"):
            execute_each(cursor, deed, filled)
        cursor.execute("set constraints all immediate")
        execute_each(cursor, "alter table {} enable trigger user", filled)


def those_filled(cursor: CursorWrapper, tables: list[str]) -> list[str]:
    """Return those of ``tables`` that have rows."""
    asked = (
        f"select '{table}' where exists (select from {table})"  # noqa: S608 - our own names
        for table in tables
    )
    cursor.execute(" union all ".join(asked))
    return [table for (table,) in cursor.fetchall()]


def execute_each(cursor: CursorWrapper, deed: str, tables: list[str]) -> None:
    """Do the same to each of ``tables``, at once."""
    if tables:
        cursor.execute("; ".join(deed.format(table) for table in tables))


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> Iterator[None]:
    """Use ``empty_tables`` throughout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name a case by its function: an address in memory would differ between xdist's workers."""
    return val.__name__ if isinstance(val, FunctionType) else None
