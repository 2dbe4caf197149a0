"""The site's own classes, copied from what the services wrote when a test first wanted them.

Nearly every test wants them, and to make 66 rows with all that they say took a sixth of the time
of the tests that use a database.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from annotations.models import (
    AuditEvent,
    ClassRelation,
    DiagnosticClass,
    DiagnosticGroup,
    Taxonomy,
)
from annotations.services import audit
from annotations.services.taxonomy import versions
from ecgreview import taxonomy as published

PARTS: tuple[tuple[type[models.Model], str], ...] = (
    (DiagnosticGroup, "taxonomy_id = %s"),
    (DiagnosticClass, "taxonomy_id = %s"),
    (
        ClassRelation,
        "source_id in (select id from annotations_diagnosticclass where taxonomy_id = %s)",
    ),
)


@dataclass(frozen=True)
class Written:
    """The rows of an installed taxonomy, and what the audit trail says of it."""

    taxonomy: dict[str, Any]
    parts: tuple[tuple[str, str], ...]
    """Tables, each with its rows as JSON."""

    event: dict[str, Any]


@transaction.atomic
def install(*, now: datetime) -> Taxonomy:
    """Do what ``versions.install`` does for the built-in taxonomy.

    The rows have the same ids in every test of a process. No others have them: sequences are not
    rolled back.
    """
    source = published.load()
    if found := Taxonomy.objects.filter(name=source.name, version=source.version).first():
        return found
    if not WRITTEN:
        installed = versions.install(now=now)
        WRITTEN.append(written(installed))
        return installed
    (kept,) = WRITTEN
    taxonomy = Taxonomy.objects.create(**{**kept.taxonomy, "installed_at": now})
    with connection.cursor() as cursor:
        for table, rows in kept.parts:
            cursor.execute(
                f"insert into {table}"  # noqa: S608 - our own names
                f" select * from json_populate_recordset(null::{table}, %s)",
                [rows],
            )
    audit.record(
        actor=None, action=audit.Action.TAXONOMY_INSTALLED, target=taxonomy, after=kept.event,
        now=now,
    )  # fmt: skip
    return taxonomy


WRITTEN: list[Written] = []


def written(installed: Taxonomy) -> Written:
    """Return what ``versions.install`` has written."""
    event = AuditEvent.objects.filter(action=audit.Action.TAXONOMY_INSTALLED).latest("pk")
    fields: dict[str, Any] = {**Taxonomy.objects.filter(pk=installed.pk).values().get()}
    parts = []
    with connection.cursor() as cursor:
        for part, condition in PARTS:
            table = part._meta.db_table
            cursor.execute(
                f"select json_agg({table})::text from {table} where {condition}",  # noqa: S608
                [installed.pk],
            )
            parts.append((table, cursor.fetchone()[0]))
    return Written(fields, tuple(parts), json.loads(event.after))
