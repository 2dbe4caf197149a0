"""The WSGI site behind an event loop: receiving and sending bodies never holds a thread."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from ecgreview.serving.bodies import BodyLimits, BodyReader, BodyRefused, ClientLeft, Receive
from ecgreview.serving.responses import Answer, OpenFile, Send, TooSlow, respond, transmit
from ecgreview.site.deadline import Application, Environ

logger = logging.getLogger(__name__)

Scope = dict[str, Any]

SEND_PATIENCE_S = 30.0
RETRY_AFTER_S = b"5"


class Buffered:
    """An ASGI application that receives a whole request, runs the site in a thread, and
    responds.

    A thread is taken only while the site itself works, so clients that are slow to send or to read
    do not delay others.
    """

    def __init__(
        self, make_site: Callable[[], Application], n_threads: int, limits: BodyLimits | None = None
    ) -> None:
        self.make_site = make_site
        self.n_threads = n_threads
        self.bodies = BodyReader(limits or BodyLimits())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle the start and end of the process, or one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await send({"type": "websocket.close"})  # without accepting first, this sends 403

    async def _live(self, receive: Receive, send: Send) -> None:
        """Handle startup and shutdown; threads and site are created here, after all forks."""
        await receive()
        self.threads = ThreadPoolExecutor(self.n_threads, thread_name_prefix="request")
        self.site = self.make_site()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.threads.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self.bodies.read(receive)
        except ClientLeft:
            return
        except BodyRefused as refused:
            await transmit(_refusal(refused), send, SEND_PATIENCE_S)
            return
        answer = await self._run(environ_of(scope, body))
        try:
            await transmit(answer, send, SEND_PATIENCE_S)
        except TooSlow:
            logger.info("Gave up on a client that did not read its response.")
        finally:
            answer.close()

    async def _run(self, environ: Environ) -> Answer:
        """Return the site's answer; if the client leaves before a thread starts, cancel the
        work.

        The body is released when the thread is done with it, even after the client has
        left.
        """
        loop = asyncio.get_running_loop()
        work = self.threads.submit(respond, self.site, environ)

        def release(_done: object) -> None:
            with suppress(RuntimeError):  # the loop has ended, so the budget no longer matters
                loop.call_soon_threadsafe(self.bodies.release, environ["wsgi.input"])

        work.add_done_callback(release)
        return await asyncio.wrap_future(work)


def environ_of(scope: Scope, body: IO[bytes]) -> Environ:
    """Return the WSGI environment of a request whose body has been received completely."""
    length = body.seek(0, 2)
    body.seek(0)
    server = scope.get("server") or ("localhost", 80)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": OpenFile,
    }
    for name, value in scope["headers"]:
        key = _variable(name.decode("latin-1"))
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ["CONTENT_LENGTH"] = str(length)  # the length received, also for chunked bodies
    return environ


def _variable(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"


def _refusal(refused: BodyRefused) -> Answer:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", RETRY_AFTER_S))
    return Answer(refused.status, headers, io.BytesIO(f"{refused.reason}\n".encode()))
