"""People: accounts without a password, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from knox.models import get_token_model

from annotations.models import Role, User
from annotations.services import roles

TOKEN_LIFETIME = timedelta(days=90)


class NameTaken(ValueError):
    """Somebody has this user name."""


@transaction.atomic
def create(
    *, username: str, wanted: Iterable[Role], first_name: str = "", last_name: str = ""
) -> User:
    """Return a new person in the groups of ``wanted``, who signs in by link until they choose more.

    Raises:
        NameTaken: there is somebody of that user name.
    """
    if User.objects.filter(username=username).exists():
        raise NameTaken(username)
    user = User.objects.create_user(
        username, password=None, first_name=first_name, last_name=last_name
    )
    roles.give(user, wanted)
    return user


@transaction.atomic
def change(
    *, username: str, wanted: Iterable[Role] | None = None, is_active: bool | None = None
) -> User:
    """Give a person the roles of ``wanted`` and no other, or end or restore their access.

    None leaves things as they are. Whoever is deactivated loses their tokens at once, and their
    sessions with the next request.

    Raises:
        User.DoesNotExist: nobody has this user name.
    """
    user = User.objects.select_for_update().get(username=username)
    if wanted is not None:
        roles.give(user, wanted)
    if is_active is not None:
        user.is_active = is_active
        user.save(update_fields=["is_active"])
    if is_active is False:
        get_token_model().objects.filter(user=user).delete()
    return user


def new_token(*, user: User) -> tuple[str, datetime]:
    """Return a token for a program of ``user``, stored as a hash only, and when it expires."""
    token, secret = get_token_model().objects.create(user, expiry=TOKEN_LIFETIME)
    return secret, token.expiry


def forget_tokens(*, now: datetime) -> int:
    """Delete the tokens that expired before ``now`` and return how many they were."""
    n_deleted, _ = get_token_model().objects.filter(expiry__lt=now).delete()
    return int(n_deleted)
