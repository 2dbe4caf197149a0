"""Signing in with a password or a one-time link, signing out, choosing the language."""

from __future__ import annotations

from django.contrib.auth import authenticate, login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language as django_set_language


class SignIn(LoginView):
    """Name and password; who is signed in already goes on to their work."""

    http_method_names = ["get", "head", "post"]
    template_name = "session/sign_in.html"
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again with what is wrong."""
        return self.render_to_response(self.get_context_data(form=form), status=400)


@method_decorator(never_cache, name="dispatch")
class SignOut(LogoutView):
    """End the session; by POST only."""

    http_method_names = ["post"]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    """Sign in whoever presses the button behind a fresh one-time link; tell others what to do.

    Looking does not use the link up: mail scanners and previews of chats look at every link.
    """
    user = authenticate(request, sesame=request.GET.get("sesame", ""))
    if user is None:
        return render(request, "session/link_used.html", status=403)
    if request.method != "POST":
        return render(request, "session/link.html", {"person": user})
    login(request, user)
    return redirect("home")


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie and return to where the person was."""
    return django_set_language(request)
