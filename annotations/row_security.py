"""The PostgreSQL role that a transaction runs as: the second line of blinding.

The application connects as the owner of the tables, which no row policy restricts. During a web
request it acts as one of two roles that see only what migrations 0008 and 0038 allow:
``ecg_manager`` for people who may look into studies, ``ecg_reader`` for everybody else; anonymous
requests have no user id and see no rows at all. Role and user id are settings of the
transaction: PostgreSQL resets them when it ends, however it ends, so no pooled connection keeps
them.

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

# PostgreSQL's keyword for the role that connected.
OWNER = "none"

# A single function call, so a request pays one round trip. It returns the role.
ACT = "select row_security_act(%s)"

SWITCH = "select current_setting('role'), set_config('role', %s, true)"


class _Local(threading.local):
    """The role that this thread's connection currently acts as, as tracked in Python."""

    role: str | None = None


_local = _Local()


def role() -> str | None:
    """Return the role that a request currently acts as; None for the owner of the tables.

    The database enforces rights regardless. We use this to leave out of a query the columns
    that the role may not read (``annotations.models.withheld``).
    """
    return _local.role


@contextmanager
def acting_as(user_id: int | None) -> Iterator[None]:
    """Run a block in one transaction as this user, or with None as anonymous.

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
    """Reset the tracked role before the transaction ends; the database resets its own."""
    before = _local.role
    try:
        yield
    finally:
        _local.role = before


@contextmanager
def as_owner() -> Iterator[None]:
    """Run a block as the owner of the tables, regardless of who sent the request.

    For services that work on rows the user must not see: writing the audit trail, taking an exam
    from the pool, comparing with reference answers, deriving results (otherwise a worker's
    job), and signing in. What the block returns must not reveal those rows to the user. A test
    lists who may use it. No effect if no request role is active.
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
        # After an error, the transaction or an outer savepoint is rolled back, and the role
        # with it.
        if not connection.needs_rollback and not is_broken():
            _switch(before)


def is_broken() -> bool:
    """Tell whether a statement failed, so the transaction can only be rolled back."""
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
