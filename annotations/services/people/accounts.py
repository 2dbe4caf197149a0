"""Accounts as whoever runs the server makes and changes them; each deed is in the audit trail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from annotations.models import ReaderKind, Role, TokenScope, User
from annotations.services import audit
from annotations.services.people import members, sign_in, tokens

REASON = "on the command line"
"""Nobody is signed in there: the trail has no actor, and says this instead."""


@transaction.atomic
def create(
    *, username: str, first_name: str, last_name: str, wanted: Collection[Role], now: datetime
) -> User:
    """Return a new person in the groups of ``wanted``, without a password.

    Raises:
        people.NameTaken: there is somebody of that user name.
    """
    user = members.create(
        username=username, first_name=first_name, last_name=last_name, wanted=wanted
    )
    _record(user, audit.Action.PEOPLE_CREATED, now, _roles(wanted))
    return user


@transaction.atomic
def create_without_access(
    *, username: str, name: str, now: datetime, kind: ReaderKind = ReaderKind.PERSON
) -> User:
    """Return a new account that nobody can sign in to: no password, no role, and not active.

    Raises:
        people.NameTaken: there is somebody of that user name.
    """
    user = members.create(username=username, last_name=name, wanted=())
    user.kind, user.is_active = kind, False
    user.save(update_fields=["kind", "is_active"])
    _record(user, audit.Action.PEOPLE_CREATED, now, recorded_state(user))
    return user


@transaction.atomic
def record_standing(*, user: User, now: datetime) -> None:
    """Write down what ``user`` may do, whom Django's own ``createsuperuser`` has made."""
    _record(user, audit.Action.PEOPLE_CREATED, now, recorded_state(user))


@transaction.atomic
def change(
    *,
    username: str,
    now: datetime,
    wanted: Collection[Role] | None = None,
    is_active: bool | None = None,
) -> User:
    """Give a person the roles of ``wanted`` and no other, or end or restore their access.

    None leaves things as they are.

    Raises:
        User.DoesNotExist: nobody has this user name.
        people.NotAPerson: it is a model or a reference.
    """
    user = members.change(username=username, wanted=wanted, is_active=is_active)
    if wanted is not None:
        _record(user, audit.Action.PEOPLE_CHANGED, now, _roles(wanted))
    if is_active is not None:
        ended, restored = audit.Action.PEOPLE_DEACTIVATED, audit.Action.PEOPLE_ACTIVATED
        _record(user, restored if is_active else ended, now)
    return user


@transaction.atomic
def make_link(*, user: User, base_url: str, now: datetime) -> str:
    """Return an address under ``base_url`` that signs ``user`` in, once, within a day."""
    _record(user, audit.Action.PEOPLE_LINK_MADE, now)
    return sign_in.link(user, base_url)


def make_token(
    *, user: User, now: datetime, name: str = "", scope: TokenScope = TokenScope.FULL
) -> tuple[str, datetime]:
    """Return a token for a program of ``user``, and when it expires.

    Raises:
        tokens.TooManyTokens: they have five already.
    """
    return tokens.make(user=user, actor=None, reason=REASON, name=name, scope=scope, now=now)


def recorded_state(user: User) -> dict[str, Any]:
    """Return the roles, rights and kind of ``user`` as audit events record them."""
    return {
        "roles": sorted(user.groups.values_list("name", flat=True)),
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "kind": str(user.kind),
    }


def _roles(wanted: Collection[Role]) -> dict[str, object]:
    return {"roles": sorted(role.value for role in wanted)}


def _record(
    user: User, action: audit.Action, now: datetime, after: Mapping[str, object] | None = None
) -> None:
    audit.record(actor=None, action=action, target=user, after=after, reason=REASON, now=now)
