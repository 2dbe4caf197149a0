"""The user's own API tokens: creating and revoking them."""

from __future__ import annotations

from allauth.account.authentication import get_authentication_records
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotations.models import TokenGrant, TokenScope
from annotations.services.people import sign_in, tokens
from annotations.views.access import SignedInRequest, posted, signed_in
from annotations.views.refusals import refusal_on_form


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("A name you will recognize, for example: analysis on my laptop."),
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Permissions"),
        choices=TokenScope.choices,
        initial=TokenScope.READ.value,
        widget=forms.RadioSelect,
    )


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def own_tokens(request: SignedInRequest) -> HttpResponse:
    """List the user's tokens; a POST creates one and shows its secret once."""
    form = TokenForm(posted(request))
    secret = _create(request, form) if form.is_valid() else None
    context = {
        "form": TokenForm() if secret else form,
        "secret": secret,
        "tokens": [
            {"grant": grant, "scope": TokenScope(grant.scope).label}
            for grant in tokens.of(request.user)
        ],
        "now": timezone.now(),
    }
    is_refused = form.is_bound and secret is None
    return render(request, "account/tokens.html", context, status=400 if is_refused else 200)


@signed_in
@require_POST
def token_end(request: SignedInRequest, pk: int) -> HttpResponse:
    try:
        tokens.revoke(user=request.user, grant_id=pk, now=timezone.now())
    except TokenGrant.DoesNotExist as unknown:
        raise Http404 from unknown
    messages.success(request, _("The token was revoked."))
    return redirect("account-tokens")


def _create(request: SignedInRequest, form: TokenForm) -> str | None:
    """Create a token and return its secret, or None after adding errors to the form."""
    user = request.user
    methods = [str(record["method"]) for record in get_authentication_records(request, user)]
    with refusal_on_form(form):
        sign_in.refuse_unproven(user, methods)
        secret, _expires_at = tokens.make(
            user=user,
            actor=user,
            name=form.cleaned_data["name"],
            scope=TokenScope(form.cleaned_data["scope"]),
            now=timezone.now(),
        )
        return secret
    return None
