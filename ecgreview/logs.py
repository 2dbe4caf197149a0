"""What a log leaves out: what is not worth its space, and what somebody could sign in with."""

from __future__ import annotations

import logging
import re

SERVER_ERROR = 500

SECRETS = re.compile(
    r"(/password/new/[0-9A-Za-z]+-|[?&](?:key|sesame)=)[^/\s&\"']+|(?<=\bToken )[0-9a-f]{32,}"
)
"""One-time links of all kinds, and tokens of the API."""


class ShortRefusals(logging.Filter):
    """Logs a refused request (4xx) in one line, without the traceback that refused it.

    Django attaches the exception to every page that is refused, though nothing failed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record; take the traceback away where nothing failed."""
        status = getattr(record, "status_code", SERVER_ERROR)
        if isinstance(status, int) and status < SERVER_ERROR:
            record.exc_info = record.exc_text = None
        return True


class WithoutSecrets(logging.Formatter):
    """Formats as usual, then takes the secret out of every link and token."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its traceback."""
        return SECRETS.sub(r"\1[removed]", super().format(record))
