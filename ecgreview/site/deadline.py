"""A deadline for web requests, for waits that no driver timeout can end.

A database that is frozen rather than dead keeps its connections alive: neither keepalives nor
``statement_timeout`` end the wait (measured: a stopped backend holds psycopg forever). So the
process watches its own requests and ends when one is overdue; gunicorn then starts another.
"""

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

GRACE_SECONDS = 3.0


class WithDeadline:
    """A WSGI application whose process ends when one of its requests takes too long.

    Only the application's own time counts: ``ecgreview.serving`` receives the request before
    and sends the response after, so no client can end a process by being slow.
    """

    def __init__(self, application: Application, seconds: float) -> None:
        self.application = application
        self.seconds = seconds
        self.started_at: dict[int, float] = {}
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request on the current thread, and record when it started."""
        thread = threading.get_ident()
        self.started_at[thread] = time.monotonic()
        try:
            return self.application(environ, start_response)
        finally:
            del self.started_at[thread]

    def overdue(self, now: float) -> list[int]:
        """Return the ids of threads that have handled one request for longer than the deadline."""
        return [
            thread for thread, began in list(self.started_at.items()) if now - began > self.seconds
        ]

    def _watch(self) -> None:
        while not (overdue := self.overdue(time.monotonic())):
            time.sleep(self.seconds / 10)
        for thread in overdue:
            frame = sys._current_frames().get(thread)
            stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
            logger.error("A request took more than %.0f s; replacing this process.\n%s",
                         self.seconds, stack)  # fmt: skip
        # First end gracefully, so that other requests finish; then exit immediately, because the
        # stuck thread would keep the process alive.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os._exit(1)
