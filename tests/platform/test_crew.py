"""The demo's processes: replaced when they die, gone when their runner goes."""

import os
import signal
import subprocess
import sys

import pytest

from ecgreview.embedded import service
from ecgreview.embedded.crew import Crew, KeepsFailing, Member
from ecgreview.embedded.places import REPOSITORY
from tests.platform.processes import eventually, first_line

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
FAIL = [sys.executable, "-c", "raise SystemExit('no luck today')"]

RUNNER = """
import pathlib, sys, time
from ecgreview.embedded.crew import Crew, Member
member = Member("sleeper", [sys.executable, "-c", "import time; time.sleep(600)"],
                pathlib.Path(sys.argv[1]))
Crew([member]).start()
print(member.child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def crew(tmp_path):
    """Start a crew of one program; it is stopped afterwards."""
    crews: list[Crew] = []

    def start(program: list[str]) -> tuple[Crew, Member]:
        member = Member("sleeper", program, tmp_path / "log")
        crews.append(Crew([member]))
        crews[0].start()
        return crews[0], member

    yield start
    for each in crews:
        each.stop()


def lives(member: Member) -> bool:
    return member.child is not None and member.child.poll() is None


def test_a_dead_member_is_replaced_after_a_pause(crew):
    team, member = crew(SLEEP)
    first = member.child
    first.kill()
    assert eventually(member.is_dead)
    team.tend(now=100.0)
    team.tend(now=100.1)
    assert not lives(member)
    team.tend(now=101.0)
    assert lives(member)


def test_a_member_that_keeps_failing_stops_the_crew_with_its_reason(crew):
    team, member = crew(FAIL)

    def tend_through_many_deaths() -> None:
        for now in range(0, 200, 2):
            assert eventually(lambda: member.child is None or member.is_dead())
            team.tend(float(now))

    with pytest.raises(KeepsFailing, match="no luck today"):
        tend_through_many_deaths()


def test_old_deaths_are_forgiven(crew):
    team, member = crew(SLEEP)
    for hour in range(8):
        member.child.kill()
        assert eventually(member.is_dead)
        team.tend(now=hour * 3600.0)
        team.tend(now=hour * 3600.0 + 1)
    assert lives(member)


def test_stopping_leaves_no_process(crew):
    team, member = crew(SLEEP)
    pid = member.child.pid
    team.stop()
    assert service.living(pid) is None


def test_a_killed_runner_takes_its_processes_with_it(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(tmp_path / "log")],
        stdout=subprocess.PIPE, cwd=REPOSITORY,
    ) as runner:  # fmt: skip
        pid = int(first_line(runner))
        os.kill(runner.pid, signal.SIGKILL)
    assert eventually(lambda: service.living(pid) is None)
