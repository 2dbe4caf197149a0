"""Importer side: asks the server for a process and reads its results."""

from __future__ import annotations

import atexit
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from ecgreview.ecg.formats.recording import Recording, Refusal
from ecgreview.ecg.formats.sandbox import frames

PROGRAM = [sys.executable, "-m", "ecgreview.ecg.formats.sandbox.server"]
CODE = Path(__file__).resolve().parents[4]
# The only environment variables that a parser receives: no address, no password, no key.
PASSED_ON = frozenset({"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH"})

STATUS = struct.Struct("<i")
# The exit status of a process that was lost together with its server.
LOST = 1


@dataclass
class Server:
    """A clean process with all parsers imported, which forks one process per batch."""

    pid_of_ours: int
    process: subprocess.Popen[bytes]
    line: socket.socket

    @classmethod
    def start(cls) -> Server:
        """Start the server. It ends when its socket is closed, at the latest with this process."""
        own_end, child_end = socket.socketpair()
        environment = {name: value for name, value in os.environ.items() if name in PASSED_ON}
        # One thread per library: forks lose other threads, and their stacks count towards memory.
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        with child_end:
            process = subprocess.Popen(
                PROGRAM,
                stdin=child_end.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=CODE,
                env=environment,
                close_fds=True,
            )
        return cls(os.getpid(), process, own_end)

    @property
    def is_usable(self) -> bool:
        """Whether the server is running and was started by this process, not before a fork."""
        return self.pid_of_ours == os.getpid() and self.process.poll() is None

    def stop(self) -> None:
        """Close the socket and wait for the server to end."""
        self.line.close()
        if self.pid_of_ours == os.getpid():
            self.process.wait()


_servers: list[Server] = []


def server() -> Server:
    """Return the server of this process, starting it if needed."""
    if not _servers or not _servers[-1].is_usable:
        stop_server()
        _servers.append(Server.start())
    return _servers[-1]


@atexit.register
def stop_server() -> None:
    """End the server; the next batch starts another."""
    while _servers:
        _servers.pop().stop()


class Batch:
    """One process that reads some files; ``status`` is its exit status, 0 if normal."""

    def __init__(self, files: list[Path], root: Path) -> None:
        self.files, self.root = files, root
        self.status = LOST

    def __enter__(self) -> Self:
        self.folder = tempfile.TemporaryDirectory(prefix="ecg-import-")
        message = {
            "files": [os.fspath(file) for file in self.files],
            "root": os.fspath(self.root),
            "here": os.getcwd(),  # noqa: PTH109 - a text for JSON
            "scratch": self.folder.name,
        }
        question, answer = os.pipe(), os.pipe()
        self.server = server()
        socket.send_fds(self.server.line, [b"r"], [question[0], answer[1]])
        os.close(question[0])
        os.close(answer[1])
        self.answers: IO[bytes] = os.fdopen(answer[0], "rb", buffering=1 << 20)
        with os.fdopen(question[1], "wb") as stream:
            stream.write(json.dumps(message).encode("ascii"))
        return self

    def __exit__(self, *raised: object) -> None:
        """Wait for the process, which ends when its results are no longer read."""
        self.answers.close()
        received = self.server.line.recv(STATUS.size, socket.MSG_WAITALL)
        self.status = STATUS.unpack(received)[0] if len(received) == STATUS.size else LOST
        self.folder.cleanup()

    def results(self) -> Iterator[Recording | Refusal | None]:
        """Yield the results, with None after each file.

        Ends early if the process ends or sends a malformed frame.
        """
        while True:
            try:
                yield frames.load(self._take)
            except (EOFError, frames.BadFrame):
                return

    def _take(self, n_bytes: int) -> bytes:
        data = self.answers.read(n_bytes)
        if len(data) < n_bytes:
            raise EOFError
        return data
