"""People: invitations, accounts and roles.

The database roles of web requests have no right to change accounts (migration 0038), so the
functions that pages call act as the owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.signing import BadSignature, Signer
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac
from knox.models import get_token_model
from psycopg.errors import UniqueViolation

from annotations import row_security
from annotations.models import ReaderLevel, Role, User
from annotations.services import audit
from annotations.services.people import roles as people_roles
from annotations.services.people import sign_in, vouching
from annotations.services.refusals import Refusal

# Roles that may be given over the web. Coordinators are created on the command line only.
INVITABLE = (Role.READER, Role.ADJUDICATOR, Role.RESEARCHER, Role.AUDITOR)

# While an invitation is open, the password column has this prefix and random text. Django treats
# any value with its unusable-password prefix as no password. Links are signed together with this
# value, so a newer link, a password or a withdrawal invalidates all earlier links.
INVITED = f"{UNUSABLE_PASSWORD_PREFIX}invited:"

SALT = "annotations.invitation"


class UserNameTaken(Refusal):
    code = "user-name-taken"


class EmailTaken(Refusal):
    code = "email-taken"


class NotInvitable(Refusal):
    code = "not-invitable"


class NotAPerson(Refusal):
    code = "not-a-person"


class NotInvited(Exception):
    """The person has no open invitation: they accepted it, or lost their access."""


class InvitationOver(Exception):
    """The link is forged, expired, already used, withdrawn, or replaced by a newer one."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invited person needs to choose a password. It is not stored anywhere."""

    user: User
    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """An account as coordinators see it."""

    person: User
    roles: list[str]
    is_invited: bool
    has_second_factor: bool


@transaction.atomic
def create(
    *,
    username: str,
    roles: Iterable[Role],
    first_name: str = "",
    last_name: str = "",
    level: ReaderLevel = ReaderLevel.CARDIOLOGIST,
) -> User:
    """Return a new person with these roles, who first signs in by link.

    Raises:
        UserNameTaken: the user name is in use.
    """
    user = User(username=username, first_name=first_name, last_name=last_name, level=level)
    user.set_unusable_password()
    _add(user)
    people_roles.give(user, roles)
    return user


@transaction.atomic
@row_security.as_owner()
def invite(
    *,
    actor: User,
    username: str,
    email: str,
    first_name: str,
    last_name: str,
    role: Role,
    level: ReaderLevel,
    now: datetime,
) -> Invitation:
    """Create an account that nobody can use yet, and the link for choosing its password.

    Without a user name, the e-mail address becomes the user name. ``actor`` vouches for the
    account, so results that are hidden from ``actor`` are hidden from it too.

    Raises:
        vouching.Blinded: ``actor`` is blinded, and the account would see results.
        NotInvitable: the role can only be given on the command line.
        UserNameTaken: the user name is in use.
        EmailTaken: the e-mail address is in use.
    """
    if role not in INVITABLE:
        raise NotInvitable
    vouching.refuse_blinded(actor, [role])
    address = email.lower()
    if address and User.objects.filter(email__iexact=address).exists():
        raise EmailTaken
    user = User(
        username=username or address,
        email=address,
        first_name=first_name,
        last_name=last_name,
        level=level,
        is_active=False,
        vouched_by=actor,
        password=_open_invitation(),
    )
    _add(user)
    people_roles.give(user, [role])
    audit.record(
        actor=actor,
        action=audit.Action.PEOPLE_INVITED,
        target=user,
        after={"role": role.value, "level": int(level)},
        now=now,
    )
    return _invitation(user, now)


@transaction.atomic
@row_security.as_owner()
def invite_again(*, actor: User, user_id: int, now: datetime) -> Invitation:
    """Return a new link for a person who has not accepted yet; the old link becomes invalid.

    Raises:
        User.DoesNotExist: there is no such account, or coordinators may not manage it.
        NotInvited: they have accepted, or their access was ended.
        vouching.Blinded: ``actor`` is blinded, and the account would see results.
    """
    user = manageable().select_for_update(of=("self",)).get(pk=user_id)
    if not is_invited(user):
        raise NotInvited
    vouching.refuse_blinded(actor, vouching.roles_of(user))
    user.password = _open_invitation()
    user.save(update_fields=["password"])
    audit.record(actor=actor, action=audit.Action.PEOPLE_INVITED, target=user, now=now)
    return _invitation(user, now)


