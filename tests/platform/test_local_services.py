"""The local services: started, shared, killed and restarted."""

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
import redis

from ecgreview import local_services
from ecgreview.local_services import account, postgres, service
from ecgreview.local_services.places import REPOSITORY, Places
from tests.platform.processes import DEADLINE_SECONDS, eventually, first_line

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has two accounts to try")

USER = """
import sys, pathlib
from ecgreview import local_services
with local_services.running(pathlib.Path(sys.argv[1])) as services:
    print(services.database_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One home for all tests. Each test starts the services and leaves them stopped."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def user(home):
    """Start another process that uses the services until its standard input is closed."""
    with ExitStack() as started:

        def start() -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", USER, str(home)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
            )  # fmt: skip
            return started.enter_context(process)

        yield start


@pytest.fixture
def closed_home(tmp_path):
    """A home with mode 0700. Data that PostgreSQL stores elsewhere as ``nobody`` are deleted."""
    home = tmp_path / "closed"
    home.mkdir(mode=0o700)
    yield home
    outside = (home / "postgres").resolve()
    if outside.is_relative_to(account.PUBLIC):
        shutil.rmtree(outside.parent)


def execute(services: local_services.Services, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(services.database_url, connect_timeout=5) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def answers(services: local_services.Services) -> bool:
    try:
        return execute(services, "SELECT 1") == [(1,)]
    except psycopg.OperationalError:
        return False


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])


def test_a_second_start_keeps_rows_queue_and_addresses(home):
    with (
        local_services.running(home) as first,
        redis.Redis.from_url(first.redis_url) as queue,
    ):
        execute(first, "CREATE TABLE kept (n int)")
        execute(first, "INSERT INTO kept VALUES (66)")
        queue.rpush("celery", "task")
    with (
        local_services.running(home) as second,
        redis.Redis.from_url(second.redis_url) as queue,
    ):
        assert second == first
        assert execute(second, "SELECT n FROM kept") == [(66,)]
        assert queue.llen("celery") == 1


def test_the_services_stop_after_their_last_user(home):
    with local_services.running(home):
        pass
    assert not local_services.is_kept(Places(home))


def test_the_services_keep_running_for_the_second_of_two_users(home, user):
    with local_services.running(home) as services:
        other = user()
        assert first_line(other).strip() == services.database_url
        other.stdin.close()
        other.wait(DEADLINE_SECONDS)
        assert answers(services)


def test_a_second_process_joins_the_running_services(home, user):
    with local_services.running(home) as services:
        pid = postmaster(home)
        other = user()
        assert first_line(other).strip() == services.database_url
        assert postmaster(home) == pid


def test_simultaneous_starters_share_one_database(user):
    starters = [user() for _ in range(3)]
    assert len({first_line(starter) for starter in starters}) == 1


def test_the_services_stop_when_their_only_user_is_killed(home, user):
    only = user()
    first_line(only)
    only.kill()
    assert eventually(lambda: not local_services.is_kept(Places(home)))


def test_a_killed_postmaster_is_restarted_with_all_committed_rows(home):
    with local_services.running(home) as services:
        execute(services, "CREATE TABLE committed AS SELECT generate_series(1, 1000) AS n")
        os.kill(postmaster(home), signal.SIGKILL)
        assert eventually(lambda: answers(services))
        assert execute(services, "SELECT count(*) FROM committed") == [(1000,)]


def test_a_killed_valkey_is_restarted(home):
    with (
        local_services.running(home) as services,
        redis.Redis.from_url(services.redis_url) as queue,
    ):
        os.kill(int((home / "run" / "valkey.pid").read_text()), signal.SIGKILL)

        def responds() -> bool:
            try:
                return bool(queue.ping())
            except redis.ConnectionError:
                return False

        assert eventually(responds)


def test_the_services_end_with_a_killed_keeper(home, user):
    only = user()
    first_line(only)
    server = postmaster(home)
    os.kill(keeper(home), signal.SIGKILL)
    assert eventually(lambda: service.living(server) is None)


def test_a_user_can_restart_a_killed_keeper(home):
    with local_services.running(home) as services:
        os.kill(keeper(home), signal.SIGKILL)
        assert eventually(lambda: not local_services.is_kept(Places(home)))
        assert local_services.ensure_running(Places(home)) == services
        assert answers(services)


@pytest.mark.parametrize("content", ["", "not a number", "999999999\n"])
def test_an_old_pid_file_does_not_prevent_a_start(home, content):
    (home / "postgres" / "postmaster.pid").write_text(content)
    with local_services.running(home) as services:
        assert answers(services)


def test_a_reused_pid_does_not_prevent_a_start(home):
    (home / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with local_services.running(home) as services:
        assert answers(services)


def test_a_zombie_postmaster_counts_as_dead(home):
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    assert eventually(lambda: service.living(zombie.pid) is None)
    (home / "postgres" / "postmaster.pid").write_text(f"{zombie.pid}\n")
    with local_services.running(home) as services:
        assert answers(services)
    zombie.wait()


def test_a_port_in_use_is_replaced_by_another(home):
    with local_services.running(home) as services:
        number = psycopg.conninfo.conninfo_to_dict(services.database_url)["port"]
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER, str(number)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as listener:
        first_line(listener)
        with local_services.running(home) as services:
            assert str(number) not in services.database_url
        listener.communicate(timeout=DEADLINE_SECONDS)


LISTENER = """
import socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
print("ready", flush=True)
sys.stdin.read()
"""


def test_the_application_role_is_not_a_superuser_and_cannot_bypass_row_security(home):
    with local_services.running(home) as services:
        rights = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        assert execute(services, rights) == [(False, False)]


ACTING = """
    SELECT rolname, rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb,
           pg_has_role(current_user, oid, 'SET'), pg_has_role(current_user, oid, 'USAGE')
      FROM pg_roles WHERE rolname IN ('ecg_manager', 'ecg_reader') ORDER BY 1
