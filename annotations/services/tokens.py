"""Tokens with which people's programs sign in: stored as hashes, and gone after a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from knox.models import get_token_model

from annotations.models import User
from annotations.services import audit

LIFETIME = timedelta(days=90)
MAX_TOKENS = 5


class TooManyTokens(Exception):
    """The person has as many tokens as one may have."""


@transaction.atomic
def make(
    *, user: User, actor: User | None, now: datetime, reason: str = ""
) -> tuple[str, datetime]:
    """Return a token for a program of ``user`` and when it expires; only a hash is stored.

    Args:
        user: as whom the program signs in.
        actor: who makes it; None on the command line.
        now: time of the deed.
        reason: for the audit trail, when it is not the person who makes it.

    Raises:
        TooManyTokens: they have five already.
    """
    # The person's row is the lock: two requests at once must not both be the fifth.
    User.objects.select_for_update().get(pk=user.pk)
    if get_token_model().objects.filter(user=user, expiry__gt=Now()).count() >= MAX_TOKENS:
        raise TooManyTokens
    token, secret = get_token_model().objects.create(user, expiry=LIFETIME)
    audit.record(
        actor=actor, action=audit.Action.PEOPLE_TOKEN_MADE, target=user,
        after={"expires_at": token.expiry}, reason=reason, now=now,
    )  # fmt: skip
    return secret, token.expiry


@transaction.atomic
def revoke(*, user: User, now: datetime) -> int:
    """Delete all tokens of ``user``, who asks for it, and return how many they were."""
    n_deleted, _ = get_token_model().objects.filter(user=user).delete()
    if n_deleted:
        audit.record(
            actor=user, action=audit.Action.PEOPLE_TOKENS_DELETED, target=user,
            before={"n_tokens": n_deleted}, now=now,
        )  # fmt: skip
    return int(n_deleted)


def forget(*, now: datetime) -> int:
    """Delete the tokens that expired before ``now`` and return how many they were."""
    n_deleted, _ = get_token_model().objects.filter(expiry__lt=now).delete()
    return int(n_deleted)
