"""Signing in: a link that works once, and whether somebody needs a second factor."""

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

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""Recovery codes are not among them: they stand in for a lost one and are made with it."""


class SecondFactorMissing(Exception):
    """A role of the person demands a second factor, and they have none."""


class SecondFactorNotShown(Exception):
    """This session began without the second factor that the person's role demands."""


def link(user: User, base_url: str) -> str:
    """Return an address under ``base_url`` that signs ``user`` in, once, within a day."""
    query: str = get_query_string(user)
    return f"{base_url.rstrip('/')}{reverse('link')}{query}"


def lacks_second_factor(user: User) -> bool:
    """Tell whether ``user`` may do nothing yet but choose a second factor: one query at most."""
    if not settings.MFA_ROLES:
        return False
    bound = Q(groups__name__in=settings.MFA_ROLES) | Q(is_staff=True) | Q(is_superuser=True)
    unprotected = User.objects.filter(bound, pk=user.pk).exclude(
        authenticator__type__in=SECOND_FACTORS
    )
    with row_security.as_owner():
        return unprotected.exists()


def has_second_factor() -> Exists:
    """Return the expression to annotate people with: whether they have a second factor."""
    return Exists(Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS))


def refuse_without_second_factor(user: User) -> None:
    """Do nothing when ``user`` has the second factor that their role demands, or needs none.

    Raises:
        SecondFactorMissing: not before they have chosen one.
    """
    if lacks_second_factor(user):
        raise SecondFactorMissing


def refuse_unproven(user: User, methods: Collection[str]) -> None:
    """Do nothing when this session may make what outlives it, as tokens do.

    Args:
        user: who is signed in.
        methods: by which they have shown in this session who they are.

    Raises:
        SecondFactorNotShown: their role demands a second factor, and they came without one.
    """
    if "mfa" in methods or not settings.MFA_ROLES:
        return
    is_bound = user.is_staff or user.is_superuser
    if is_bound or user.groups.filter(name__in=settings.MFA_ROLES).exists():
        raise SecondFactorNotShown


def forget_sessions() -> int:
    """Forget where and when sessions were that are over, and return how many they were."""
    alive = Session.objects.values("session_key")
    n_deleted, _ = UserSession.objects.exclude(session_key__in=alive).delete()
    return int(n_deleted)


def forget_second_factor(user: User) -> None:
    """Take away all second factors of ``user``, the recovery codes with them."""
    Authenticator.objects.filter(user=user).delete()


@transaction.atomic
def record_sign_out(*, user: User, now: datetime) -> None:
    """Write down that ``user`` leaves of their own will."""
    audit.record(actor=user, action=audit.Action.SIGNED_OUT, target=user, now=now)


def end_sessions(user: User) -> None:
    """End every session of ``user`` at once."""
    for session in UserSession.objects.filter(user=user):
        session.end()
