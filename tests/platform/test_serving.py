"""The bridge between the event loop and the WSGI site: requests, responses, body limits."""

import asyncio
import io
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor

import pytest

from ecgreview.serving.application import environ_of
from ecgreview.serving.bodies import (
    SMALL_BODY_BYTES,
    BodyLimits,
    BodyReader,
    BodyRefused,
    ClientLeft,
)
from ecgreview.serving.responses import Answer, OpenFile, respond

SCOPE = {
    "method": "POST", "raw_path": b"/read/caf%C3%A9/%FF", "query_string": b"a=%20b",
    "http_version": "1.1", "scheme": "https", "server": ("127.0.0.1", 8000),
    "client": ("192.0.2.7", 4711),
    "headers": [(b"host", b"ecg.example"), (b"content-type", b"text/csv"), (b"x-one", b"1"),
                (b"x-one", b"2"), (b"content-length", b"999")],
}  # fmt: skip


class Body(io.BytesIO):
    """Response content that records whether it was closed."""


def site_of(content, status="200 OK"):
    def site(environ, start_response):
        start_response(status, [("Content-Length", "5")])
        return content

    return site


def read_and_close(answer: Answer) -> bytes:
    assert answer.body is not None
    with answer.body as body:
        return body.read()


def receive(*chunks: bytes, then: str = "http.request"):
    """Return an ASGI ``receive`` function: one message per chunk, then one of type ``then``."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": then})

    async def next_message():
        return messages.pop(0)

    return next_message


def test_the_wsgi_environ_describes_the_request():
    environ = environ_of(SCOPE, io.BytesIO(b"one,two"))
    variables = {name: value for name, value in environ.items() if "wsgi" not in name}
    assert variables == {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/read/caf\xc3\xa9/\xff",
        "QUERY_STRING": "a=%20b", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "ecg.example",
        "CONTENT_TYPE": "text/csv", "HTTP_X_ONE": "1,2", "CONTENT_LENGTH": "7",
    }  # fmt: skip
    assert (environ["wsgi.url_scheme"], environ["wsgi.input"].read()) == ("https", b"one,two")


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified"), ("GET", "204 None")]
)
def test_a_response_without_body_keeps_its_headers_and_is_closed(method, status):
    content = Body(b"body!")
    answer = respond(site_of(content, status), {"REQUEST_METHOD": method})
    assert (answer.body, answer.headers) == (None, [(b"content-length", b"5")])
    assert content.closed


def test_a_response_is_read_completely_and_closed():
    content = Body(b"one\ntwo")
    answer = respond(site_of(content), {"REQUEST_METHOD": "GET"})
    assert (read_and_close(answer), content.closed) == (b"one\ntwo", True)


@pytest.mark.parametrize("is_of_the_system", [True, False])
def test_a_file_is_sent_after_its_response_was_closed(tmp_path, is_of_the_system):
    (tmp_path / "script.js").write_bytes(b"let a;")
    file = (tmp_path / "script.js").open("rb") if is_of_the_system else io.BytesIO(b"let a;")
    answer = respond(site_of(OpenFile(file)), {"REQUEST_METHOD": "GET"})
    assert (read_and_close(answer), file.closed) == (b"let a;", True)


def run_in_thread(scenario: Coroutine[None, None, None]) -> None:
    """Run in a new thread, because Playwright's event loop occupies the test thread."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, scenario).result()


def test_large_bodies_share_a_budget_and_small_ones_do_not():
    large, small = b"x" * (SMALL_BODY_BYTES + 1), b"x" * SMALL_BODY_BYTES
    reader = BodyReader(BodyLimits(max_large_bytes=len(large)))

    async def scenario() -> None:
        first = await reader.read(receive(large))
        with pytest.raises(BodyRefused, match="Too many large"):
            await reader.read(receive(large))
        reader.release(await reader.read(receive(small)))
        reader.release(first)
        reader.release(await reader.read(receive(large)))

    run_in_thread(scenario())
    assert reader.large_bytes == 0


def test_a_disconnected_client_releases_its_budget():
    reader = BodyReader()

    async def scenario() -> None:
        with pytest.raises(ClientLeft):
            await reader.read(receive(b"x" * (SMALL_BODY_BYTES + 1), then="http.disconnect"))

    run_in_thread(scenario())
    assert reader.large_bytes == 0
