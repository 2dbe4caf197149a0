"""People: accounts without a password, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from annotations.models import Role, User
from annotations.services import roles


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
