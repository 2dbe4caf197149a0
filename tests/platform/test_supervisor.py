"""The demo's processes: they restart when they die and end with the demo."""

import os
import signal
import subprocess
import sys

import pytest

from ecgreview.local_services import service
from ecgreview.local_services.places import REPOSITORY
from ecgreview.local_services.supervisor import MAX_PAUSE_SECONDS, Member, Supervisor
from tests.platform.processes import eventually, first_line

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
CHATTER = [sys.executable, "-c", "while True: print('on and on', flush=True)"]
FAIL = [sys.executable, "-c", "raise SystemExit('no luck today')"]

RUNNER = """
import pathlib, sys, time
from ecgreview.local_services.supervisor import Member, Supervisor
member = Member("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"],
                pathlib.Path(sys.argv[1]))
Supervisor([member]).start(0.0)
print(member.child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def start(tmp_path):
    """Start a supervisor that runs these programs. It is stopped afterwards."""
    supervisors: list[Supervisor] = []

    def start(*programs: list[str]) -> tuple[Supervisor, list[Member], list[str]]:
        members = [
            Member(f"member {number}", program, tmp_path / f"log {number}")
            for number, program in enumerate(programs)
        ]
        messages: list[str] = []
        supervisors.append(Supervisor(members, report=messages.append))
        supervisors[0].start(now=0.0)
        return supervisors[0], members, messages

    yield start
    for each in supervisors:
        each.stop()


def is_alive(member: Member) -> bool:
    return member.child is not None and member.child.poll() is None


def restart_delays(supervisor: Supervisor, member: Member, n_deaths: int) -> list[float]:
    """Return the restart delays in seconds after the first ``n_deaths`` deaths of ``member``."""
    now, delays = 0.0, []
    for _ in range(n_deaths):
        assert eventually(member.is_dead)
        supervisor.check(now)
        due_at = member.due_at or 0.0
        delays.append(due_at - now)
        now = due_at
        supervisor.check(now)
    return delays


def test_a_dead_member_is_restarted_after_a_delay(start):
    supervisor, [member], _ = start(SLEEP)
    first = member.child
    first.kill()
    assert eventually(member.is_dead)
    supervisor.check(now=100.0)
    supervisor.check(now=100.1)
    assert not is_alive(member)
    supervisor.check(now=101.0)
    assert is_alive(member)


def test_a_failing_member_is_restarted_after_growing_delays(start):
    supervisor, [failing, other], messages = start(FAIL, SLEEP)
    first = other.child
    delays = restart_delays(supervisor, failing, 9)
    assert delays == [0.5, 1, 2, 4, 8, 16, 32, MAX_PAUSE_SECONDS, MAX_PAUSE_SECONDS]
    assert (other.child, is_alive(other)) == (first, True)
    assert messages[0].startswith("member 0 has stopped 4 times in a row")
    assert messages[0].endswith("no luck today")


def test_the_delay_is_reset_after_a_long_run(start):
    supervisor, [member], messages = start(SLEEP)
    for hour in range(8):
        member.child.kill()
        assert eventually(member.is_dead)
        supervisor.check(now=hour * 3600.0)
        supervisor.check(now=hour * 3600.0 + 1)
    assert (is_alive(member), messages) == (True, [])


def test_a_log_is_rotated_while_its_process_writes(start, monkeypatch):
    monkeypatch.setattr(service, "LOG_LIMIT_BYTES", 10_000)
    supervisor, [member], _ = start(CHATTER)
    copies = [member.log.with_name(f"{member.log.name}.{n}") for n in (1, 2, 3)]

    def is_rotated() -> bool:
        supervisor.check(now=0.0)
        return bool(copies[1].exists())

    assert eventually(is_rotated)
    assert eventually(lambda: member.log.stat().st_size > 0)  # writes to the truncated file
    assert not copies[2].exists()
    assert {copy.stat().st_mode & 0o077 for copy in copies[:2]} == {0}


def test_stopping_leaves_no_process(start):
    supervisor, [member], _ = start(SLEEP)
    pid = member.child.pid
    supervisor.stop()
    assert service.living(pid) is None


def test_processes_end_with_a_killed_runner(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path / "log")],
        stdout=subprocess.PIPE, cwd=REPOSITORY,
    ) as runner:  # fmt: skip
        pid = int(first_line(runner))
        os.kill(runner.pid, signal.SIGKILL)
    assert eventually(lambda: service.living(pid) is None)
