"""HEAD without bodies; every request in one transaction that tells the database whose it is."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from annotations import row_security
from annotations.api import errors, problems

logger = logging.getLogger(__name__)

WITHOUT_ROWS = frozenset({"/livez", "/readyz"})
"""What looks at no rows, and must answer when the database does not."""


class HeadWithoutBody:
    """Outermost middleware: an answer to HEAD tells its length and has no body.

    The server would drop the body too, with a warning in the log for each.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as to GET, but for the body."""
        response = self.get_response(request)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.setdefault("Content-Length", str(len(response.content)))
            response.content = b""
        return response


class RowSecurity:
    """Middleware after those that find out who asks, nearest to the view.

    The session is loaded before and saved after, by the owner of the tables. An answer that says
    that we failed (5xx) takes back what its view did; a refusal (4xx) does not, since services
    take back what they refused themselves. HEAD takes back everything: its answer is that of GET,
    but nobody got an export that the audit trail should tell of.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as the person whose session it is; a token's person is known only in the view."""
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
        """Answer 503 where the database gave up, or is gone, while a view was at work."""
        if not isinstance(exception, OperationalError):
            return None
        logger.error("%s: %s", request.path_info, exception, exc_info=exception)
        return _unavailable(request, exception)


def _unavailable(request: HttpRequest, error: OperationalError) -> HttpResponse:
    """Say what to do when the database gave no answer, without asking it anything."""
    problem = errors.unavailable(error)
    if request.path_info.startswith("/api/"):
        return problem
    page = render_to_string("503.html", {"is_timeout": problems.is_timeout(error)})
    response = HttpResponse(page, status=problem.status_code)
    response["Retry-After"] = problem["Retry-After"]
    response["Cache-Control"] = "no-store"
    return response
