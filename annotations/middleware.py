"""Middleware that removes the body of HEAD responses, and that sets the database role."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from annotations import row_security
from annotations.api import errors, problems

logger = logging.getLogger(__name__)

# Health endpoints read no rows, and must respond even if the database does not.
WITHOUT_ROWS = frozenset({"/livez", "/readyz"})


class HeadWithoutBody:
    """Outermost middleware: a response to HEAD has a content length but no body.

    The server would drop the body too, but would log a warning each time.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class RowSecurity:
    """Runs each request in a transaction with the database role of its user.

    It comes after the authentication middleware, closest to the view. The session is loaded
    before and saved after, as the owner of the tables. A server error (5xx) rolls back what the
    view did. A refusal (4xx) does not, because a service that refuses undoes its own changes. HEAD
    always rolls back: it runs the GET view, which may record an export that nobody received.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Act as the user of the session. The user of a token is only known in the view."""
        if request.path_info in WITHOUT_ROWS:
            return self.get_response(request)
        try:
            with row_security.acting_as(request.user.pk):
                response = self.get_response(request)
                if response.status_code >= 500 or request.method == "HEAD":
                    transaction.set_rollback(True)
        except OperationalError as error:
            return _unavailable(request, error)
        return response

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """Respond with 503 if the view failed on a statement timeout or a lost connection."""
        if not isinstance(exception, OperationalError):
            return None
        logger.error("%s: %s", request.path_info, exception, exc_info=exception)
        return _unavailable(request, exception)


def _unavailable(request: HttpRequest, error: OperationalError) -> HttpResponse:
    """Return a 503 response that tells the user what to do, without querying the database."""
    problem = errors.unavailable(error)
    if request.path_info.startswith("/api/"):
        return problem
    page = render_to_string("503.html", {"is_timeout": problems.is_timeout(error)})
    response = HttpResponse(page, status=problem.status_code)
    response["Retry-After"] = problem["Retry-After"]
    response["Cache-Control"] = "no-store"
    return response
