"""Tokens with which people's programs sign in: stored as hashes, and gone after a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from knox.models import get_token_model

from annotations import row_security
from annotations.models import TokenGrant, TokenScope, User
from annotations.services import audit

LIFETIME = timedelta(days=90)
MAX_TOKENS = 5

NOTED_EACH = timedelta(minutes=1)
"""How exactly the last use is known."""


class TooManyTokens(Exception):
    """The person has as many tokens as one may have."""


class OutOfScope(Exception):
    """The token may not do this, though its person may."""


@transaction.atomic
def make(
    *,
    user: User,
    actor: User | None,
    now: datetime,
    reason: str = "",
    name: str = "",
    scope: TokenScope = TokenScope.FULL,
) -> tuple[str, datetime]:
    """Return a token for a program of ``user`` and when it expires; only a hash is stored.

    Args:
        user: as whom the program signs in.
        actor: who makes it; None on the command line.
        now: time of the deed.
        reason: for the audit trail, when it is not the person who makes it.
        name: what the person calls it.
        scope: how much of what they may do it may do.

    Raises:
        TooManyTokens: they have five already.
    """
    with row_security.as_owner():
        # The person's row is the lock: two requests at once must not both be the fifth.
        User.objects.select_for_update().get(pk=user.pk)
        if get_token_model().objects.filter(user=user, expiry__gt=Now()).count() >= MAX_TOKENS:
            raise TooManyTokens
        token, secret = get_token_model().objects.create(user, expiry=LIFETIME)
        TokenGrant.objects.create(token=token, name=name, scope=scope)
    audit.record(
        actor=actor, action=audit.Action.PEOPLE_TOKEN_MADE, target=user,
        after={"expires_at": token.expiry, "scope": scope.value}, reason=reason, now=now,
    )  # fmt: skip
    return secret, token.expiry


def of(user: User) -> list[TokenGrant]:
    """Return the tokens of ``user`` that have not expired, newest first, without their hashes."""
    with row_security.as_owner():
        alive = TokenGrant.objects.filter(token__user=user, token__expiry__gt=Now())
        newest_first = alive.select_related("token").order_by("-token__created", "-pk")
        return list(newest_first.defer("token__digest", "token__token_key"))


@transaction.atomic
def revoke(*, user: User, now: datetime, grant_id: int | None = None) -> int:
    """Delete the tokens of ``user``, who asks for it, or one of them; return how many they were.

    Raises:
        TokenGrant.DoesNotExist: ``user`` has no token of this number.
    """
    with row_security.as_owner():
        found = get_token_model().objects.filter(user=user)
        if grant_id is not None:
            found = found.filter(grant=grant_id)
            if not found.exists():
                raise TokenGrant.DoesNotExist
        n_deleted, _ = found.delete()
    if n_deleted:
        audit.record(
            actor=user, action=audit.Action.PEOPLE_TOKENS_DELETED, target=user,
            before={"n_tokens": n_deleted}, now=now,
        )  # fmt: skip
    return int(n_deleted)


def use(token: Any, *, needed: TokenScope, now: datetime) -> None:
    """Note that ``token``, a row of knox's, is used now for what needs ``needed``.

    Raises:
        OutOfScope: it may not do that.
    """
    with row_security.as_owner():
        grant = TokenGrant.objects.filter(token=token).first()
        if grant is None:
            return  # made by a process of the version before scopes, while the site was updated
        if not TokenScope(grant.scope).includes(needed):
            raise OutOfScope
        if grant.last_used_at is None or now - grant.last_used_at >= NOTED_EACH:
            # Whoever uses it at the same time notes it too: nobody waits for them.
            unlocked = TokenGrant.objects.select_for_update(skip_locked=True, no_key=True)
            if unlocked.filter(pk=grant.pk).first() is not None:
                TokenGrant.objects.filter(pk=grant.pk).update(last_used_at=now)


def forget(*, now: datetime) -> int:
    """Delete the tokens that expired before ``now`` and return how many they were."""
    n_deleted, _ = get_token_model().objects.filter(expiry__lt=now).delete()
    return int(n_deleted)
