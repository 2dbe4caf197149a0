"""Accounts created and changed on the command line. Each change is audited."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from annotations.models import ReaderKind, Role, TokenScope, User
from annotations.services import audit
from annotations.services.people import members, sign_in, tokens

# Nobody is signed in on the command line, so audit events have no actor. They state this reason.
REASON = "on the command line"


@transaction.atomic
def create(
    *, username: str, first_name: str, last_name: str, roles: Collection[Role], now: datetime
) -> User:
    """Return a new person with these roles and without a password.

    Raises:
        members.UserNameTaken: the user name is in use.
    """
    user = members.create(
        username=username, first_name=first_name, last_name=last_name, roles=roles
    )
    _record(user, audit.Action.PEOPLE_CREATED, now, _roles(roles))
    return user


@transaction.atomic
def create_without_access(
    *, username: str, name: str, now: datetime, kind: ReaderKind = ReaderKind.PERSON
) -> User:
    """Return a new account that cannot sign in: no password, no role, not active.

    Raises:
        members.UserNameTaken: the user name is in use.
    """
    user = members.create(username=username, last_name=name, roles=())
    user.kind, user.is_active = kind, False
    user.save(update_fields=["kind", "is_active"])
    _record(user, audit.Action.PEOPLE_CREATED, now, recorded_state(user))
    return user


@transaction.atomic
def record_creation(*, user: User, now: datetime) -> None:
    """Record the creation of ``user`` by ``createsuperuser``, with the rights they have."""
    _record(user, audit.Action.PEOPLE_CREATED, now, recorded_state(user))


@transaction.atomic
def change(
    *,
    username: str,
    now: datetime,
    roles: Collection[Role] | None = None,
    is_active: bool | None = None,
) -> User:
    """Replace a person's roles, or end or restore their access.

    An argument that is None changes nothing.

    Raises:
        User.DoesNotExist: there is no such user name.
        members.NotAPerson: a model or a reference would get a role or access.
    """
    user = members.change(username=username, roles=roles, is_active=is_active)
    if roles is not None:
        _record(user, audit.Action.PEOPLE_CHANGED, now, _roles(roles))
    if is_active is not None:
        ended, restored = audit.Action.PEOPLE_DEACTIVATED, audit.Action.PEOPLE_ACTIVATED
        _record(user, restored if is_active else ended, now)
    return user


@transaction.atomic
def make_link(*, user: User, base_url: str, now: datetime) -> str:
    """Return a link under ``base_url`` that signs ``user`` in once and expires after a day."""
    _record(user, audit.Action.PEOPLE_LINK_MADE, now)
    return sign_in.link(user, base_url)


def make_token(
    *, user: User, now: datetime, name: str = "", scope: TokenScope = TokenScope.FULL
) -> tuple[str, datetime]:
    """Return an API token for ``user`` and its expiry date.

    Raises:
        tokens.TooManyTokens: ``user`` already has five tokens.
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


def _roles(roles: Collection[Role]) -> dict[str, object]:
    return {"roles": sorted(role.value for role in roles)}


def _record(
    user: User, action: audit.Action, now: datetime, after: Mapping[str, object] | None = None
) -> None:
    audit.record(actor=None, action=action, target=user, after=after, reason=REASON, now=now)
