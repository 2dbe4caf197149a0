"""The PostgreSQL role with which a transaction runs: the second line of defense for blinding.

The application connects as the owner of the tables, to whom no row policy applies. During a web
request it acts as one of two roles that see only what the migrations since 0008 grant them:
``ecg_manager`` for people who may see studies, ``ecg_reader`` for everybody else. Anonymous
requests have no user ID and see no rows at all. Role and user ID are settings of the
transaction, so PostgreSQL resets them whenever it ends, and no pooled connection keeps them.

This protects against a forgotten filter, not against SQL injection, which could reset the role
with a statement of its own (docs/adr/0019-row-level-security.md explains why).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

READER, MANAGER = "ecg_reader", "ecg_manager"

# PostgreSQL's keyword for the role with which the connection was opened.
OWNER = "none"

# A single function call, so that a request needs only one round trip. It returns the role.
ACT = "select row_security_act(%s)"

SWITCH = "select current_setting('role'), set_config('role', %s, true)"


class _Local(threading.local):
    """The role that this thread's connection currently acts as, as far as Python knows."""

    role: str | None = None


_local = _Local()


def role() -> str | None:
    """Return the role that a request currently acts as, or None for the owner of the tables.

    The database enforces rights regardless. We use this to leave columns that the role may not
    read out of queries (``annotations.models.withheld``).
    """
    return _local.role


@contextmanager
def acting_as(user_id: int | None) -> Iterator[None]:
    """Run a block in one transaction as this user; None means anonymous.

    Inside another transaction, as in tests, this is a savepoint, and the role is reset
    explicitly at its end.
    """
    is_inner = connection.in_atomic_block
    with transaction.atomic(), _restored():
        act_as(user_id)
        yield
        if is_broken():
            transaction.set_rollback(True)
        elif is_inner and not connection.needs_rollback:
            _stop_acting()


def act_as(user_id: int | None) -> None:
    """Act as this user until the transaction ends, for example as the owner of a token."""
    with connection.cursor() as cursor:
        cursor.execute(ACT, [user_id])
        (_local.role,) = cursor.fetchone()


@contextmanager
def _restored() -> Iterator[None]:
    """Restore the role that Python tracks at the end of a block; PostgreSQL restores its own."""
    before = _local.role
    try:
        yield
    finally:
        _local.role = before


@contextmanager
def as_owner() -> Iterator[None]:
    """Run a block as the owner of the tables, regardless of who sent the request.

    This is for services that work on rows the user must not see: writing the audit trail, taking
    an exam from the pool, comparing with reference answers, deriving results (otherwise a worker's
    job), and signing in. What the block returns must not reveal those rows to the user. A test
    lists which code may use it. It has no effect if no request role is active.
    """
    if not connection.in_atomic_block:
        yield
        return
    before = _switch(OWNER)
    try:
        with _restored():
            _local.role = None
            yield
    finally:
        # After an error, the transaction or an outer savepoint is rolled back, which also
        # resets the role.
        if not connection.needs_rollback and not is_broken():
            _switch(before)


def is_broken() -> bool:
    """Return whether a statement failed or the connection was lost: only a rollback is possible."""
    driver = connection.connection
    return driver is None or driver.info.transaction_status in {
        TransactionStatus.INERROR,
        TransactionStatus.UNKNOWN,
    }


def _switch(role: str) -> str:
    """Switch to ``role`` for the rest of the transaction and return the previous one."""
    with connection.cursor() as cursor:
        cursor.execute(SWITCH, [role])
        before: str = cursor.fetchone()[0]
    return before


def _stop_acting() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('role', %s, true), set_config('app.user_id', '', true)",
                       [OWNER])  # fmt: skip
