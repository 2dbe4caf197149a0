"""The local services that manage.py starts before a command."""

import os
import stat
import subprocess
import sys

import pytest

from ecgreview.local_services import commandline
from ecgreview.local_services.places import REPOSITORY, Places


@pytest.fixture
def bare_home(monkeypatch, tmp_path):
    """An empty home directory. The environment configures nothing else."""
    for name in (*commandline.ADDRESSES, "SECRET_KEY", "ECGREVIEW_DEMO"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("ECGREVIEW_HOME", str(tmp_path))
    return tmp_path


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("address_name", commandline.ADDRESSES)
def test_a_single_address_is_refused(bare_home, monkeypatch, address_name):
    monkeypatch.setenv(address_name, "postgresql://a@b/c")
    refused = manage("migrate")
    assert (refused.returncode, "Set both" in refused.stderr) == (1, True)


def test_configured_servers_start_no_local_services(bare_home, monkeypatch):
    for name in commandline.ADDRESSES:
        monkeypatch.setenv(name, "anything")
    with commandline.services_for(["migrate"]):
        assert list(bare_home.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["help"], ["collectstatic"], ["migrate", "--help"]])
def test_some_commands_need_no_services(arguments):
    assert not commandline.needs_services(arguments)


def test_a_command_without_services_creates_no_database(bare_home):
    assert manage("version").returncode == 0
    assert not Places(bare_home).postgres_data.exists()


def test_a_command_starts_local_services(bare_home):
    done = manage("shell", "--no-imports", "-c", QUESTION)
    assert done.stdout.strip() == "ecg_owner", done.stderr


QUESTION = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user")
    print(cursor.fetchone()[0])
"""


def test_a_database_with_missing_migrations_is_not_migrated(bare_home):
    assert manage("migrate", "annotations", "0001", "--verbosity=0").returncode == 0
    refused = manage("create_user", "ana")
    (line,) = refused.stderr.splitlines()
    assert (refused.returncode, "`manage.py migrate`" in line) == (1, True)


def test_the_secret_key_is_created_once(bare_home):
    keys = set()
    for _ in range(2):
        with commandline.services_for(["help"]):
            keys.add(os.environ["SECRET_KEY"])
    assert [len(key) >= 50 for key in keys] == [True]


def test_only_the_owner_can_read_the_secret_key(bare_home):
    with commandline.services_for(["help"]):
        mode = (bare_home / "secrets" / "django").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
