"""Fixtures and hooks for all tests."""

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

# `make test` always tries the same examples; `make drill` searches for new ones.
settings.register_profile("quick", derandomize=True, max_examples=20, deadline=None)
settings.register_profile("fast", derandomize=True, max_examples=5, deadline=None)
settings.register_profile("deep", max_examples=200, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", size("quick", "deep")))

TESTS = Path(__file__).resolve().parent
SHARED_DATA = TESTS.parents[1] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings. Tests that need it are skipped if it is not mounted."""
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


ModuleDb = Callable[[], AbstractContextManager[None]]
"""Opens the database for a module-scoped fixture."""


@pytest.fixture(scope="module")
def module_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[ModuleDb]:
    """Keep rows created in a module-scoped fixture for all tests of the module.

    Each test rolls back only its own changes, so this does not work with ``transaction=True``.
    Tests must reload the objects, because instances would carry changes of earlier tests.
    """
    transaction_of_module = transaction.atomic()
    transaction_of_module._from_testcase = True  # type: ignore[attr-defined]  # as around Django's own test cases
    with django_db_blocker.unblock():
        transaction_of_module.__enter__()
    try:
        yield django_db_blocker.unblock
    finally:
        with django_db_blocker.unblock():
            transaction.set_rollback(True)
            transaction_of_module.__exit__(None, None, None)


FOLDER_ORDER = ("browser", "platform", "app", "domain", "js")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect drill tests unless they are named, and order the rest."""
    named = [argument for argument in config.args if "::" in argument]
    if not IS_DRILL and not named:
        drilled = [item for item in items if item.get_closest_marker("drill")]
        config.hook.pytest_deselected(items=drilled)
        items[:] = [item for item in items if not item.get_closest_marker("drill")]
    put_into_order(items)


def put_into_order(items: list[pytest.Item]) -> None:
    """Run the folders with the slowest tests first, so that all workers finish together.

    Browser tests wait half of the time, so their files alternate with others: while one worker
    waits, another computes.
    """
    items.sort(key=lambda item: FOLDER_ORDER.index(item.path.relative_to(TESTS).parts[0]))
    files = [list(files_of_path) for _, files_of_path in groupby(items, key=lambda item: item.path)]
    with_browser = [file for file in files if TESTS / "browser" in file[0].path.parents]
    without = [file for file in files if TESTS / "browser" not in file[0].path.parents]
    turns = chain.from_iterable(zip_longest(with_browser, without, fillvalue=[]))
    items[:] = chain.from_iterable(turns)


KEPT_TABLES = {
    "django_content_type",
    "auth_permission",
    "auth_group",
    "auth_group_permissions",
}
"""Tables that migrations fill and tests do not change permanently."""


def empty_tables(case: TransactionTestCase) -> None:
    """Empty all tables except ``KEPT_TABLES`` after a test that commits.

    Deletes rows instead of truncating: truncating fifty tables creates hundreds of files and took
    longer than most of these tests. Triggers that forbid deletion are disabled meanwhile.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        tables = set(connection.introspection.django_table_names(only_existing=True)) - KEPT_TABLES
        tables_to_empty = tables_with_rows(
            cursor, [connection.ops.quote_name(name) for name in sorted(tables)]
        )
        cursor.execute("set constraints all deferred")
        for statement in ("alter table {} disable trigger user", "delete from {}"):
            execute_each(cursor, statement, tables_to_empty)
        cursor.execute("set constraints all immediate")
        execute_each(cursor, "alter table {} enable trigger user", tables_to_empty)


def tables_with_rows(cursor: CursorWrapper, tables: list[str]) -> list[str]:
    selects = (
        f"select '{table}' where exists (select from {table})"  # noqa: S608 - our own names
        for table in tables
    )
    cursor.execute(" union all ".join(selects))
    return [table for (table,) in cursor.fetchall()]


def execute_each(cursor: CursorWrapper, statement: str, tables: list[str]) -> None:
    """Execute ``statement``, formatted with each of ``tables``, in one round trip."""
    if tables:
        cursor.execute("; ".join(statement.format(table) for table in tables))


@pytest.fixture(scope="session", autouse=True)
def fast_table_cleanup() -> Iterator[None]:
    """Use ``empty_tables`` instead of Django's flush."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_tables)
        yield


def pytest_make_parametrize_id(val: object) -> str | None:
    """Use function names as IDs, because memory addresses would differ between xdist workers."""
    return val.__name__ if isinstance(val, FunctionType) else None
