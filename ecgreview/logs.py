"""Keep needless tracebacks, sign-in links and API tokens out of the logs."""

from __future__ import annotations

import logging
import re

SERVER_ERROR = 500

# The secret part of one-time links of all kinds, and API tokens.
SECRETS = re.compile(
    r"(/password/new/[0-9A-Za-z]+-|[?&](?:key|sesame)=)[^/\s&\"']+|(?<=\bToken )[0-9a-f]{32,}"
)


class ShortRefusals(logging.Filter):
    """Logs a refused request (4xx) on one line, without a traceback.

    Django attaches the exception to the log record of every refusal, although nothing failed.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; drop the traceback if the status is below 500."""
        status = getattr(record, "status_code", SERVER_ERROR)
        if isinstance(status, int) and status < SERVER_ERROR:
            record.exc_info = record.exc_text = None
        return True


class WithoutSecrets(logging.Formatter):
    """Formats as usual, then removes the secret from every link and token."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the formatted record and its traceback, without secrets."""
        return SECRETS.sub(r"\1[removed]", super().format(record))
