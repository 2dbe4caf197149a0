"""Receiving request bodies before any thread works on them, with limits on size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

# Readings and drafts are far smaller. Larger bodies are kept on disk and share a budget.
SMALL_BODY_BYTES = 64 * 1024


class BodyRefused(Exception):
    """The body was too large or too slow, or too many large ones arrived at once.

    ``status`` is the HTTP status to send.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ClientLeft(Exception):
    """The client closed its connection before its body was complete."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Limits for one request and for all requests of a process together.

    Attributes:
        max_bytes: above Django's own limit, so that its refusals come first.
        idle_s: longest wait for the next bytes.
        total_s: longest wait for the whole body, however steadily it trickles in.
        max_large_bytes: total of all bodies above ``SMALL_BODY_BYTES`` held by one process.
    """

    max_bytes: int = 5_000_000
    idle_s: float = 10.0
    total_s: float = 60.0
    max_large_bytes: int = 50_000_000


@dataclass(slots=True)
class BodyReader:
    """Receives request bodies. Large bodies share one budget per server process."""

    limits: BodyLimits = field(default_factory=BodyLimits)
    large_bytes: int = field(default=0, init=False)

    async def read(self, receive: Receive) -> IO[bytes]:
        """Return the whole body, positioned at its start; pass it to ``release`` when done.

        Raises:
            BodyRefused: it is too large or too slow, or exceeds the budget together with others.
            ClientLeft: the client disconnected.
        """
        body = SpooledTemporaryFile(max_size=SMALL_BODY_BYTES)  # noqa: SIM115 - handed on
        with ExitStack() as undo:
            undo.callback(self.release, body)
            try:
                async with asyncio.timeout(self.limits.total_s):
                    await self._fill(body, receive)
            except TimeoutError as slow:
                raise BodyRefused(408, "The request body took too long to arrive.") from slow
            undo.pop_all()
        body.seek(0)
        return body

    def release(self, body: IO[bytes]) -> None:
        """Close ``body`` and give its share back to the budget."""
        self.large_bytes -= _large(body.seek(0, 2))
        body.close()

    async def _fill(self, body: IO[bytes], receive: Receive) -> None:
        more = True
        while more:
            async with asyncio.timeout(self.limits.idle_s):
                message = await receive()
            if message["type"] != "http.request":
                raise ClientLeft
            self._append(body, message.get("body", b""))
            more = message.get("more_body", False)

    def _append(self, body: IO[bytes], chunk: bytes) -> None:
        size = body.tell() + len(chunk)
        if size > self.limits.max_bytes:
            raise BodyRefused(413, "The request body is too large.")
        grown = _large(size) - _large(body.tell())
        if self.large_bytes + grown > self.limits.max_large_bytes:
            raise BodyRefused(503, "Too many large requests at once. Try again in a moment.")
        body.write(chunk)
        self.large_bytes += grown


def _large(n_bytes: int) -> int:
    """Return the share of the budget that a body of ``n_bytes`` takes."""
    return n_bytes if n_bytes > SMALL_BODY_BYTES else 0
