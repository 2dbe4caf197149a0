"""The first command in a new home, and ``manage.py demo``, which starts the whole site."""

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
from django.core.management import CommandError, call_command

from ecgreview.local_services import service
from ecgreview.local_services.commandline import ADDRESSES
from ecgreview.local_services.places import REPOSITORY
from tests.platform.processes import DEADLINE_SECONDS, eventually, output

READY = "Ctrl-C stops everything"


def with_empty_home(home):
    """Return the environment variables of a new installation with the empty ``home``."""
    configured = {*ADDRESSES, "SECRET_KEY", "ECGREVIEW_DEMO"}
    inherited = {name: value for name, value in os.environ.items() if name not in configured}
    return {**inherited, "ECGREVIEW_HOME": str(home), "STATIC_ROOT": str(home / "static"),
            "PYTHONUNBUFFERED": "1"}  # fmt: skip


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return with_empty_home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def first_command(environment):
    """The result of the first command in the home, which creates the tables."""
    command = [sys.executable, "manage.py", "agreement", "nowhere"]
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )


@dataclass(frozen=True, slots=True)
class Visit:
    """The results of running a demo.

    Attributes:
        printed: output until the demo was ready.
        second: output of a second demo that was started with the same home.
        is_gone: whether all processes of the first demo have ended.
    """

    address: str
    printed: str
    n_classes: int
    second: str
    exit_code: int
    is_gone: bool


@pytest.fixture(scope="module")
def demo():
    """Start a demo of six exams. Processes that are still running are killed afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(environment: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
        port = service._free_port()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**environment, "ECGREVIEW_DEMO": "1", "ECGREVIEW_DEMO_EXAMS": "6"},
        )  # fmt: skip
        started.append(process)
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.kill()
        process.wait()
        output(process).close()


@pytest.fixture(scope="module")
def visit(demo, environment, first_command):
    """Start a demo in the home with the new tables, query it, and terminate it."""
    process, address = demo(environment)
    printed = printed_until_ready(process)
    n_classes = n_classes_at(address)
    second = output(demo(environment)[0]).read()
    members = descendants(process)
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


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def n_classes_at(address: str) -> int:
    with urllib.request.urlopen(f"{address}/api/classes/") as answer:  # noqa: S310 - our own server
        return len(json.load(answer))


def test_the_first_command_in_a_new_home_creates_the_tables(first_command):
    assert (first_command.returncode, "Traceback" in first_command.stderr) == (1, False)
    assert "Preparing the database" in first_command.stderr
    assert "nowhere" in first_command.stderr.splitlines()[-1]


def test_a_demo_has_every_class(visit):
    assert visit.address in visit.printed
    assert visit.n_classes == 66


def test_a_second_demo_with_the_same_data_is_refused(visit):
    assert "A demo is already running" in visit.second


def test_a_terminated_demo_leaves_no_process(visit):
    assert (visit.exit_code, visit.is_gone) == (0, True)


@pytest.mark.drill
def test_a_killed_demo_in_an_empty_home_leaves_no_process(demo, tmp_path):
    process, _ = demo(with_empty_home(tmp_path))
    printed_until_ready(process)
    members = descendants(process)
    process.kill()
    assert eventually(lambda: all(service.living(member.pid) is None for member in members))


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is in use"):
            call_command("demo", port=port)


def test_a_production_site_refuses_the_demo(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="ECGREVIEW_DEMO=1"):
        call_command("demo")
