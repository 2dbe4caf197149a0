"""What people get by e-mail about their account; a mail server that is down stops nobody."""

from __future__ import annotations

import logging
from smtplib import SMTPException

from django.core.mail import send_mail
from django.utils.translation import gettext as _

from annotations.models import User

logger = logging.getLogger(__name__)


def send_invitation(user: User, address: str) -> bool:
    """Mail the link with which ``user`` begins; False when there is no address or no mail."""
    text = _(
        "You are invited to read 12-lead ECGs with ECG Review. Choose a password within seven "
        "days:\n\n%(address)s\n\nThe link works once. Your user name is %(username)s."
    )
    filled = text % {"address": address, "username": user.username}
    return _send(user, _("Your invitation to ECG Review"), filled)


def send_password_link(user: User, address: str) -> bool:
    """Mail the link with which ``user`` chooses another password; False when it did not leave."""
    text = _(
        "Somebody, probably you, asked for a new password at ECG Review. Choose one within an "
        "hour:\n\n%(address)s\n\nYour user name is %(username)s. If it was not you, nothing "
        "needs to be done."
    )
    filled = text % {"address": address, "username": user.username}
    return _send(user, _("A new password for ECG Review"), filled)


def _send(user: User, subject: str, text: str) -> bool:
    if not user.email:
        return False
    try:
        send_mail(subject, text, from_email=None, recipient_list=[user.email])
    except (OSError, SMTPException) as failure:
        # Neither the address nor the link: whoever reads the log could use it.
        logger.warning("A mail about an account did not leave: %s", type(failure).__name__)
        return False
    return True
