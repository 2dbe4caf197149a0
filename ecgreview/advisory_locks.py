"""PostgreSQL advisory locks, so that only one process does a piece of work at a time.

If the process dies, PostgreSQL releases its locks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from django.db import connection

MAX_NUMBER = 2**31


class Lock(IntEnum):
    """What a lock protects: the first of the two numbers of a PostgreSQL advisory lock."""

    BATCH_AGREEMENT = 0x0A62
    NOTICES = 0x0A63
    PATTERN_COUNTS = 0x0A64
    STUDY_AGREEMENT = 0x0A65
    ARCHIVE = 0x0A71
    RELEASE = 0x0A72
    SAME_RECORDINGS = 0x5A3E


def take(lock: Lock, number: int = 0, *, is_shared: bool = False, waits: bool = True) -> bool:
    """Take a lock until the transaction ends. Return whether we hold it.

    Args:
        lock: what the lock protects.
        number: the second number of the lock, for example the ID of a row.
        is_shared: take it in shared mode.
        waits: wait until the lock is free, instead of returning False.
    """
    function = "advisory_xact_lock_shared" if is_shared else "advisory_xact_lock"
    return _ask(f"pg_{function}" if waits else f"pg_try_{function}", lock, number)


@contextmanager
def held(lock: Lock, number: int, *, waits: bool) -> Iterator[bool]:
    """Hold a lock, as in ``take``, for the duration of a block. Yields whether we hold it.

    Outside a transaction this is a session-level lock, so progress can be committed while we
    hold it. Inside a transaction it is held until the transaction ends, because the next holder
    must not start before our changes are visible.
    """
    if connection.in_atomic_block:
        yield take(lock, number, waits=waits)
        return
    is_ours = _ask("pg_advisory_lock" if waits else "pg_try_advisory_lock", lock, number)
    try:
        yield is_ours
    finally:
        if is_ours and connection.is_usable():
            _ask("pg_advisory_unlock", lock, number)


def _ask(function: str, lock: Lock, number: int) -> bool:
    """Call a lock function. Return whether it succeeded; functions that wait always do."""
    with connection.cursor() as cursor:
        cursor.execute(f"select {function}(%s, %s)", [lock.value, number % MAX_NUMBER])
        (answer,) = cursor.fetchone()
    return answer is not False
