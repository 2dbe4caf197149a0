"""Log lines of refusals and failures."""

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.handlers.exception import response_for_exception
from django.test import RequestFactory

from ecgreview.logs import ShortRefusals


def has_traceback(record: logging.LogRecord) -> bool:
    ShortRefusals().filter(record)
    return "Traceback" in logging.Formatter().format(record)


def test_a_refusal_is_logged_as_one_line(caplog):
    try:
        raise PermissionDenied("no")
    except PermissionDenied as error:
        response_for_exception(RequestFactory().get("/closed/"), error)
    assert [has_traceback(record) for record in caplog.records] == [False]


def test_a_failure_is_logged_with_its_traceback(caplog):
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        logger = logging.getLogger("django.request")
        logger.error("Internal Server Error", exc_info=error, extra={"status_code": 500})
    assert [has_traceback(record) for record in caplog.records] == [True]


def test_the_console_handler_uses_the_filter():
    handlers: Any = settings.LOGGING["handlers"]
    assert handlers["console"]["filters"] == ["short refusals"]
