"""One request, and everything its sender could learn from the response."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http.response import HttpResponseBase
from django.test import Client

# Masked in all responses: secrets and times that are generated for each response.
MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"'), "csrf token"),
    (re.compile(r"csrftoken=\w+"), "csrf cookie"),
    (re.compile(r"(__Host-)?session=\w+"), "session cookie"),
    (re.compile(r"expires=[^;]+"), "cookie date"),
    (re.compile(r"(?<=messages=)([\w.-]+):[\w-]+:[\w-]+"), r"\1 and the time it was signed"),
    (re.compile(r'"token": ?"[^"]+"'), "new token"),
)

# Secrets of second factors. Where one is masked, the length of the page is masked too.
SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'src="data:image/svg\+xml;base64,[^"]*"'), "QR code of a new secret"),
    (re.compile(r"(<code[^>]*data-secret[^>]*>)[^<]*"), "new secret"),
    (re.compile(r'"challenge": "[^"]*"'), "passkey challenge"),
)

# Assignment IDs are random; those created during a session are renumbered as they appear.
_DRAWN = re.compile(r"(?<![\w-])\d{12,16}(?![\w-])")


@dataclass(frozen=True, slots=True)
class Step:
    """A request to send.

    Attributes:
        body: JSON text, or empty.
    """

    method: str
    address: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


@dataclass(frozen=True, slots=True)
class Observation:
    """The response to one request, with secrets masked, and the SQL that produced it."""

    step: Step
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    sql: tuple[str, ...]


class Recorder:
    """Sends requests as one person, and records the responses."""

    def __init__(self, client: Client, known_ids: frozenset[str]) -> None:
        self._client = client
        self._known = known_ids
        self._drawn: dict[str, str] = {}

    def send(self, step: Step) -> Observation:
        statements: list[str] = []
        with connection.execute_wrapper(_listen(statements)):
            response = self._client.generic(
                step.method,
                step.address,
                step.body,
                content_type="application/json",
                headers=dict(step.headers),
            )
        cookies = [("Set-Cookie", self._mask(str(cookie))) for cookie in response.cookies.values()]
        body, has_secret = _without_secrets(_body(response))
        return Observation(
            step=step,
            status=response.status_code,
            headers=tuple(
                (name, "length" if has_secret and name == "Content-Length" else text)
                for name, text in sorted([*self._headers(response.headers), *cookies])
            ),
            body=self._mask(body),
            sql=tuple(_shape(sql) for sql in statements),
        )

    def _headers(self, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the headers. ``Expires`` is masked, because it comes from the real clock."""
        return [
            (name, "date" if name == "Expires" else self._mask(text))
            for name, text in headers.items()
        ]

    def _mask(self, text: str) -> str:
        for pattern, name in MASKS:
            text = pattern.sub(name, text)
        return _DRAWN.sub(self._numbered, text)

    def _numbered(self, match: re.Match[str]) -> str:
        number = match.group()
        if number in self._known:
            return number
        return self._drawn.setdefault(number, f"id drawn {len(self._drawn) + 1}")


def _listen(statements: list[str]) -> Callable[..., Any]:
    """Return an execute wrapper that records each statement without its values."""

    def note(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        statements.append(str(sql))
        return execute(sql, *arguments)

    return note


def _without_secrets(text: str) -> tuple[str, bool]:
    masked = text
    for pattern, name in SECRETS:
        masked = pattern.sub(name, masked)
    return masked, masked != text


def _body(response: HttpResponseBase) -> str:
    if response.streaming:
        parts = getattr(response, "streaming_content", ())
        return b"".join(parts).decode("latin-1")
    return bytes(getattr(response, "content", b"")).decode("latin-1")


def _shape(sql: str) -> str:
    """Return a statement without values and counters, because IDs differ between the worlds."""
    nameless = re.sub(r'"(s|_django_curs_)\d+_\w+"', r'"\1"', sql)
    return re.sub(r"'(?:[^']|'')*'|\b\d+\b", "?", nameless)
