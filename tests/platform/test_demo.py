"""``manage.py demo``: the whole site from an empty home, twice."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request

import psutil
import pytest

from ecgreview.embedded import service
from ecgreview.embedded.commandline import ADDRESSES
from ecgreview.embedded.places import REPOSITORY
from tests.platform.processes import eventually, output

READY = "Ctrl-C stops everything"
SETUP_SECONDS = 180


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """The environment of a newcomer, with a home of its own."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    return {**kept, "ECGREVIEW_HOME": str(home), "STATIC_ROOT": str(home / "static"),
            "ECGREVIEW_DEMO": "1", "PYTHONUNBUFFERED": "1"}  # fmt: skip


@pytest.fixture
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


def test_an_empty_home_becomes_a_site_with_every_class(demo):
    process, address = demo()
    printed = printed_until_ready(process)
    assert address in printed
    assert classes(address) == 66


def test_a_polite_end_leaves_no_process(demo):
    process, _ = demo()
    printed_until_ready(process)
    members = family(process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SETUP_SECONDS) == 0
    assert eventually(lambda: all(service.living(member.pid) is None for member in members))


def test_a_killed_demo_leaves_no_process(demo):
    process, _ = demo()
    printed_until_ready(process)
    members = family(process)
    process.kill()
    assert eventually(lambda: all(service.living(member.pid) is None for member in members))


def test_a_second_demo_with_the_same_data_is_refused(demo):
    printed_until_ready(demo()[0])
    second, _ = demo()
    assert "A demo runs already" in output(second).read()


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
        [sys.executable, "manage.py", "demo"], cwd=REPOSITORY, env={**bare, "ECGREVIEW_DEMO": "0"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "ECGREVIEW_DEMO=1" in done.stderr) == (1, True)
