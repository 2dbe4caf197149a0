"""People who need a second factor must set one up before they can do anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from annotations.models import User
from annotations.services.people import sign_in

# URL names that people can open before they have set up a required second factor.
OPEN = frozenset(
    {
        "mfa_index",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "account_reauthenticate",
        "sign-out",
        "account_logout",
        "language",
        "livez",
        "readyz",
    }
)


class Enrollment:
    """Middleware that redirects people who lack a required second factor to the setup page.

    The API is exempt, because it enforces the same rule itself, including for tokens.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Redirect instead of running the view, unless the page is in ``OPEN``."""
        if not settings.MFA_ROLES or request.path.startswith("/api/") or _is_open(request):
            return None
        if isinstance(request.user, User) and sign_in.lacks_second_factor(request.user):
            return redirect("mfa_index")
        return None


def _is_open(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name in OPEN
