"""Does the site keep answering while many clients send their requests as slowly as possible?

Starts the web server with its default settings, except that workers are not recycled after a
number of requests. Clients then send one byte of a body, half of their headers, or never read
their responses, and reconnect whenever they are disconnected. Meanwhile ``/livez`` is requested
four times a second. Prints how often it answered and whether a process was replaced; returns 1 if
an answer is missing or a process was replaced. Run with the services up:
``python -m bench.attack.slow_bodies [connections] [seconds]``.
"""

from __future__ import annotations

import http.client
import os
import secrets
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle

import psutil

from ecgreview.local_services import service
from ecgreview.local_services.places import REPOSITORY

N_CONNECTIONS = 50
SECONDS = 60.0
PROBE_EVERY_S = 0.25
PATIENCE_S = 5.0
START_SECONDS = 600.0
N_PROCESSES = 2

TOKEN = "a" * 32
BODY = (
    f"POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: csrftoken={TOKEN}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nc"
).encode()
HEADERS = b"GET /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
READER = 2000 * b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def main() -> int:
    """Run the attack and print the results; return 1 if an answer or a process is lost."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else N_CONNECTIONS
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    missed = 0
    with web_server() as (port, server):
        for name, kinds in (("bodies", [BODY]), ("all three kinds", [BODY, HEADERS, READER])):
            before = pids(server)
            waits, n_opened = attack(port, kinds, n, seconds)
            answered = [wait for wait in waits if wait is not None]
            missed += len(waits) - len(answered)
            after = pids(server)
            print(f"{n} slow connections ({name}) for {seconds:.0f} s, {n_opened} opened:")
            print(f"  /livez answered {len(answered)} of {len(waits)}", end="")
            if answered:
                print(f", median {1000 * statistics.median(answered):.0f} ms", end="")
                print(f", longest {1000 * max(answered):.0f} ms", end="")
            print(f"\n  processes replaced: {len(set(before) - set(after))} of {len(before)}")
            missed += before != after
    return int(missed > 0)


@contextmanager
def web_server() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run gunicorn with its default settings; yield its port and process."""
    port = service._free_port()
    environment = {
        "ECGREVIEW_DEMO": "1",
        "SECRET_KEY": secrets.token_urlsafe(48),
        **os.environ,
        "PORT": str(port),
        "HOST": service.LOOPBACK,
        # The slow readers send more requests than a worker normally answers before it is recycled.
        "GUNICORN_CMD_ARGS": "--max-requests=0",
    }
    program = [sys.executable, "-m", "gunicorn", "-c", "python:ecgreview.site.gunicorn"]
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(program, cwd=REPOSITORY, env=environment, stderr=log) as server,
    ):
        try:
            deadline = time.monotonic() + START_SECONDS
            while probe(port) is None or len(pids(server)) < N_PROCESSES:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The web server did not start.")
                time.sleep(PROBE_EVERY_S)
            yield port, server
        finally:
            server.terminate()


def attack(port: int, kinds: list[bytes], n: int, seconds: float) -> tuple[list[float | None], int]:
    """Return the seconds of each probe (None if unanswered) and the number of connections."""
    payloads = cycle(kinds)
    waits: list[float | None] = []
    with closing(selectors.DefaultSelector()) as selector:
        for _ in range(n):
            connect(selector, port, next(payloads))
        n_opened = n
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for key, _ in selector.select(0):
                n_opened += renew(selector, key, port, next(payloads))
            waits.append(probe(port))
            time.sleep(PROBE_EVERY_S)
        for key in list(selector.get_map().values()):
            close(key.fileobj)
    return waits, n_opened


def renew(
    selector: selectors.BaseSelector, key: selectors.SelectorKey, port: int, payload: bytes
) -> bool:
    """Read one byte, as a slow reader does; reconnect if the server has closed the connection."""
    connection = key.fileobj
    try:
        if isinstance(connection, socket.socket) and connection.recv(1):
            return False
    except OSError:
        pass
    selector.unregister(connection)
    close(connection)
    connect(selector, port, payload)
    return True


def connect(selector: selectors.BaseSelector, port: int, payload: bytes) -> None:
    connection = socket.create_connection((service.LOOPBACK, port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    connection.send(payload)
    selector.register(connection, selectors.EVENT_READ)


def close(connection: object) -> None:
    if isinstance(connection, socket.socket):
        connection.close()


def probe(port: int) -> float | None:
    """Return the seconds until ``/livez`` answered, or None if it did not."""
    began = time.monotonic()
    try:
        with urllib.request.urlopen(f"http://{service.LOOPBACK}:{port}/livez", timeout=PATIENCE_S):
            return time.monotonic() - began
    except (OSError, http.client.HTTPException):
        return None


def pids(server: subprocess.Popen[bytes]) -> list[int]:
    return sorted(child.pid for child in psutil.Process(server.pid).children())


if __name__ == "__main__":
    sys.exit(main())
