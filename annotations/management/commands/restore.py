"""``manage.py restore FILE``: restore a backup into an empty database."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connection

from annotations.management import backups
from ecgreview.backups import archive, database
from ecgreview.backups.database import BackupFailed
from ecgreview.local_services.places import Places, default_home, write_private


class Command(BaseCommand):
    help = (
        "Restore a backup into an empty database, with the key it was encrypted with, and verify"
        " it: rows are counted, and the audit trail is checked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="file written by `backup`")

    def handle(self, *, file: Path, **options: Any) -> None:
        if connection.introspection.table_names():
            raise CommandError(
                "This database is not empty. Restore into an empty one: with the embedded services"
                " set ECGREVIEW_HOME to a new folder."
            )
        try:
            with archive.opened(file) as (manifest, secrets, dumped):
                database.restore(backups.address(), dumped)
        except BackupFailed as failure:
            raise CommandError(str(failure)) from failure
        self._compare(manifest)
        self._keep_key(file, secrets)
        call_command("verify_audit", stdout=self.stdout)
        if backups.is_due_before_migrating():
            self.stdout.write("The backup is of an earlier version: run `manage.py migrate`.")

    def _compare(self, manifest: archive.Manifest) -> None:
        with backups.address().connect() as restored:
            n_rows = database.counted(restored)
        if n_rows != dict(manifest.n_rows):
            raise CommandError(
                "The number of restored rows differs from the backup. Do not use this database."
            )
        self.stdout.write(
            f"Restored {sum(n_rows.values())} rows in {len(n_rows)} tables, backed up at"
            f" {manifest.made_at} by version {manifest.version}."
        )

    def _keep_key(self, file: Path, secrets: dict[str, object]) -> None:
        """Store the key of the backup: as the site's key if the site is embedded.

        Other sites get it as a file next to the backup, or no file if they already use this key.
        """
        key = str(secrets["SECRET_KEY"])
        if backups.is_embedded():
            write_private(Places(default_home()).create().home / "secrets" / "django", key)
        elif key != settings.SECRET_KEY:
            beside = file.with_suffix(".secret_key").absolute()
            write_private(beside, key)
            self.stdout.write(
                "Second factors are encrypted with the key of the backup: start the site with"
                f" SECRET_KEY_FILE={beside}"
            )
