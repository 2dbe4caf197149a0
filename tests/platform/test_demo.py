"""``manage.py demo``: the whole site from an empty home, twice."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from dataclasses import dataclass

import psutil
import pytest

from ecgreview.local_services import service
from ecgreview.local_services.commandline import ADDRESSES
from ecgreview.local_services.places import REPOSITORY
from tests.platform.processes import DEADLINE_SECONDS, eventually, output

READY = "Ctrl-C stops everything"


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The environment of a newcomer, with a home of its own."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    return {**kept, "ECGREVIEW_HOME": str(home), "STATIC_ROOT": str(home / "static"),
            "ECGREVIEW_DEMO": "1", "ECGREVIEW_DEMO_EXAMS": "6",
            "PYTHONUNBUFFERED": "1"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """What a newcomer met: one demo from an empty home to its end.

    Attributes:
        printed: until it was ready.
        second: what another demo with the same data printed meanwhile.
        is_gone: whether every process of it has ended.
    """

    address: str
    printed: str
    n_classes: int
    second: str
    exit_code: int
    is_gone: bool


@pytest.fixture(scope="module")
def demo(bare):
    """Start a demo; whatever is left of it is ended afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        port = service._free_port()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=REPOSITORY, env=bare, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        started.append(process)
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.wait()
        output(process).close()


@pytest.fixture(scope="module")
def visit(demo):
    """Start a demo in an empty home, look round, and end it politely."""
    process, address = demo()
    printed = printed_until_ready(process)
    n_classes = classes(address)
    second = output(demo()[0]).read()
    members = family(process)
    process.send_signal(signal.SIGTERM)
    exit_code = process.wait(DEADLINE_SECONDS)
    is_gone = eventually(lambda: all(service.living(member.pid) is None for member in members))
    return Visit(address, printed, n_classes, second, exit_code, is_gone)


def printed_until_ready(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in output(process):
        lines.append(line)
        if READY in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def family(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def classes(address: str) -> int:
    with urllib.request.urlopen(f"{address}/api/classes/") as answer:  # noqa: S310 - ours
        return len(json.load(answer))


def test_an_empty_home_becomes_a_site_with_every_class(visit):
    assert visit.address in visit.printed
    assert visit.n_classes == 66


def test_a_second_demo_with_the_same_data_is_refused(visit):
    assert "A demo is already running" in visit.second


def test_a_polite_end_leaves_no_process(visit):
    assert (visit.exit_code, visit.is_gone) == (0, True)


def test_a_killed_demo_leaves_no_process(demo):
    process, _ = demo()
    printed_until_ready(process)
    members = family(process)
    process.kill()
    assert eventually(lambda: all(service.living(member.pid) is None for member in members))


def test_a_taken_port_is_named(bare):
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=REPOSITORY, env=bare, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, f"Port {port} is in use" in done.stderr) == (1, True)


def test_a_server_of_real_work_refuses_the_demo(bare):
    done = subprocess.run(
        [sys.executable, "manage.py", "demo"], cwd=REPOSITORY,
        env={**bare, "ECGREVIEW_DEMO": "0", "SITE_URL": "http://127.0.0.1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "ECGREVIEW_DEMO=1" in done.stderr) == (1, True)
