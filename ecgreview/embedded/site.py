"""The whole site on one machine: web server, worker and beat, kept alive together."""

import signal
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from ecgreview import embedded, env
from ecgreview.embedded.crew import Crew, KeepsFailing, Member
from ecgreview.embedded.places import Places
from ecgreview.embedded.service import LOOPBACK, POLL_SECONDS, tail

WEB_SECONDS = 120.0
QUIET_WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class NoAnswer(Exception):
    """The web server started but did not answer in time."""


@dataclass
class Site:
    """The processes behind one address."""

    places: Places
    port: int
    crew: Crew = field(init=False)

    def __post_init__(self) -> None:
        """Describe the processes; nothing starts yet."""
        self.crew = Crew([self._web(), self._worker(), self._beat()])

    @property
    def address(self) -> str:
        """Return the address people open."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start everything and return when the web server answers.

        Raises:
            KeepsFailing: a process cannot live.
            NoAnswer: the web server stays silent.
        """
        self.crew.start()
        deadline = time.monotonic() + WEB_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise NoAnswer(f"No answer from {self.address}.\n{tail(self.crew.members[0].log)}")
            self.crew.tend(time.monotonic())
            time.sleep(POLL_SECONDS)

    def tend(self) -> None:
        """Bring back what died: the embedded services first, then our own processes."""
        if env.flag("ECGREVIEW_EMBEDDED") and not embedded.is_kept(self.places):
            embedded.revive(self.places)
        self.crew.tend(time.monotonic())

    def stop(self) -> None:
        """End every process and wait for it."""
        self.crew.stop()

    def answers(self) -> bool:
        """Return whether the web server answers at all, whatever it says."""
        try:
            with urllib.request.urlopen(f"{self.address}/livez", timeout=5):  # noqa: S310 - ours
                return True
        except urllib.error.HTTPError as answer:
            answer.close()
            return True
        except OSError:
            return False

    def _web(self) -> Member:
        program = [sys.executable, "-m", "gunicorn", "-c", "python:ecgreview.gunicorn"]
        environment = {"PORT": str(self.port), "HOST": LOOPBACK}
        return Member("web", program, self.places.logs / "web.log", environment=environment)

    def _worker(self) -> Member:
        program = [
            sys.executable, "-m", "celery", "-A", "ecgreview.celery", "worker", "--loglevel=INFO",
            f"--concurrency={env.integer('WORKERS', 2, minimum=1)}", *QUIET_WORKER,
        ]  # fmt: skip
        # Root on a laptop or in a container is as good as anybody here: only JSON is accepted.
        quiet = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
        # Killed with us it drops its task at once: the task is delivered again.
        return Member(
            "worker",
            program,
            self.places.logs / "worker.log",
            dies_by=signal.SIGQUIT,
            environment=quiet,
        )

    def _beat(self) -> Member:
        program = [
            sys.executable, "-m", "celery", "-A", "ecgreview.celery", "beat", "--loglevel=INFO",
            f"--schedule={self.places.run / 'beat'}", "--pidfile=",
        ]  # fmt: skip
        return Member("beat", program, self.places.logs / "beat.log")


__all__ = ["KeepsFailing", "NoAnswer", "Site"]
