"""The queue of e-mails about accounts, and the result of sending each.

A request only inserts a row, so its response time depends neither on the mail server nor on whether
an account exists. Rows hold no links; the worker creates a link when it sends the e-mail.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation

from annotations import row_security
from annotations.models import AccountMail, AccountMailFailure, AccountMailKind, User
from annotations.services import audit
from annotations.services.mail import links, wording
from annotations.services.notices import mail_server
from annotations.services.people import members

logger = logging.getLogger(__name__)

# How long to wait before each retry if the mail server is unavailable. After the last retry we give
# up.
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60, 180, 360))

MAX_ATTEMPTS = len(DELAYS) + 1


@transaction.atomic
def invitation(pending: members.Invitation, *, now: datetime) -> AccountMail | None:
    """Queue the e-mail with an invitation link, replacing one that is still waiting.

    Returns None when there is no mail server or no address.
    """
    return _queue(AccountMailKind.INVITATION, pending.user, now, expires_at=pending.expires_at)


@transaction.atomic
def new_password(user: User, *, now: datetime) -> AccountMail | None:
    """Queue an e-mail with a password reset link, at the request of a coordinator.

    Returns None when there is no mail server or no address.
    """
    return _queue(AccountMailKind.NEW_PASSWORD, user, now)


@transaction.atomic
def forgotten_password(address: str, *, now: datetime) -> None:
    """Queue a password reset for an address; the worker looks up whether it has an account.

    Does nothing when there is no mail server.
    """
    if not mail_server.is_configured():
        return
    with row_security.as_owner():
        AccountMail.objects.create(
            kind=AccountMailKind.FORGOTTEN_PASSWORD,
            address=address,
            language=_language(),
            created_at=now,
            due_at=now,
        )


def latest_to(user: User) -> AccountMail | None:
    """Return the e-mail last queued for ``user``; show it only to people who manage accounts."""
    with row_security.as_owner():
        return AccountMail.objects.filter(user=user).order_by("-created_at", "-pk").first()


def send_next(*, now: datetime) -> bool:
    """Send one e-mail that is due; return False when none is.

    Before sending, the attempt is counted and the next one scheduled, in a transaction of its own.
    If the worker is killed, the e-mail is retried later, and no other worker takes it until then.
    """
    mail = _claim(now)
    if mail is None:
        return False
    if mail.user is None:
        _find_people(mail, now)
    else:
        _send(mail, mail.user, now)
    return True


def delete_finished(*, now: datetime) -> int:
    """Delete finished e-mails that are older than 90 days; return the number deleted."""
    old = AccountMail.objects.ended().filter(created_at__lt=now - timedelta(days=90))
    return int(old.delete()[0])


# -- Queueing -----------------------------------------------------------------------------------


def _queue(
    kind: AccountMailKind, user: User, now: datetime, *, expires_at: datetime | None = None
) -> AccountMail | None:
    if not mail_server.is_configured() or not user.email:
        return None
    with row_security.as_owner():
        AccountMail.objects.waiting().filter(user=user, kind=kind).delete()
        return AccountMail.objects.create(
            kind=kind,
            user=user,
            language=_language(),
            expires_at=expires_at,
            created_at=now,
            due_at=now,
        )


def _language() -> str:
    return translation.get_language() or "en"


# -- Sending ------------------------------------------------------------------------------------


@transaction.atomic
def _claim(now: datetime) -> AccountMail | None:
    due = AccountMail.objects.select_for_update(skip_locked=True, of=("self",)).due(now)
    mail = due.order_by("due_at", "pk").first()
    if mail is not None:
        mail.due_at = now + DELAYS[min(mail.n_attempts, len(DELAYS) - 1)]
        mail.n_attempts += 1
        mail.save(update_fields=["due_at", "n_attempts"])
    return mail


@transaction.atomic
def _find_people(mail: AccountMail, now: datetime) -> None:
    """Replace an e-mail to an address with one for each active account with that address."""
    for user in User.objects.filter(email__iexact=mail.address, is_active=True).order_by("pk"):
        audit.record(actor=None, action=audit.Action.PEOPLE_PASSWORD_RESET, target=user, now=now)
        AccountMail.objects.create(
            kind=mail.kind, user=user, language=mail.language, created_at=mail.created_at,
            due_at=now,
        )  # fmt: skip
    mail.delete()


def _send(mail: AccountMail, user: User, now: datetime) -> None:
    kind = AccountMailKind(mail.kind)
    if not user.email or not _is_wanted(kind, user):
        # In the meantime the person accepted, was deactivated or lost their address.
        mail.delete()
        return
    with translation.override(mail.language):
        subject = wording.subject(kind)
        text = wording.text(kind, user, _link(mail, user))
    try:
        mail_server.send(subject, text, user.email)
    except mail_server.Refused:
        logger.warning("The mail server refused the address of user %s", user.pk)
        _end(mail, failed_at=now, failure=AccountMailFailure.REFUSED)
    except mail_server.NoAnswer as failure:
        logger.warning("An account e-mail could not be sent: %s", failure)
        if mail.n_attempts >= MAX_ATTEMPTS:
            _end(mail, failed_at=now, failure=AccountMailFailure.NO_ANSWER)
    else:
        _end(mail, accepted_at=now)


def _is_wanted(kind: AccountMailKind, user: User) -> bool:
    return members.is_invited(user) if kind == AccountMailKind.INVITATION else user.is_active


def _link(mail: AccountMail, user: User) -> str:
    if mail.expires_at is not None:
        return links.invitation_again(user, mail.expires_at)
    return links.new_password(user)


def _end(mail: AccountMail, **changes: object) -> None:
    AccountMail.objects.filter(pk=mail.pk).update(**changes)