@row_security.as_owner()
def invited(*, key: str, now: datetime) -> User:
    """Return the person for whom the link was made.

    Raises:
        InvitationOver: the link is forged, expired, already used, withdrawn or replaced.
    """
    try:
        claim = Signer(salt=SALT).unsign_object(key)
    except BadSignature as forged:
        raise InvitationOver from forged
    user = User.objects.filter(pk=claim["user"]).first()
    if user is None or not is_invited(user) or claim["until"] < now.timestamp():
        raise InvitationOver
    if not constant_time_compare(claim["state"], _state(user)):
        raise InvitationOver
    return user


@transaction.atomic
@row_security.as_owner()
def accept(*, key: str, password: str, now: datetime) -> User:
    """Set the password of an invited person and activate their account.

    Raises:
        InvitationOver: the link is forged, expired, already used, withdrawn or replaced.
    """
    # Race: check again after locking, so that only one of two concurrent requests with the same
    # link succeeds.
    User.objects.select_for_update().get(pk=invited(key=key, now=now).pk)
    user = invited(key=key, now=now)
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    audit.record(actor=user, action=audit.Action.PEOPLE_ACCEPTED, target=user, now=now)
    return user


def is_invited(user: User) -> bool:
    """Whether ``user`` has an open invitation."""
    return not user.is_active and user.password.startswith(INVITED)


@row_security.as_owner()
def accounts() -> list[Account]:
    """Return all accounts, sorted by name, without passwords or second factors."""
    users = User.objects.annotate(
        is_invited=ExpressionWrapper(
            Q(is_active=False, password__startswith=INVITED), output_field=BooleanField()
        ),
        has_second_factor=sign_in.has_second_factor(),
    )
    by_name = users.order_by("first_name", "last_name", "username").defer("password")
    return [
        Account(
            person,
            roles=sorted(group.name for group in person.groups.all()),
            is_invited=person.is_invited,
            has_second_factor=person.has_second_factor,
        )
        for person in by_name.select_related("vouched_by").prefetch_related("groups")
    ]


def manageable() -> QuerySet[User]:
    """Return the accounts that coordinators may manage: neither coordinators nor operators."""
    above = Q(groups__name=Role.COORDINATOR.value) | Q(is_staff=True) | Q(is_superuser=True)
    return User.objects.exclude(pk__in=User.objects.filter(above).values("pk"))


@transaction.atomic
def change(
    *, username: str, roles: Iterable[Role] | None = None, is_active: bool | None = None
) -> User:
    """Replace a person's roles, or end or restore their access.

    An argument that is None changes nothing. Deactivating ends sessions and tokens immediately.

    Raises:
        User.DoesNotExist: there is no such user name.
        NotAPerson: a model or a reference would get a role or access.
    """
    user = User.objects.select_for_update().get(username=username)
    if not user.is_person and (roles or is_active):
        raise NotAPerson(name=username)
    if roles is not None:
        people_roles.give(user, roles)
    if is_active is True:
        user.is_active = True
        user.save(update_fields=["is_active"])
    if is_active is False:
        _end(user)
    return user


@transaction.atomic
@row_security.as_owner()
def deactivate(*, actor: User, user_id: int, now: datetime) -> User:
    """End a person's access, their sessions and tokens, or withdraw their open invitation.

    Raises:
        User.DoesNotExist: there is no such account, or coordinators may not manage it.
    """
    user = manageable().select_for_update(of=("self",)).get(pk=user_id)
    withdrawn, ended = audit.Action.PEOPLE_INVITATION_WITHDRAWN, audit.Action.PEOPLE_DEACTIVATED
    action = withdrawn if is_invited(user) else ended
    _end(user)
    audit.record(actor=actor, action=action, target=user, now=now)
    return user


