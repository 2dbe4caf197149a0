"""API tokens: stored as hashes, limited in number, scope and time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from knox.models import get_token_model

from annotations import row_security
from annotations.models import TokenGrant, TokenScope, User
from annotations.services import audit
from annotations.services.refusals import Refusal

LIFETIME = timedelta(days=90)
MAX_TOKENS = 5

# The time of last use is updated at most this often.
NOTED_EACH = timedelta(minutes=1)


class TooManyTokens(Refusal):
    code = "too-many-tokens"


class OutOfScope(Refusal):
    code = "out-of-scope"


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
    """Return an API token for ``user`` and its expiry date; only a hash is stored.

    Args:
        user: the person in whose name the program acts.
        actor: the person who creates it; None on the command line.
        now: time of creation.
        reason: recorded in the audit trail; needed when ``actor`` is not ``user``.
        name: a name that helps the person recognize the token.
        scope: what the token may do.

    Raises:
        TooManyTokens: ``user`` already has five tokens.
    """
    with row_security.as_owner():
        # Race: lock the person's row, so that two concurrent requests cannot both create a fifth
        # token.
        User.objects.select_for_update().get(pk=user.pk)
        if get_token_model().objects.filter(user=user, expiry__gt=Now()).count() >= MAX_TOKENS:
            raise TooManyTokens(limit=MAX_TOKENS)
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
    """Delete one token of ``user``, or all of them, at their request; return the number deleted.

    Raises:
        TokenGrant.DoesNotExist: ``user`` has no such token.
    """
    with row_security.as_owner():
        tokens = get_token_model().objects.filter(user=user)
        if grant_id is not None:
            tokens = tokens.filter(grant=grant_id)
            if not tokens.exists():
                raise TokenGrant.DoesNotExist
        n_deleted, _ = tokens.delete()
    if n_deleted:
        audit.record(
            actor=user, action=audit.Action.PEOPLE_TOKENS_DELETED, target=user,
            before={"n_tokens": n_deleted}, now=now,
        )  # fmt: skip
    return int(n_deleted)


def use(token: Any, *, needed: TokenScope, now: datetime) -> None:
    """Check that ``token`` may be used for a request of scope ``needed``, and record its use.

    Raises:
        OutOfScope: the token's scope does not include ``needed``.
    """
    with row_security.as_owner():
        grant = TokenGrant.objects.filter(token=token).first()
        if grant is None:
            return  # created before tokens had scopes, or by an older process during an update
        if not TokenScope(grant.scope).includes(needed):
            raise OutOfScope
        if grant.last_used_at is None or now - grant.last_used_at >= NOTED_EACH:
            # If another request holds the lock, it records the same time of use, so we do not wait.
            unlocked = TokenGrant.objects.select_for_update(skip_locked=True, no_key=True)
            if unlocked.filter(pk=grant.pk).first() is not None:
                TokenGrant.objects.filter(pk=grant.pk).update(last_used_at=now)


def delete_expired(*, now: datetime) -> int:
    n_deleted, _ = get_token_model().objects.filter(expiry__lt=now).delete()
    return int(n_deleted)
