"""HEAD without bodies; every request in one transaction that tells the database whose it is."""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from annotations.api import errors
from ecgreview import row_security

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
            if not request.path_info.startswith("/api/"):
                raise
            return errors.unavailable(error)
        return response
