"""``manage.py demo``: the whole site on this machine, with synthetic exams to read."""

from __future__ import annotations

import hashlib
import signal
import time
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import BaseCommand, CommandError, call_command
from rich.console import Console

from annotations.management import backups
from ecgreview.backups import archive
from ecgreview.backups.database import BackupFailed
from ecgreview.local_services import service
from ecgreview.local_services.places import Places, default_home
from ecgreview.local_services.site import Site, WebServerFails

CHECK_SECONDS = 0.5
BACKUPS_KEPT = 3
HIGHEST_PORT = 65535


class Stop(Exception):
    """A signal asked the demo to stop."""


class Command(BaseCommand):
    help = "Run the whole site on this machine with a demo study, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=_port, default=8000, help="port on 127.0.0.1")
        parser.add_argument("--data", type=Path, help="import recordings from this directory too")

    def handle(self, *, port: int, data: Path | None, **options: Any) -> None:
        """Start everything, run until a signal arrives, and stop everything that was started."""
        if not settings.DEMO:
            raise CommandError("The demo runs only with ECGREVIEW_DEMO=1, to protect real data.")
        if not service.is_free(port):
            raise CommandError(f"Port {port} is in use. Choose another: make demo PORT={port + 1}")
        if data is not None and not data.is_dir():
            raise CommandError(f"DATA={data} is not a directory.")
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)
        self.console = Console(highlight=False, soft_wrap=True)
        places = Places(default_home()).create()
        if not (claim := places.claim("demo")):
            raise CommandError(
                f"A demo is already running with the data in {places.home}. Stop it first."
            )
        site = Site(places, port, report=partial(self.console.print, markup=False))
        try:
            self._run(site, data)
        except Stop:
            self.console.print("Stopping …")
        except (WebServerFails, BackupFailed) as failure:
            raise CommandError(str(failure)) from failure
        finally:
            site.stop()
            claim.close()

    def _run(self, site: Site, data: Path | None) -> None:
        if backups.is_due_before_migrating():
            self._step("Backing up the database before updating it", lambda: back_up(site))
        self._step("Updating the database", lambda: call_command("migrate", verbosity=0))
        self._step("Collecting static files", collect_static)
        self._step("Preparing the demo study", lambda: call_command("prepare_demo", data=data))
        self._step("Starting web server, worker and beat", site.start)
        self.console.print(f"\nECG Review is at [bold]{site.address}[/bold]\n")
        call_command("demo_links", base_url=site.address, stdout=self.stdout)
        self.console.print(f"\nLogs are in {site.places.logs}. Ctrl-C stops everything.")
        while True:
            site.check()
            time.sleep(CHECK_SECONDS)

    def _step(self, title: str, work: Callable[[], object]) -> None:
        """Run ``work``, with a spinner on a terminal, and print how long it took."""
        began = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(f"{title} …"):
                work()
        else:
            self.console.print(f"{title} …")
            work()
        self.console.print(f"[green]✓[/green] {title} ({time.monotonic() - began:.1f} s)")


def _port(text: str) -> int:
    """Parse a port number. If it were too large, the socket would raise an ``OverflowError``."""
    if not text.isdecimal() or not 1 <= int(text) <= HIGHEST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port number (1 to {HIGHEST_PORT})")
    return int(text)


def back_up(site: Site) -> None:
    """Back up the database before an update changes it, and keep the last three backups."""
    folder = site.places.home / "backups"
    backups.write(folder)
    archive.prune(folder, n_kept=BACKUPS_KEPT)


def collect_static() -> None:
    """Collect and compress the static files, unless nothing changed since the last time."""
    root = Path(settings.STATIC_ROOT)
    stamp, state = root / ".collected", _static_state()
    if stamp.exists() and stamp.read_text(encoding="ascii") == state:
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(state, encoding="ascii")


def _static_state() -> str:
    """Return a fingerprint of all static source files: names, sizes and modification times."""
    state = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in finders.get_finders():
        for name, storage in sorted(finder.list([]), key=lambda pair: pair[0]):
            facts = Path(storage.path(name)).stat()
            state.update(f"{name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return state.hexdigest()


def _stop(number: int, frame: FrameType | None) -> None:
    # A second signal must not interrupt the shutdown that the first one started.
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    raise Stop
