"""The whole site on one machine: web server, worker and beat, kept running together."""

import signal
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from ecgreview import local_services
from ecgreview.local_services.places import Places
from ecgreview.local_services.service import LOOPBACK, POLL_SECONDS, tail
from ecgreview.local_services.supervisor import Member, Report, Supervisor
from ecgreview.site import env

ANSWER_SECONDS = 15.0
REPORT_EVERY_SECONDS = 15.0
MAX_PAUSE_SECONDS = 60.0
QUIET_WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class WebServerFails(Exception):
    """The web server cannot start; the message contains the end of its log."""


@dataclass
class Site:
    """The processes behind one address."""

    places: Places
    port: int
    report: Report = print
    supervisor: Supervisor = field(init=False)
    restart_pause_s: float = field(default=0.0, init=False)
    next_restart_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        """Describe the processes; nothing starts yet."""
        self.supervisor = Supervisor(
            [self._web(), self._worker(), self._beat()], report=self.report
        )

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start everything and return when the web server answers.

        This may take a long time on a busy machine: we wait as long as the web server's process is
        running, and print a message from time to time.

        Raises:
            WebServerFails: its process has ended several times.
        """
        began = reported_at = time.monotonic()
        self.supervisor.start(began)
        web = self.supervisor.members[0]
        while not self.answers():
            now = time.monotonic()
            self.supervisor.check(now)
            if web.keeps_failing:
                raise WebServerFails(f"The web server failed to start.\n{tail(web.log)}")
            if now - reported_at > REPORT_EVERY_SECONDS:
                reported_at = now
                self.report(
                    f"Waiting for the web server: it has been starting for {now - began:.0f} s "
                    f"({web.log})."
                )
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Restart processes that died: the embedded services first, then our own processes."""
        now = time.monotonic()
        if env.flag("ECGREVIEW_EMBEDDED") and not local_services.is_kept(self.places):
            self._restart_services(now)
        self.supervisor.check(now)

    def _restart_services(self, now: float) -> None:
        """Restart the embedded services; if that fails, retry after a longer pause."""
        if now < self.next_restart_at:
            return
        try:
            local_services.ensure_running(self.places)
        except local_services.ServicesFailed as failure:
            self.restart_pause_s = min(max(1.0, 2 * self.restart_pause_s), MAX_PAUSE_SECONDS)
            self.next_restart_at = now + self.restart_pause_s
            self.report(f"{failure}\nNext attempt in {self.restart_pause_s:.0f} s.")
        else:
            self.restart_pause_s = 0.0

    def stop(self) -> None:
        self.supervisor.stop()

    def answers(self) -> bool:
        """Return whether the web server answers at all, whatever the status."""
        try:
            with urllib.request.urlopen(f"{self.address}/livez", timeout=ANSWER_SECONDS):  # noqa: S310 - ours
                return True
        except urllib.error.HTTPError as answer:
            answer.close()
            return True
        except OSError:
            return False

    def _web(self) -> Member:
        program = [sys.executable, "-m", "gunicorn", "-c", "python:ecgreview.site.gunicorn"]
        environment = {"PORT": str(self.port), "HOST": LOOPBACK, "SITE_URL": self.address}
        return Member("web", program, self.places.logs / "web.log", environment=environment)

    def _worker(self) -> Member:
        program = [
            sys.executable, "-m", "celery", "-A", "ecgreview.celery", "worker", "--loglevel=INFO",
            f"--concurrency={env.integer('WORKERS', 2, minimum=1)}", *QUIET_WORKER,
        ]  # fmt: skip
        # Running as root on a laptop or in a container is safe here: only JSON is
        # accepted.
        quiet = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
        # SIGKILL ends the worker's task with us, and the task is delivered again. SIGQUIT would
        # not work, because its handler fails while Celery is still starting.
        return Member(
            "worker",
            program,
            self.places.logs / "worker.log",
            dies_by=signal.SIGKILL,
            environment={**quiet, "SITE_URL": self.address},
        )

    def _beat(self) -> Member:
        program = [
            sys.executable, "-m", "celery", "-A", "ecgreview.celery", "beat", "--loglevel=INFO",
            f"--schedule={self.places.run / 'beat'}", "--pidfile=",
        ]  # fmt: skip
        return Member("beat", program, self.places.logs / "beat.log")
