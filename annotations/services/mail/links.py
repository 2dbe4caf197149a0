"""Links for e-mails, built from ``SITE_URL`` and never from the request's Host header."""

from __future__ import annotations

from datetime import datetime

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode

from annotations.models import User
from annotations.services.people import members


def absolute(path: str) -> str:
    """Return ``path`` below ``SITE_URL``; the Host header of a request is never used."""
    return f"{settings.SITE_URL}{path}"


def invitation(pending: members.Invitation) -> str:
    return absolute(f"{reverse('invitation')}?{urlencode({'key': pending.key})}")


def invitation_again(user: User, expires_at: datetime) -> str:
    """Return the link of ``user``'s open invitation, the same as before."""
    return invitation(members.open_invitation(user, expires_at))


def new_password(user: User) -> str:
    """Return the link where ``user`` chooses a new password within an hour."""
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    arguments = {"uidb36": user_pk_to_url_str(user), "key": key}
    return absolute(reverse("account_reset_password_from_key", kwargs=arguments))
