"""gunicorn's event-loop worker, with the limits on connections that it lacks.

``worker_class = "ecgreview.serving.worker.Worker"``. gunicorn 27 waits indefinitely for the first
request of a connection, accepts any number of connections, and keeps a connection open whose client
reads nothing; tests/platform/test_slow_clients.py covers each of these.
"""

from __future__ import annotations

import asyncio
import socket

from gunicorn.asgi.protocol import ASGIProtocol
from gunicorn.workers import gasgi

# How long the system keeps trying to deliver to a client that reads nothing.
STALLED_MS = 30_000


class Connection(ASGIProtocol):  # type: ignore[misc]
    """A connection, limited in number and in the time until its first headers are complete."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Refuse a connection above the limit; give all others ``keepalive`` seconds for the
        headers of their first request.
        """
        super().connection_made(transport)
        if self.worker.nr_conns > self.cfg.worker_connections:
            transport.abort()
            return
        connection = transport.get_extra_info("socket")
        if hasattr(socket, "TCP_USER_TIMEOUT") and connection.family != socket.AF_UNIX:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS)
        self._arm_keepalive_timer()  # the timer is stopped when the headers are complete


class Worker(gasgi.ASGIWorker):  # type: ignore[misc]
    """A worker whose connections are ``Connection``."""

    def init_process(self) -> None:
        """Start serving. gunicorn has no setting for the class of a connection."""
        gasgi.ASGIProtocol = Connection
        super().init_process()