"""
"""Per role: name, whether it has any attribute, whether the owner can SET it or inherits it."""


def as_superuser(home: Path, services: local_services.Services) -> dict[str, str]:
    """Return the environment variables with which libpq connects as the superuser."""
    connection_info = psycopg.conninfo.conninfo_to_dict(services.database_url)
    return {
        "PGHOST": str(connection_info["host"]), "PGPORT": str(connection_info["port"]),
        "PGUSER": "postgres", "PGPASSWORD": Places(home).secret("postgres"), "PGDATABASE": "ecg",
    }  # fmt: skip


@pytest.mark.parametrize("statement", ["DROP ROLE ecg_reader", "ALTER ROLE ecg_manager BYPASSRLS"])
def test_a_start_repairs_the_acting_roles(home, statement):
    with local_services.running(home) as services:
        password = Places(home).secret("postgres")
        address = psycopg.conninfo.make_conninfo(
            services.database_url, user="postgres", password=password
        )
        with psycopg.connect(address) as connection:
            connection.execute(statement)
    with local_services.running(home) as services:
        roles = [("ecg_manager", False, True, False), ("ecg_reader", False, True, False)]
        assert execute(services, ACTING) == roles


def test_the_role_script_of_docker_compose_is_idempotent(home):
    with local_services.running(home) as services:
        roles_before = execute(services, ACTING)
        programs = {"PATH": f"{postgres.binaries()}:{os.environ['PATH']}", "POSTGRES_DB": "ecg"}
        password = Places(home).secret("postgres_owner")
        for _ in range(2):
            subprocess.run(
                ["sh", "scripts/postgres-role.sh"], cwd=REPOSITORY, check=True,
                env={**as_superuser(home, services), **programs, "ECG_PASSWORD": password},
            )  # fmt: skip
        assert execute(services, ACTING) == roles_before


def test_postgres_has_data_checksums_and_fsync(home):
    with local_services.running(home) as services:
        settings = [execute(services, f"SHOW {name}") for name in ("data_checksums", "fsync")]
        assert settings == [[("on",)], [("on",)]]


def test_both_services_require_their_password(home):
    with local_services.running(home) as services:
        address = psycopg.conninfo.make_conninfo(services.database_url, password="wrong")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(address)
        port = services.redis_url.rsplit(":", 1)[1]
        with (
            redis.Redis.from_url(f"redis://127.0.0.1:{port}") as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_only_the_owner_can_read_the_home(home):
    modes = {path.stat().st_mode & 0o077 for path in [home / "secrets", *home.glob("secrets/*")]}
    assert modes == {0}


def test_a_service_that_cannot_start_says_why(tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")
    with (
        pytest.raises(local_services.ServicesFailed, match="PostgreSQL stopped"),
        local_services.running(tmp_path),
    ):
        pass


@as_root
@pytest.mark.parametrize("way", ["namespace", "nobody"])
def test_root_can_run_postgres(way, closed_home, monkeypatch):
    monkeypatch.setenv("ECGREVIEW_POSTGRES_ACCOUNT", way)
    with local_services.running(closed_home) as services:
        assert answers(services)


@as_root
def test_data_of_one_account_can_be_used_by_the_other(closed_home, monkeypatch):
    for way, statement in [
        ("namespace", "CREATE TABLE kept AS SELECT 66 AS n"),
        ("nobody", "UPDATE kept SET n = n + 1"),
        ("namespace", "SELECT n FROM kept"),
    ]:
        monkeypatch.setenv("ECGREVIEW_POSTGRES_ACCOUNT", way)
        with local_services.running(closed_home) as services:
            rows = execute(services, statement)
    assert rows == [(67,)]


def keeper(home: Path) -> int:
    pid: int = json.loads((home / "run" / "ready.json").read_text())["pid"]
    return pid
