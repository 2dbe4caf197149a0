"""Account pages: allauth's views, limited in rate and methods."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import redis
from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions import views as sessions
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_http_methods

from annotations import row_security
from annotations.services.people.sign_in import lacks_second_factor
from annotations.views.access import View
from annotations.views.account.sign_in import SignIn

RETRY_AFTER_S = 30
# How long a sign-in waits for others in the same process before it gets a 429.
ROOM_S = 2.0


class Overview(second_factor.IndexView):  # type: ignore[misc]
    """Second factors and other account settings."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        needs = lacks_second_factor(self.request.user)
        return {**super().get_context_data(**kwargs), "needs_second_factor": needs}


def account_view(
    view: Callable[..., Any], *, posts_only: bool = False, safe_only: bool = False
) -> View:
    """Wrap ``view``: limit its methods, disable caching, respond with 503 if Redis is down.

    The view acts as the owner of the tables, because the database roles for requests cannot
    access passwords, sessions and second factors. Each of these views only affects the user's
    own account.

    Failed attempts are counted in Redis. Without the count, anybody could try passwords and codes
    without limit, so nobody can sign in while Redis is down. People who are signed in can continue
    working.
    """
    methods = ["POST"] if posts_only else ["GET", "HEAD"] if safe_only else ["GET", "HEAD", "POST"]

    @require_http_methods(methods)
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            with row_security.as_owner():
                response = _rendered(view(request, *args, **kwargs))
        except redis.RedisError:
            response = render(request, "session/unavailable.html", status=503)
            response["Retry-After"] = str(RETRY_AFTER_S)
        if response.status_code == 429:
            response["Retry-After"] = str(RETRY_AFTER_S)
        if request.method == "POST" and response.status_code == 200:
            response.status_code = 400  # the form is shown again with its errors
        add_never_cache_headers(response)
        return response

    return guarded


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    """Render ``response`` now, as the owner, because its template may query the database too."""
    return response.render() if isinstance(response, SimpleTemplateResponse) else response


def few_at_once(view: View) -> View:
    """Limit how many POSTs of this view one process handles at once; others get a 429."""
    room = threading.BoundedSemaphore(settings.SIGN_INS_AT_ONCE)

    @wraps(view)
    def limited(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        if not room.acquire(timeout=ROOM_S):
            return render(request, "429.html", status=429)
        try:
            return view(request, *args, **kwargs)
        finally:
            room.release()

    return limited


sign_in = account_view(few_at_once(SignIn.as_view()))

change_password = account_view(account.password_change)
set_password = account_view(account.password_set)
forgotten_password = account_view(account.password_reset)
forgotten_password_sent = account_view(account.password_reset_done, safe_only=True)
new_password = account_view(account.password_reset_from_key)
new_password_done = account_view(account.password_reset_from_key_done, safe_only=True)

confirm_by_password = account_view(account.reauthenticate)
confirm_by_code = account_view(second_factor.reauthenticate)
confirm_by_passkey = account_view(webauthn.reauthenticate_webauthn)

overview = account_view(Overview.as_view(), safe_only=True)
ask_second_factor = account_view(second_factor.authenticate)
app_on = account_view(totp.activate_totp)
app_off = account_view(totp.deactivate_totp)
recovery_codes = account_view(codes.view_recovery_codes, safe_only=True)
new_recovery_codes = account_view(codes.generate_recovery_codes)
passkeys = account_view(webauthn.list_webauthn, safe_only=True)
passkey_add = account_view(webauthn.add_webauthn)
passkey_rename = account_view(webauthn.edit_webauthn)
passkey_remove = account_view(webauthn.remove_webauthn)
passkey_sign_in = account_view(webauthn.login_webauthn)

own_sessions = account_view(sessions.list_usersessions)
