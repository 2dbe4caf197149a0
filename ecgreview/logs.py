"""What is not worth its space in a log."""

import logging

SERVER_ERROR = 500


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