@transaction.atomic
@row_security.as_owner()
def reset_second_factor(*, actor: User, user_id: int, now: datetime) -> User:
    """Remove the second factors of a person who lost theirs, and end their sessions and tokens.

    Raises:
        User.DoesNotExist: there is no such account, or coordinators may not manage it.
        vouching.Blinded: ``actor`` is blinded, and the account sees results.
    """
    user = manageable().select_for_update(of=("self",)).get(pk=user_id)
    vouching.refuse_blinded(actor, vouching.roles_of(user))
    sign_in.delete_second_factors(user)
    _end_sessions(user)
    audit.record(actor=actor, action=audit.Action.MFA_RESET, target=user, now=now)
    return user


@transaction.atomic
@row_security.as_owner()
def send_to_new_password(*, actor: User, user_id: int, now: datetime) -> User:
    """Return the person to whom a password link will be e-mailed, at the request of ``actor``.

    The link is not returned, because anyone who has it could submit readings in their name.

    Raises:
        User.DoesNotExist: there is no such active account, or coordinators may not manage it.
        vouching.Blinded: ``actor`` is blinded, and the account sees results.
    """
    user = manageable().get(pk=user_id, is_active=True)
    vouching.refuse_blinded(actor, vouching.roles_of(user))
    audit.record(actor=actor, action=audit.Action.PEOPLE_PASSWORD_RESET, target=user, now=now)
    return user


@transaction.atomic
@row_security.as_owner()
def vouch(*, actor: User, user_id: int, now: datetime) -> User:
    """Make ``actor`` the person who vouches for an account, instead of its inviter.

    From then on the account shares the blinding of ``actor``, and no longer that of its inviter.

    Raises:
        User.DoesNotExist: there is no such account, or coordinators may not manage it.
        vouching.Blinded: ``actor`` is blinded, and the account sees results.
    """
    user = manageable().select_for_update(of=("self",)).get(pk=user_id)
    vouching.refuse_blinded(actor, vouching.roles_of(user))
    before, user.vouched_by = user.vouched_by_id, actor
    user.save(update_fields=["vouched_by"])
    audit.record(
        actor=actor, action=audit.Action.PEOPLE_VOUCHED, target=user,
        before={"vouched_by": before}, after={"vouched_by": actor.pk}, now=now,
    )  # fmt: skip
    return user


def _add(user: User) -> None:
    """Store a new person.

    Raises:
        UserNameTaken: the user name is in use, ignoring case.
    """
    user.username = User.normalize_username(user.username)
    if User.objects.filter(username__iexact=user.username).exists():
        raise UserNameTaken(name=user.username)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as refusal:
        if not isinstance(refusal.__cause__, UniqueViolation):
            raise
        raise UserNameTaken(name=user.username) from refusal  # created after our check


def _open_invitation() -> str:
    return INVITED + get_random_string(40)


def _invitation(user: User, now: datetime) -> Invitation:
    return open_invitation(user, now + timedelta(days=settings.INVITATION_DAYS))


def open_invitation(user: User, expires_at: datetime) -> Invitation:
    """Return the open invitation of ``user``. Its key is computed, so it is not stored."""
    claim = {"user": user.pk, "until": int(expires_at.timestamp()), "state": _state(user)}
    return Invitation(user, Signer(salt=SALT).sign_object(claim), expires_at)


def _state(user: User) -> str:
    return salted_hmac(SALT, f"{user.pk}:{user.password}", algorithm="sha256").hexdigest()


def _end(user: User) -> None:
    user.is_active = False
    if user.password.startswith(INVITED):
        user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    _end_sessions(user)


def _end_sessions(user: User) -> None:
    """End all sessions of ``user`` and delete their tokens."""
    sign_in.end_sessions(user)
    get_token_model().objects.filter(user=user).delete()
