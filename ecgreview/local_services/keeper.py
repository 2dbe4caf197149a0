"""The process that runs both services as long as anybody uses them.

``python -m ecgreview.local_services.keeper HOME``. Every user holds a shared lock on
``users.lock``; the keeper waits for the exclusive one. The kernel releases a lock when its holder
dies, so the services stop after the last user, however that user ended.
"""

import fcntl
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from ecgreview.local_services.places import Places, write_private
from ecgreview.local_services.postgres import Postgres
from ecgreview.local_services.service import ServiceFailed, rotate
from ecgreview.local_services.valkey import Valkey

logger = logging.getLogger("keeper")

WATCH_SECONDS = 0.2
MAX_PAUSE_SECONDS = 10.0
QUIET_SECONDS = 60.0
ALREADY_KEPT = 3


class Keeper:
    """Starts, watches and stops the services of one home."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.services: tuple[Postgres | Valkey, ...] = (Postgres(places), Valkey(places))
        self.is_unused = threading.Event()
        self.is_terminated = False
        self.pause_s = 0.0
        self.next_try_at = 0.0

    def run(self) -> None:
        """Keep the services until the last user is gone or SIGTERM arrives."""
        threading.Thread(target=self._wait_for_last_user, daemon=True).start()
        try:
            for service in self.services:
                service.start()
            self._announce()
            while not (self.is_unused.wait(WATCH_SECONDS) or self.is_terminated):
                self._restart_ended()
        finally:
            self.places.ready.unlink(missing_ok=True)
            for service in reversed(self.services):
                service.stop()

    def request_stop(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGTERM.

        Setting an event here could deadlock: the interrupted thread may hold the event's lock.
        """
        self.is_terminated = True

    def _wait_for_last_user(self) -> None:
        # Held until this process ends: new users wait for the shutdown and then start a
        # new keeper.
        descriptor = os.open(self.places.run / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.is_unused.set()

    def _announce(self) -> None:
        ports = {service.name: service.port for service in self.services}
        write_private(self.places.ready, json.dumps({"pid": os.getpid(), "ports": ports}))

    def _restart_ended(self) -> None:
        """Restart a service that died: immediately the first time, then after increasing pauses."""
        for service in self.services:
            rotate(service.log)
        for service in self.services:
            if service.child is None or service.child.poll() is not None:
                self._start_again(service)
                return

    def _start_again(self, service: Postgres | Valkey) -> None:
        if time.monotonic() < self.next_try_at:
            return
        logger.warning("%s ended; starting it again", service.name)
        if time.monotonic() - self.next_try_at > QUIET_SECONDS:
            self.pause_s = 0.0
        self.pause_s = min(max(0.5, 2 * self.pause_s), MAX_PAUSE_SECONDS)
        self.next_try_at = time.monotonic() + self.pause_s
        try:
            service.start()
        except ServiceFailed:
            logger.exception("%s did not start", service.name)
            return
        self._announce()


def main(home: Path) -> int:
    """Keep the services of ``home``. Return 1 if they did not start, 3 if another keeper runs."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    places = Places(home).create()
    lock = os.open(places.run / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return ALREADY_KEPT
    keeper = Keeper(places)
    signal.signal(signal.SIGTERM, keeper.request_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        keeper.run()
    except ServiceFailed:
        logger.exception("The embedded services did not start")
        return 1
    finally:
        # Release this lock before users.lock, which the kernel releases when we end: a process
        # that has waited for users.lock expects this one to be free.
        os.close(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
