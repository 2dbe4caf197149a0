"""Addresses that are passed on to people, below the one address of the site."""

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
    """Return ``path`` below ``SITE_URL``; what a request calls the site is never asked."""
    return f"{settings.SITE_URL}{path}"


def invitation(made: members.Invitation) -> str:
    """Return the address at which an invited person chooses a password."""
    return absolute(f"{reverse('invitation')}?{urlencode({'key': made.key})}")


def invitation_again(user: User, expires_at: datetime) -> str:
    """Return the same address as was made for ``user``'s open invitation."""
    return invitation(members.open_invitation(user, expires_at))


def new_password(user: User) -> str:
    """Return the address at which ``user`` chooses another password, within an hour."""
    key = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    arguments = {"uidb36": user_pk_to_url_str(user), "key": key}
    return absolute(reverse("account_reset_password_from_key", kwargs=arguments))
