"""The processes of one running site: started together, replaced when they die, ended together."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ecgreview.embedded import service
from ecgreview.embedded.places import REPOSITORY

ENDING = ((signal.SIGTERM, 12.0), (signal.SIGKILL, 5.0))
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 10.0
DEATHS_ALLOWED = 5
WITHIN_SECONDS = 120.0


class KeepsFailing(Exception):
    """A process died again and again; the message holds the end of its log."""


@dataclass
class Member:
    """One process of the crew and the history of its deaths."""

    name: str
    program: Sequence[str]
    log: Path
    dies_by: int = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    died_at: list[float] = field(default_factory=list, init=False)
    due_at: float | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the process; it ends when this one does, whatever ends this one."""
        self.child = service.spawn(
            self.program, log=self.log, dies_by=self.dies_by,
            environment={**os.environ, **self.environment}, directory=REPOSITORY,
        )  # fmt: skip

    def is_dead(self) -> bool:
        """Return whether the process was started and has ended."""
        return self.child is not None and self.child.poll() is not None

    def stop(self) -> None:
        """End the process and wait for it."""
        if self.child is not None:
            service.stop(self.child, ENDING)
            self.child = None


@dataclass
class Crew:
    """All processes; ``tend`` is to be called every now and then."""

    members: Sequence[Member]

    def start(self) -> None:
        """Start every member."""
        for member in self.members:
            member.start()

    def tend(self, now: float) -> None:
        """Start members that died again, each time after a longer pause.

        ``now`` is a monotonic time in seconds.

        Raises:
            KeepsFailing: a member died more than five times within two minutes.
        """
        for member in self.members:
            if member.is_dead():
                self._bury(member, now)
            if member.due_at is not None and now >= member.due_at:
                member.due_at = None
                member.start()

    def stop(self) -> None:
        """Ask every member to end, then wait for each."""
        for member in self.members:
            if member.child is not None and member.child.poll() is None:
                member.child.terminate()
        for member in self.members:
            member.stop()

    def _bury(self, member: Member, now: float) -> None:
        """Note the death of ``member`` and when to start it again."""
        member.stop()
        member.died_at = [at for at in member.died_at if now - at < WITHIN_SECONDS] + [now]
        if len(member.died_at) > DEATHS_ALLOWED:
            raise KeepsFailing(
                f"{member.name} keeps failing. The end of {member.log}:\n{service.tail(member.log)}"
            )
        pause = FIRST_PAUSE_SECONDS * 2 ** (len(member.died_at) - 1)
        member.due_at = now + min(pause, LONGEST_PAUSE_SECONDS)
