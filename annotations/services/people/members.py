"""People: invitations, accounts, and what they may do.

No role of a request may change accounts (migration 0038), so these act as the owner.
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

INVITABLE = (Role.READER, Role.ADJUDICATOR, Role.RESEARCHER, Role.AUDITOR)
"""Who may be invited over the web; coordinators are made on the command line only."""

INVITED = f"{UNUSABLE_PASSWORD_PREFIX}invited:"
"""How the password column begins while an invitation is open; what follows is random.

Like every value that begins with the prefix it is no password. The links are signed together with
it, so that a later link, a password or a withdrawal makes all earlier links void.
"""

SALT = "annotations.invitation"


class NameTaken(ValueError):
    """Somebody has this user name."""


class EmailTaken(ValueError):
    """Somebody has this e-mail address."""


class NotInvitable(ValueError):
    """This role is not given over the web."""


class NotAPerson(ValueError):
    """The account is that of a model or of a published reference."""


class NotInvited(Exception):
    """The person has no open invitation: they have accepted it, or lost their access."""


class InvitationOver(Exception):
    """The link was used, replaced, withdrawn, is too old, or was never one of ours."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invited person needs to choose a password: nobody can read it out again."""

    user: User
    key: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """What coordinators see of an account."""

    person: User
    roles: list[str]
    is_invited: bool
    has_second_factor: bool


@transaction.atomic
def create(
    *,
    username: str,
    wanted: Iterable[Role],
    first_name: str = "",
    last_name: str = "",
    level: ReaderLevel = ReaderLevel.CARDIOLOGIST,
) -> User:
    """Return a new person in the groups of ``wanted``, who signs in by link until they choose more.

    Raises:
        NameTaken: there is somebody of that user name.
    """
    user = User(username=username, first_name=first_name, last_name=last_name, level=level)
    user.set_unusable_password()
    _add(user)
    people_roles.give(user, wanted)
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
    """Make an account that nobody can use yet, and the link with which its person begins.

    Without a user name, the e-mail address is the user name. Who invites somebody vouches for the
    account: it is shown no results that are kept from them.

    Raises:
        vouching.Blinded: ``actor`` reads, and the account would see results.
        NotInvitable: the role is given on the command line only.
        NameTaken: there is somebody of that user name.
        EmailTaken: there is somebody with that e-mail address.
    """
    if role not in INVITABLE:
        raise NotInvitable(role)
    vouching.refuse_blinded(actor, [role])
    address = email.lower()
    if address and User.objects.filter(email__iexact=address).exists():
        raise EmailTaken(email)
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
    """Return a new link for somebody who has not accepted yet; the former link is void.

    Raises:
        User.DoesNotExist: there is nobody of that number within reach of the web.
        NotInvited: they have accepted, or their access was ended.
        vouching.Blinded: ``actor`` reads, and the account would see results.
    """
    user = in_reach().select_for_update(of=("self",)).get(pk=user_id)
    if not is_invited(user):
        raise NotInvited
    vouching.refuse_blinded(actor, vouching.roles_of(user))
    user.password = _open_invitation()
    user.save(update_fields=["password"])
    audit.record(actor=actor, action=audit.Action.PEOPLE_INVITED, target=user, now=now)
    return _invitation(user, now)


