"""``manage.py backup``: the database and the secret keys in one file."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from annotations.management import backups
from ecgreview.backups import archive
from ecgreview.backups.database import BackupFailed


class Command(BaseCommand):
    help = (
        "Back up the database and the secret key into one file, and verify the file. It holds"
        " all data: keep it where only you can read it. The site can keep running."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--to", type=Path, metavar="FOLDER", help="folder to write the backup to"
        )
        parser.add_argument("--keep", type=int, metavar="N", help="delete all but the newest N")

    def handle(self, *, to: Path | None, keep: int | None, **options: Any) -> None:
        if keep is not None and keep < 1:
            raise CommandError("--keep must be at least 1.")
        folder = to or backups.folder()
        try:
            file = backups.write(folder)
        except BackupFailed as failure:
            raise CommandError(str(failure)) from failure
        if keep is not None:
            archive.prune(folder, keep)
        self.stdout.write(str(file))
