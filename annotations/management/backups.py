"""What the commands ``backup``, ``restore`` and ``demo`` share."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from ecgreview.backups import archive
from ecgreview.backups.database import Address
from ecgreview.local_services.places import default_home
from ecgreview.site import env


def address() -> Address:
    settings = connection.settings_dict
    return Address(
        host=str(settings["HOST"]), port=str(settings["PORT"] or 5432), user=str(settings["USER"]),
        name=str(settings["NAME"]), password=str(settings["PASSWORD"]),
    )  # fmt: skip


def is_embedded() -> bool:
    return env.flag("ECGREVIEW_EMBEDDED")


def folder() -> Path:
    return default_home() / "backups" if is_embedded() else Path("backups").absolute()


def write(target: Path) -> Path:
    """Create a backup in the folder ``target`` and return the file."""
    secrets = {
        "SECRET_KEY": settings.SECRET_KEY,
        "SECRET_KEY_FALLBACKS": settings.SECRET_KEY_FALLBACKS,
    }
    return archive.write(
        target, address(), secrets, version=settings.VERSION, now=timezone.localtime()
    )


def is_due_before_migrating() -> bool:
    """Return whether the database is in use and lacks migrations."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return bool(plan) and bool(executor.loader.applied_migrations)
