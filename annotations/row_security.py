"""Whom the database takes the present transaction for: the second line of blinding.

The application signs in to PostgreSQL as the owner of the tables, whom no policy holds. For the
time of a web request it acts as one of two roles that see only what migrations 0008 and 0038 let
through: ``ecg_manager`` for people who may look into studies, ``ecg_reader`` for everybody else,
without a person for the anonymous, who see no rows at all. Both are settings of the transaction:
PostgreSQL itself takes them back at its end, however it ends, so no connection of a pool carries
them on.

This guards against a filter that was forgotten, not against statements of an attacker's making,
who could take the role back with a statement of their own (docs/adr/0019-row-level-security.md
says why).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from psycopg.pq import TransactionStatus

READER, MANAGER = "ecg_reader", "ecg_manager"

OWNER = "none"
"""PostgreSQL's word for the role that signed in."""

ACT = "select row_security_act(%s)"
"""One statement, so that a request pays one round trip; it answers with the role."""

SWITCH = "select current_setting('role'), set_config('role', %s, true)"


class _Local(threading.local):
    """The role that the connection of this thread acts as, as Python knows it."""

    role: str | None = None


_local = _Local()


def role() -> str | None:
    """Return the role that a request acts as at this moment; None for the owner of the tables.

    The database holds the role to its rights whatever this says. Columns that it may not read are
    left out of a query by it (``annotations.models.withheld``).
    """
    return _local.role


@contextmanager
def acting_as(user_id: int | None) -> Iterator[None]:
    """Run a block in one transaction, as this person or, with None, as nobody.

    Inside another transaction, as in tests, it is a savepoint, at whose end the role is given
    back by hand.
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
    """Go on as this person until the transaction ends: whoever a token belongs to, say."""
    with connection.cursor() as cursor:
        cursor.execute(ACT, [user_id])
        (_local.role,) = cursor.fetchone()


@contextmanager
def _restored() -> Iterator[None]:
    """Forget the role before the transaction ends, with which it ends in the database."""
    before = _local.role
    try:
        yield
    finally:
        _local.role = before


@contextmanager
def as_owner() -> Iterator[None]:
    """Run a block with the rights of a worker, whoever asks.

    For services whose work concerns rows that the person must not see: writing the audit trail,
    taking an exam from the pool, comparing with reference answers, deriving results, which a
    worker does otherwise, and whatever signs people in. What the block returns must not tell the
    person about those rows. A test lists who may use it. Where nobody acts, it changes nothing.
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
        # After an error the transaction, or a savepoint of before the block, is rolled back, and
        # the role with it.
        if not connection.needs_rollback and not is_broken():
            _switch(before)


def is_broken() -> bool:
    """Tell whether the transaction can only be rolled back, because a statement of it failed."""
    driver = connection.connection
    return driver is None or driver.info.transaction_status in {
        TransactionStatus.INERROR,
        TransactionStatus.UNKNOWN,
    }


def _switch(role: str) -> str:
    """Take on ``role`` for the rest of the transaction and return the one of before."""
    with connection.cursor() as cursor:
        cursor.execute(SWITCH, [role])
        before: str = cursor.fetchone()[0]
    return before


def _stop_acting() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('role', %s, true), set_config('app.user_id', '', true)",
                       [OWNER])  # fmt: skip
