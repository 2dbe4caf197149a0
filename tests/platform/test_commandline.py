"""What manage.py does about services before it runs a command."""

import os
import stat
import subprocess
import sys

import pytest

from ecgreview.local_services import commandline
from ecgreview.local_services.places import REPOSITORY, Places


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """An environment in which nothing is configured."""
    for name in (*commandline.ADDRESSES, "SECRET_KEY", "ECGREVIEW_DEMO"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("ECGREVIEW_HOME", str(tmp_path))
    return tmp_path


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("given", commandline.ADDRESSES)
def test_one_address_alone_is_refused(bare, monkeypatch, given):
    monkeypatch.setenv(given, "postgresql://a@b/c")
    refused = manage("migrate")
    assert (refused.returncode, "Set both" in refused.stderr) == (1, True)


def test_own_servers_start_nothing(bare, monkeypatch):
    for name in commandline.ADDRESSES:
        monkeypatch.setenv(name, "anything")
    with commandline.services_for(["migrate"]):
        assert list(bare.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["help"], ["collectstatic"], ["migrate", "--help"]])
def test_some_commands_need_no_services(arguments):
    assert not commandline.needs_services(arguments)


def test_a_command_without_services_leaves_the_database_alone(bare):
    assert manage("version").returncode == 0
    assert not Places(bare).postgres_data.exists()


def test_a_command_starts_services_of_its_own(bare):
    done = manage("shell", "--no-imports", "-c", QUESTION)
    assert done.stdout.strip() == "ecg_owner", done.stderr


QUESTION = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user")
    print(cursor.fetchone()[0])
"""


def test_the_first_command_of_a_new_home_finds_its_tables(bare):
    done = manage("agreement", "nowhere")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "Preparing the database" in done.stderr
    assert "nowhere" in done.stderr.splitlines()[-1]


def test_a_database_that_lacks_migrations_is_left_alone(bare):
    assert manage("migrate", "annotations", "0001", "--verbosity=0").returncode == 0
    refused = manage("create_user", "ana")
    (line,) = refused.stderr.splitlines()
    assert (refused.returncode, "`manage.py migrate`" in line) == (1, True)


def test_the_secret_key_is_made_once(bare):
    keys = set()
    for _ in range(2):
        with commandline.services_for(["help"]):
            keys.add(os.environ["SECRET_KEY"])
    assert [len(key) >= 50 for key in keys] == [True]


def test_only_the_owner_can_read_the_secret_key(bare):
    with commandline.services_for(["help"]):
        mode = (bare / "secrets" / "django").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
