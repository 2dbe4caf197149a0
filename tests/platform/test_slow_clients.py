"""Deliberately slow clients occupy only their own connections."""

import http.client
import socket
import subprocess
import sys
import urllib.request
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from ecgreview.local_services import service
from ecgreview.local_services.places import REPOSITORY
from tests.platform.processes import DEADLINE_SECONDS, eventually
from tests.platform.slow_site import LARGE_BYTES

N_SLOW_CLIENTS = 12  # six times the number of threads
MAX_CONNECTIONS = 30

SLOW_HEADERS = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx"
SLOW_READER = b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n"


@contextmanager
def gunicorn(log, application, *options):
    """Serve an application of ``slow_site`` with one worker process. Yields port and process."""
    port = service._free_port()
    with log.open("wb") as stream, subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--no-control-socket",
         "--worker-class", "ecgreview.serving.worker.Worker", *options,
         f"tests.platform.slow_site:{application}()"],
        cwd=REPOSITORY, stdout=stream, stderr=stream,
    ) as server:  # fmt: skip
        try:
            assert eventually(lambda: answers(port)), log.read_text()
            yield port, server
        finally:
            server.kill()  # a graceful stop would wait for slow clients


@pytest.fixture(scope="module")
def patient_site(tmp_path_factory):
    """Port and process of a site with very long timeouts."""
    log = tmp_path_factory.mktemp("patient") / "log"
    options = ("--keep-alive", "600", "--worker-connections", str(MAX_CONNECTIONS))
    with gunicorn(log, "patient", *options) as site:
        yield site


@pytest.fixture(scope="module")
def impatient_port(tmp_path_factory):
    """The port of a site with short timeouts and a small body limit."""
    log = tmp_path_factory.mktemp("impatient") / "log"
    with gunicorn(log, "impatient", "--keep-alive", "1") as (port, _):
        yield port


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=DEADLINE_SECONDS):
            return True
    except (OSError, http.client.HTTPException):
        return False


def slow_connections(stack: ExitStack, port: int, request_bytes: bytes) -> list[socket.socket]:
    connections = []
    for _ in range(N_SLOW_CLIENTS):
        connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(request_bytes)
        connections.append(connection)
    return connections


def is_open(connection: socket.socket) -> bool:
    """Return whether the server has kept ``connection`` open."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    finally:
        connection.setblocking(True)


@pytest.mark.parametrize("request_bytes", [SLOW_HEADERS, SLOW_BODY, SLOW_READER])
def test_slow_clients_do_not_block_others(patient_site, request_bytes):
    port, server = patient_site
    processes = psutil.Process(server.pid).children()
    with ExitStack() as stack:
        slow = slow_connections(stack, port, request_bytes)
        assert all(answers(port) for _ in range(5))
        assert all(is_open(connection) for connection in slow)
    assert psutil.Process(server.pid).children() == processes


@pytest.mark.parametrize(
    ("request_bytes", "status_line"),
    [
        (SLOW_HEADERS, b""),
        (b"", b""),
        (SLOW_BODY, b"HTTP/1.1 408 Request Timeout"),
        (SLOW_BODY.replace(b"100", b"2000") + b"x" * 1000, b"HTTP/1.1 413 Payload Too Large"),
    ],
)
def test_a_slow_or_large_request_is_refused(impatient_port, request_bytes, status_line):
    with socket.create_connection(("127.0.0.1", impatient_port), DEADLINE_SECONDS) as connection:
        connection.sendall(request_bytes)
        with connection.makefile("rb") as stream:
            assert stream.read().split(b"\r\n")[0] == status_line


def test_connections_above_the_limit_are_refused(patient_site):
    port, _ = patient_site
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            for _ in range(MAX_CONNECTIONS + 1)
        ]
        assert eventually(lambda: not all(map(is_open, connections)))
    assert eventually(lambda: answers(port))


CHUNKED = (
    b"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Connection: close\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
)


def test_a_chunked_body_arrives_complete(patient_site):
    port, _ = patient_site
    with socket.create_connection(("127.0.0.1", port), DEADLINE_SECONDS) as connection:
        connection.sendall(CHUNKED)
        with connection.makefile("rb") as stream:
            assert stream.read().endswith(b"\r\n6\r\nonetwo\r\n0\r\n\r\n")


def test_a_large_response_arrives_complete(patient_site):
    port, _ = patient_site
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/much") as answer:
        assert len(answer.read()) == LARGE_BYTES
