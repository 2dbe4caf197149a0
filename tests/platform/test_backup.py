"""Backup and restore: complete, private, and refused when damaged."""

import os
import subprocess
import sys
import tarfile
from io import BytesIO, StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from annotations.management import backups
from annotations.models import AuditEvent, User
from annotations.services import audit
from ecgreview.backups import archive
from ecgreview.backups.database import BackupFailed
from ecgreview.local_services.commandline import ADDRESSES
from ecgreview.local_services.places import REPOSITORY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def backup(folder):
    """The path of a backup of a database with one person and two audit events."""
    ana = User.objects.create_user("ana")
    for action in (audit.Action.PEOPLE_CREATED, audit.Action.SIGNED_IN):
        with transaction.atomic():
            audit.record(actor=ana, action=action, target=ana, now=timezone.now())
    output = StringIO()
    call_command("backup", to=folder, stdout=output)
    return folder / output.getvalue().strip()


def manage(home, *arguments) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items()
            if name not in {*ADDRESSES, "SECRET_KEY", "ECGREVIEW_EMBEDDED"}}  # fmt: skip
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=REPOSITORY, capture_output=True, text=True,
        env={**environment, "ECGREVIEW_HOME": str(home)}, check=False,
    )  # fmt: skip


def test_a_backup_is_restored_into_a_new_cluster_with_its_key(backup, tmp_path):
    home = tmp_path / "home"
    done = manage(home, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert f"{AuditEvent.objects.count()} events" in done.stdout
    assert (home / "secrets" / "django").read_text() == settings.SECRET_KEY


def test_only_the_owner_can_read_a_backup(backup, folder):
    assert [path.stat().st_mode & 0o077 for path in (folder, backup)] == [0, 0]
    assert list(folder.iterdir()) == [backup]


def test_restoring_into_a_database_with_tables_is_refused(backup):
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(backup))


def test_only_the_newest_backups_are_kept(backup, folder):
    for name in ("ecg-20200101-000000.tar", "ecg-20210101-000000.tar", "notes.txt"):
        (folder / name).touch()
    call_command("backup", to=folder, keep=2, stdout=StringIO())
    remaining = sorted(folder.iterdir())
    assert (len(remaining), remaining[0], remaining[-1].name) == (3, backup, "notes.txt")


def damaged_copy(backup, member: str, content: bytes):
    """Return the path of a copy of the backup in which ``content`` replaces one member."""
    copy = backup.with_name("damaged.tar")
    with tarfile.open(backup) as source, tarfile.open(copy, "w") as target:
        for entry in source.getmembers():
            stream = source.extractfile(entry) or BytesIO()
            written = content if entry.name == member else stream.read()
            entry.size = len(written)
            target.addfile(entry, BytesIO(written))
    return copy


def test_a_damaged_backup_is_refused(backup):
    for member in ("database.dump", "secrets.json", "manifest.json"):
        with pytest.raises(BackupFailed), archive.opened(damaged_copy(backup, member, b"{}")):
            pass


@pytest.mark.django_db(transaction=False)
def test_a_backup_is_due_if_migrations_are_pending_and_there_are_data():
    assert not backups.is_due_before_migrating()
    MigrationRecorder.Migration.objects.filter(app="annotations").latest("pk").delete()
    assert backups.is_due_before_migrating()
    MigrationRecorder.Migration.objects.all().delete()
    assert not backups.is_due_before_migrating()
