"""Write rows without the checks of the application, so that only the database refuses them."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Model

from annotations.models import Release, ReleaseChunk

DIGEST = "0" * 64


def insert_copy(row: Model, **changes: Any) -> None:
    copy = type(row)._default_manager.get(pk=row.pk)
    copy.pk = None
    copy._state.adding = True
    for name, value in changes.items():
        setattr(copy, name, value)
    copy.save(force_insert=True)


def update_row(row: Model, **changes: Any) -> None:
    type(row)._default_manager.filter(pk=row.pk).update(**changes)


def check_constraints() -> None:
    """Run deferred constraint checks now, and those of later statements immediately."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


def check_constraints_then_defer() -> None:
    """Run deferred constraint checks now, but defer those of later statements again."""
    check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("set constraints all deferred")


def new_release(fixture, **changes: Any):
    values = {
        "study": fixture("study"),
        "major": 1,
        "minor": 0,
        "requested_at": fixture("now"),
        "released_on": "2026-03",
        "formats": ["csv"],
        "licence": "CC-BY-4.0",
        **changes,
    }
    return Release.objects.create(**values)


def ready_release(fixture, **changes: Any):
    release = new_release(fixture, **changes)
    ReleaseChunk.objects.create(release=release, number=0, content=b"PK")
    whole = {"digest": DIGEST, "manifest_digest": DIGEST, "manifest": {"version": "1.0"}}
    update_row(release, finished_at=fixture("now"), n_bytes=2, index=b"index", **whole)
    return release