@row_security.as_owner()
def invited(*, key: str, now: datetime) -> User:
    """Return whom the link was made for.

    Raises:
        InvitationOver: the link is not, or no longer, one.
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
    """Give the invited person their password and let them in from now on.

    Raises:
        InvitationOver: the link is not, or no longer, one.
    """
    # Locked first and looked at again: of two browsers with the same link one is refused.
    User.objects.select_for_update().get(pk=invited(key=key, now=now).pk)
    user = invited(key=key, now=now)
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    audit.record(actor=user, action=audit.Action.PEOPLE_ACCEPTED, target=user, now=now)
    return user


def is_invited(user: User) -> bool:
    """Tell whether ``user`` has an invitation that is still open."""
    return not user.is_active and user.password.startswith(INVITED)


@row_security.as_owner()
def accounts() -> list[Account]:
    """Return everybody by name; of passwords and second factors only that they are there."""
    found = User.objects.annotate(
        is_invited=ExpressionWrapper(
            Q(is_active=False, password__startswith=INVITED), output_field=BooleanField()
        ),
        has_second_factor=sign_in.has_second_factor(),
    )
    by_name = found.order_by("first_name", "last_name", "username").defer("password")
    return [
        Account(
            person,
            roles=sorted(group.name for group in person.groups.all()),
            is_invited=person.is_invited,
            has_second_factor=person.has_second_factor,
        )
        for person in by_name.select_related("vouched_by").prefetch_related("groups")
    ]


def in_reach() -> QuerySet[User]:
    """Return whom a coordinator may end: neither coordinators nor whoever runs the server."""
    above = Q(groups__name=Role.COORDINATOR.value) | Q(is_staff=True) | Q(is_superuser=True)
    return User.objects.exclude(pk__in=User.objects.filter(above).values("pk"))


@transaction.atomic
def change(
    *, username: str, wanted: Iterable[Role] | None = None, is_active: bool | None = None
) -> User:
    """Give a person the roles of ``wanted`` and no other, or end or restore their access.

    None leaves things as they are. Whoever is deactivated loses sessions and tokens at once.

    Raises:
        User.DoesNotExist: nobody has this user name.
        NotAPerson: it is a model or a reference, which has no role and never signs in.
    """
    user = User.objects.select_for_update().get(username=username)
    if not user.is_person and (wanted or is_active):
        raise NotAPerson(username)
    if wanted is not None:
        people_roles.give(user, wanted)
    if is_active is True:
        user.is_active = True
        user.save(update_fields=["is_active"])
    if is_active is False:
        _end(user)
    return user


@transaction.atomic
@row_security.as_owner()
def deactivate(*, actor: User, user_id: int, now: datetime) -> User:
    """End the access of somebody over the web: sessions, tokens and open invitations.

    Raises:
        User.DoesNotExist: there is nobody of that number within reach of the web.
    """
    user = in_reach().select_for_update(of=("self",)).get(pk=user_id)
    withdrawn, ended = audit.Action.PEOPLE_INVITATION_WITHDRAWN, audit.Action.PEOPLE_DEACTIVATED
    action = withdrawn if is_invited(user) else ended
    _end(user)
    audit.record(actor=actor, action=action, target=user, now=now)
    return user


@transaction.atomic
@row_security.as_owner()
def reset_second_factor(*, actor: User, user_id: int, now: datetime) -> User:
    """Take away the second factors of somebody who lost theirs, and end what was begun with them.

    Raises:
        User.DoesNotExist: there is nobody of that number within reach of the web.
        vouching.Blinded: ``actor`` reads, and the account sees results.
    """
    user = in_reach().select_for_update(of=("self",)).get(pk=user_id)
    vouching.refuse_blinded(actor, vouching.roles_of(user))
    sign_in.forget_second_factor(user)
    _cut_off(user)
    audit.record(actor=actor, action=audit.Action.MFA_RESET, target=user, now=now)
    return user


@transaction.atomic
@row_security.as_owner()
def send_to_new_password(*, actor: User, user_id: int, now: datetime) -> User:
    """Return somebody who is to be mailed a link for another password, because ``actor`` says so.

    The link itself is nobody's to see: with it one could read as somebody else.

    Raises:
        User.DoesNotExist: nobody active of that number is within reach of the web.
        vouching.Blinded: ``actor`` reads, and the account sees results.
    """
    user = in_reach().get(pk=user_id, is_active=True)
    vouching.refuse_blinded(actor, vouching.roles_of(user))
    audit.record(actor=actor, action=audit.Action.PEOPLE_PASSWORD_RESET, target=user, now=now)
    return user


@transaction.atomic
@row_security.as_owner()
def vouch(*, actor: User, user_id: int, now: datetime) -> User:
    """Let ``actor`` answer for an account in the place of whoever invited it.

    From then on it is shown what ``actor`` could be shown, even where its inviter still reads.

    Raises:
        User.DoesNotExist: there is nobody of that number within reach of the web.
        vouching.Blinded: ``actor`` reads, and the account sees results.
    """
    user = in_reach().select_for_update(of=("self",)).get(pk=user_id)
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
        NameTaken: there is somebody of that user name, in whatever case.
    """
    user.username = User.normalize_username(user.username)
    if User.objects.filter(username__iexact=user.username).exists():
        raise NameTaken(user.username)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as refusal:
        if not isinstance(refusal.__cause__, UniqueViolation):
            raise
        raise NameTaken(user.username) from refusal  # since we asked


def _open_invitation() -> str:
    return INVITED + get_random_string(40)


def _invitation(user: User, now: datetime) -> Invitation:
    return open_invitation(user, now + timedelta(days=settings.INVITATION_DAYS))


def open_invitation(user: User, expires_at: datetime) -> Invitation:
    """Return the invitation of ``user`` that is open, so that nobody has to keep its link."""
    claim = {"user": user.pk, "until": int(expires_at.timestamp()), "state": _state(user)}
    return Invitation(user, Signer(salt=SALT).sign_object(claim), expires_at)


def _state(user: User) -> str:
    return salted_hmac(SALT, f"{user.pk}:{user.password}", algorithm="sha256").hexdigest()


def _end(user: User) -> None:
    user.is_active = False
    if user.password.startswith(INVITED):
        user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    _cut_off(user)


def _cut_off(user: User) -> None:
    """End all that ``user`` and their programs have open."""
    sign_in.end_sessions(user)
    get_token_model().objects.filter(user=user).delete()
