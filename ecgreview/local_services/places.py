"""Paths of the embedded services' data, secrets, locks and logs under one home."""

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ecgreview.site import env

REPOSITORY = Path(__file__).resolve().parents[2]


def default_home() -> Path:
    """Return ECGREVIEW_HOME, or ``.ecgreview`` next to the code.

    The default is next to the code, so that two clones with different migrations never share a
    database.
    """
    return env.path("ECGREVIEW_HOME", REPOSITORY / ".ecgreview")


@dataclass(frozen=True, slots=True)
class Places:
    """The directories and files of one home."""

    home: Path

    @property
    def postgres_data(self) -> Path:
        """PostgreSQL's data directory; only PostgreSQL writes there."""
        return self.home / "postgres"

    @property
    def valkey_data(self) -> Path:
        """Directory of Valkey's configuration and append-only file."""
        return self.home / "valkey"

    @property
    def logs(self) -> Path:
        return self.home / "log"

    @property
    def run(self) -> Path:
        """Directory of lock files and of ``ready.json``."""
        return self.home / "run"

    @property
    def ready(self) -> Path:
        """The file that exists from when both services answer until the keeper stops them."""
        return self.run / "ready.json"

    def create(self) -> "Places":
        """Create the directories, readable by their owner only."""
        for directory in (self.home, self.logs, self.run, self.home / "secrets"):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self

    def claim(self, name: str) -> IO[str] | None:
        """Return a file that holds an exclusive claim until it is closed, or None if it is
        taken.

        The kernel releases the claim when its holder ends for any reason.
        """
        file = (self.run / f"{name}.lock").open("w", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return None
        return file

    def secret(self, name: str, n_bytes: int = 32) -> str:
        """Return the secret ``name``, created at random the first time and kept in a 0600 file."""
        file = self.home / "secrets" / name
        if not file.exists():
            write_private(file, secrets.token_urlsafe(n_bytes))
        return file.read_text(encoding="ascii")


def write_private(file: Path, content: str) -> None:
    """Write ``content`` atomically into a file that only its owner can read."""
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
