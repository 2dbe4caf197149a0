"""The mail server: whether there is one, and handing it a mail."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import send_mail


class NoAnswer(Exception):
    """The mail server is in trouble, so it is worth trying again; named by what failed."""


class Refused(Exception):
    """The mail server does not take mail for this address."""


def is_configured() -> bool:
    """Tell whether mail can leave at all. Where it cannot, nothing may say that it was sent."""
    return bool(settings.HAS_MAIL_SERVER)


def send(subject: str, text: str, address: str) -> None:
    """Hand a mail to the mail server; when this returns, the server has accepted it.

    Raises:
        Refused: trying again would not help.
        NoAnswer: it might. Neither error names the address or holds the text, which may hold a
            one-time link: whoever reads a log could use it.
    """
    try:
        send_mail(subject, text, from_email=None, recipient_list=[address])
    except SMTPRecipientsRefused:
        raise Refused from None
    except (OSError, SMTPException) as failure:
        raise NoAnswer(type(failure).__name__) from None
