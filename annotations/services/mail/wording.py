"""The texts of e-mails about accounts, in the active language."""

from __future__ import annotations

from django.utils.translation import gettext as _

from annotations.models import AccountMailKind, User


def subject(kind: AccountMailKind) -> str:
    if kind == AccountMailKind.INVITATION:
        return _("Your invitation to ECG Review")
    return _("New password for ECG Review")


def text(kind: AccountMailKind, user: User, link: str) -> str:
    if kind == AccountMailKind.INVITATION:
        body = _(
            "You are invited to use ECG Review, a site for reading 12-lead ECGs. Choose a password "
            "within seven days:\n\n%(address)s\n\nThe link works once. Your user name "
            "is %(username)s."
        )
    else:
        body = _(
            "Someone asked for a new password for your ECG Review account. To choose "
            "one, open this link within an hour:\n\n%(address)s\n\nYour user name is "
            "%(username)s. If you did not ask for this, ignore this e-mail."
        )
    return body % {"address": link, "username": user.username}
