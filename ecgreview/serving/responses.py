"""Running the WSGI site in a thread, and sending its response without holding that thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from ecgreview.serving.bodies import Message
from ecgreview.site.deadline import Application, Environ

Send = Callable[[Message], Awaitable[None]]
Header = tuple[bytes, bytes]

CHUNK_BYTES = 64 * 1024
IN_MEMORY_BYTES = 1_000_000
WITHOUT_BODY = frozenset({204, 304})


class TooSlow(Exception):
    """The client has stopped reading its response."""


@dataclass(slots=True)
class Answer:
    """A complete response that can be sent without the site."""

    status: int = 500
    headers: list[Header] = field(default_factory=list)
    body: IO[bytes] | None = None

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        """Record status and headers: the ``start_response`` of WSGI."""
        self.status = int(status.split(" ", 1)[0])
        self.headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]

    def close(self) -> None:
        if self.body is not None:
            self.body.close()


class OpenFile:
    """The ``wsgi.file_wrapper``: an open file that is sent unchanged, such as a static file."""

    def __init__(self, file: IO[bytes], block_size: int = CHUNK_BYTES) -> None:
        self.file = file
        self.block_size = block_size

    def __iter__(self) -> Iterator[bytes]:
        """Yield the content, for file objects without a file descriptor."""
        while block := self.file.read(self.block_size):
            yield block

    def close(self) -> None:
        self.file.close()

    def duplicate(self) -> IO[bytes] | None:
        """Return a duplicate of the file; None if it has no file descriptor."""
        try:
            return os.fdopen(os.dup(self.file.fileno()), "rb")
        except (AttributeError, OSError):
            return None


def respond(site: Application, environ: Environ) -> Answer:
    """Run the site on the current thread, to the end of its response.

    The response is closed here as well, because database connections belong to the thread.
    """
    answer = Answer()
    result = site(environ, answer.start)
    try:
        if environ["REQUEST_METHOD"] != "HEAD" and answer.status not in WITHOUT_BODY:
            answer.body = _content(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    return answer


def _content(result: Iterable[bytes]) -> IO[bytes]:
    if isinstance(result, OpenFile) and (file := result.duplicate()) is not None:
        return file
    body = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the answer
    body.writelines(result)
    body.seek(0)
    return body


async def transmit(answer: Answer, send: Send, patience_s: float) -> None:
    """Send ``answer``; ``patience_s`` is the longest wait for the client to read the next
    piece.

    Raises:
        TooSlow: the client took longer to read a piece.
    """
    start = {"type": "http.response.start", "status": answer.status, "headers": answer.headers}
    await send(start)
    chunk = answer.body.read(CHUNK_BYTES) if answer.body is not None else b""
    while chunk:
        following = answer.body.read(CHUNK_BYTES) if answer.body is not None else b""
        try:
            async with asyncio.timeout(patience_s):
                await send({
                    "type": "http.response.body", "body": chunk, "more_body": bool(following),
                })  # fmt: skip
        except TimeoutError as slow:
            raise TooSlow from slow
        if not following:
            return
        chunk = following
    await send({"type": "http.response.body", "body": b"", "more_body": False})
