"""Who may open a page: everybody, people who are signed in, or people with a permission."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.decorators import login_required, permission_required
from django.http import HttpRequest, HttpResponseBase, QueryDict

from annotations.models import User

if TYPE_CHECKING:

    class SignedInRequest(HttpRequest):
        """A request by a signed-in user. The decorators below redirect everybody else."""

        user: User
else:
    SignedInRequest = HttpRequest

View = Callable[..., HttpResponseBase]


def signed_in(view: Callable[..., Any]) -> View:
    """Send anonymous visitors to the sign-in page, and back afterwards."""
    return cast("View", login_required(view))


def needs(permission: str) -> Callable[[Callable[..., Any]], View]:
    """Like ``signed_in``, but also respond with 403 to users without ``permission``."""
    refuse = permission_required(f"annotations.{permission}", raise_exception=True)

    def decorate(view: Callable[..., Any]) -> View:
        return signed_in(refuse(view))

    return decorate


def posted(request: HttpRequest) -> QueryDict | None:
    """Return the data of a POST, or None for other methods."""
    return request.POST if request.method == "POST" else None
