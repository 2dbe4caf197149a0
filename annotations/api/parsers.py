"""Parsing request bodies of bounded size."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser, JSONParser


class TooLarge(APIException):
    """The body exceeds the limit of its parser."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body is too large."
    default_code = "too-large"


class BoundedJSONParser(JSONParser):
    """JSON of limited size and nesting, so that no request can exhaust the process."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Parse the body.

        Raises:
            TooLarge: the body is too long, even if Content-Length claims otherwise.
            ParseError: not JSON, or nested too deeply for Python's recursion limit.
        """
        # Django's own limit applies to request.body only, which DRF never reads.
        body = _read(stream, settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - nested too deeply") from error


class CsvFileParser(BaseParser):
    """A CSV file as the body, plain or compressed with gzip; ``content`` has its bytes."""

    media_type = "text/csv"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, bytes]:
        """Return the body as ``content``.

        Raises:
            TooLarge: the body is longer than ``UPLOAD_MAX_BYTES``.
        """
        return {"content": _read(stream, settings.UPLOAD_MAX_BYTES)}


def _read(stream: IO[Any], limit: int) -> bytes:
    """Return the rest of ``stream``.

    Raises:
        TooLarge: it is longer than ``limit``, even if Content-Length claims otherwise.
    """
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge
    return body
