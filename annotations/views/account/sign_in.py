"""Sign-in by password, one-time link or invitation; sign-out; choice of language."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.account.views import LoginView
from django.contrib.auth import authenticate, logout
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language as django_set_language

from annotations import row_security
from annotations.models import User
from annotations.services.people import members, sign_in
from annotations.views.account.forms import InvitationForm


class SignIn(LoginView):  # type: ignore[misc]
    """Sign-in by user name and password. Users who are already signed in are redirected."""

    template_name = "session/sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "next": self.get_next_url()}


@method_decorator(never_cache, name="dispatch")
class SignOut(LogoutView):
    """End the session. Accepts POST only."""

    http_method_names = ["post"]

    @method_decorator(row_security.as_owner())
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Record the sign-out before ending the session."""
        if isinstance(request.user, User):
            sign_in.record_sign_out(user=request.user, now=timezone.now())
        response = super().post(request, *args, **kwargs)
        # Not "storage": readings that have not reached the server yet are kept there.
        response["Clear-Site-Data"] = '"cache"'
        return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@row_security.as_owner()
def link(request: HttpRequest) -> HttpResponse:
    """Sign in with a one-time link after a click on the button.

    A GET does not use up the link, because mail scanners and chat previews open links. People who
    have a second factor must still enter it, as after a password.
    """
    user = authenticate(request, sesame=request.GET.get("sesame", ""))
    if not isinstance(user, User):
        return render(request, "session/link_used.html", status=403)
    if request.method != "POST":
        return render(request, "session/link.html", {"person": user})
    return _complete_sign_in(request, user, "link")


@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
@row_security.as_owner()
def invitation(request: HttpRequest) -> HttpResponse:
    """Let an invited person choose a password, and sign them in."""
    key, now = request.GET.get("key", ""), timezone.now()
    try:
        person = members.invited(key=key, now=now)
        form = InvitationForm(request.POST if request.method == "POST" else None, user=person)
        if form.is_valid():
            person = members.accept(key=key, password=form.cleaned_data["password1"], now=now)
            return _complete_sign_in(request, person, "password")
    except members.InvitationOver:
        return render(request, "session/invitation_over.html", status=403)
    status = 400 if form.is_bound else 200
    context = {"form": form, "person": person}
    return render(request, "session/invitation.html", context, status=status)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Store the chosen language in a cookie and go back."""
    return django_set_language(request)


def _complete_sign_in(request: HttpRequest, user: User, method: str) -> HttpResponse:
    """Sign in ``user``, replacing any current user, and ask for the second factor.

    This counts as recent authentication, so for five minutes they can set up a second factor and
    see their recovery codes without confirming their identity again.
    """
    if request.user.is_authenticated and request.user != user:
        logout(request)
    record_authentication(request, user, method=method, reauthenticated=True)
    response: HttpResponse = perform_login(request, user)
    return response
