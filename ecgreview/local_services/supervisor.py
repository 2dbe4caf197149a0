"""Processes of one running site: started together, restarted when they die, stopped together."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ecgreview.local_services import service
from ecgreview.local_services.places import REPOSITORY

ENDING = ((signal.SIGTERM, 12.0), (signal.SIGKILL, 5.0))
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 60.0
HEALTHY_AFTER_SECONDS = 120.0
MAX_SILENT_DEATHS = 3

Report = Callable[[str], object]


@dataclass
class Member:
    """One process, with the number of times that it died soon after its start."""

    name: str
    program: Sequence[str]
    log: Path
    dies_by: int = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    n_deaths: int = field(default=0, init=False)
    due_at: float | None = field(default=None, init=False)

    @property
    def keeps_failing(self) -> bool:
        """Whether it died several times in a row, each time soon after its start."""
        return self.n_deaths > MAX_SILENT_DEATHS

    def start(self, now: float) -> None:
        """Start the process; it ends when this process ends, even if this one is killed."""
        self.started_at, self.due_at = now, None
        self.child = service.spawn(
            self.program, log=self.log, dies_by=self.dies_by,
            environment={**os.environ, **self.environment}, directory=REPOSITORY,
        )  # fmt: skip

    def is_dead(self) -> bool:
        """Whether the process was started and has ended."""
        return self.child is not None and self.child.poll() is not None

    def stop(self) -> None:
        if self.child is not None:
            service.stop(self.child, ENDING)
            self.child = None


@dataclass
class Supervisor:
    """Starts and restarts all processes; call ``check`` regularly.

    A process that keeps dying is restarted after increasing pauses, and the others continue: a
    site without its worker still accepts readings.
    """

    members: Sequence[Member]
    report: Report = print

    def start(self, now: float) -> None:
        for member in self.members:
            member.start(now)

    def check(self, now: float) -> None:
        """Restart members that died, each time after a longer pause; rotate their logs.

        ``now`` is a monotonic time in seconds.
        """
        for member in self.members:
            service.rotate(member.log)
            if member.is_dead():
                self._record_exit(member, now)
            if member.due_at is not None and now >= member.due_at:
                member.start(now)

    def stop(self) -> None:
        """Ask every member to end, then wait for each."""
        for member in self.members:
            if member.child is not None and member.child.poll() is None:
                member.child.terminate()
        for member in self.members:
            member.stop()

    def _record_exit(self, member: Member, now: float) -> None:
        """Note that ``member`` ended, and when to restart it."""
        member.stop()
        if now - member.started_at > HEALTHY_AFTER_SECONDS:
            member.n_deaths = 0
        pause = min(FIRST_PAUSE_SECONDS * 2**member.n_deaths, MAX_PAUSE_SECONDS)
        member.n_deaths += 1
        member.due_at = now + pause
        if member.keeps_failing:
            self.report(
                f"{member.name} has stopped {member.n_deaths} times in a row; the other processes "
                f"keep running. Next attempt in {pause:.0f} s. The end of {member.log}:\n"
                f"{service.tail(member.log)}"
            )
