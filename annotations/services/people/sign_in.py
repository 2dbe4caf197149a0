"""Signing in: one-time links, and who needs a second factor."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from sesame.utils import get_query_string

from annotations import row_security
from annotations.models import User
from annotations.services import audit
from annotations.services.refusals import Refusal

# Recovery codes are not listed: they replace a lost factor and are created with it.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactorMissing(Refusal):
    code = "second-factor-missing"


class SecondFactorNotShown(Refusal):
    code = "second-factor-not-shown"


def link(user: User, base_url: str) -> str:
    """Return a link under ``base_url`` that signs ``user`` in once and expires after a day."""
    query: str = get_query_string(user)
    return f"{base_url.rstrip('/')}{reverse('link')}{query}"


def lacks_second_factor(user: User) -> bool:
    """Whether ``user`` has to set up a second factor before anything else; one query at most."""
    if not settings.MFA_ROLES:
        return False
    bound = Q(groups__name__in=settings.MFA_ROLES) | Q(is_staff=True) | Q(is_superuser=True)
    unprotected = User.objects.filter(bound, pk=user.pk).exclude(
        authenticator__type__in=SECOND_FACTORS
    )
    with row_security.as_owner():
        return unprotected.exists()


def has_second_factor() -> Exists:
    """Return an expression that annotates people with whether they have a second factor."""
    return Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS))


def refuse_without_second_factor(user: User) -> None:
    """Raise if the role of ``user`` requires a second factor and they have none.

    Raises:
        SecondFactorMissing: the user has to set up a second factor first.
    """
    if lacks_second_factor(user):
        raise SecondFactorMissing


def refuse_unproven(user: User, methods: Collection[str]) -> None:
    """Raise unless this session may create things that outlive it, such as tokens.

    Args:
        user: the person who is signed in.
        methods: the authentication methods they used in this session.

    Raises:
        SecondFactorNotShown: their role requires a second factor, and the session began without it.
    """
    if "mfa" in methods or not settings.MFA_ROLES:
        return
    is_bound = user.is_staff or user.is_superuser
    if is_bound or user.groups.filter(name__in=settings.MFA_ROLES).exists():
        raise SecondFactorNotShown


def delete_ended_sessions() -> int:
    alive = Session.objects.values("session_key")
    n_deleted, _ = UserSession.objects.exclude(session_key__in=alive).delete()
    return int(n_deleted)


def delete_second_factors(user: User) -> None:
    """Delete all second factors of ``user``, including the recovery codes."""
    Authenticator.objects.filter(user=user).delete()


@transaction.atomic
def record_sign_out(*, user: User, now: datetime) -> None:
    audit.record(actor=user, action=audit.Action.SIGNED_OUT, target=user, now=now)


def end_sessions(user: User) -> None:
    for session in UserSession.objects.filter(user=user):
        session.end()
