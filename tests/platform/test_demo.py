"""``manage.py demo`` starts the whole site from an empty home directory."""

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


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The environment variables of a new installation with an empty home."""
    home = tmp_path_factory.mktemp("home")
    inherited = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    return {**inherited, "ECGREVIEW_HOME": str(home), "STATIC_ROOT": str(home / "static"),
            "ECGREVIEW_DEMO": "1", "ECGREVIEW_DEMO_EXAMS": "6",
            "PYTHONUNBUFFERED": "1"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """The results of running a demo in an empty home.

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
def demo(environment):
    """Start a demo. Processes that are still running are killed afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], str]:
        port = service._free_port()
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
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
    """Start a demo in an empty home, query it, and terminate it."""
    process, address = demo()
    printed = printed_until_ready(process)
    n_classes = n_classes_at(address)
    second = output(demo()[0]).read()
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


def test_a_demo_in_an_empty_home_has_every_class(visit):
    assert visit.address in visit.printed
    assert visit.n_classes == 66


def test_a_second_demo_with_the_same_data_is_refused(visit):
    assert "A demo is already running" in visit.second


def test_a_terminated_demo_leaves_no_process(visit):
    assert (visit.exit_code, visit.is_gone) == (0, True)


def test_a_killed_demo_leaves_no_process(demo):
    process, _ = demo()
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
