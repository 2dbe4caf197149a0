"""Storing a row again, or changed, past every check that is not the database's."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Model


def again(row: Model, **changes: Any) -> None:
    """Insert a copy of ``row`` with ``changes``."""
    copy = type(row)._default_manager.get(pk=row.pk)
    copy.pk = None
    copy._state.adding = True
    for name, value in changes.items():
        setattr(copy, name, value)
    copy.save(force_insert=True)


def change(row: Model, **changes: Any) -> None:
    """Update ``row``."""
    type(row)._default_manager.filter(pk=row.pk).update(**changes)


def commit() -> None:
    """Let the constraints speak that wait for the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


def commit_and_go_on() -> None:
    """The same, and let those of the next deeds wait again."""
    commit()
    with connection.cursor() as cursor:
        cursor.execute("set constraints all deferred")
