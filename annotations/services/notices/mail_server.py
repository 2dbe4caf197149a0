"""Sending e-mail, if a mail server is configured."""

from __future__ import annotations

from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import send_mail


class NoAnswer(Exception):
    """The mail server is unavailable, so retrying makes sense. The message is the error's name."""


class Refused(Exception):
    """The mail server refuses this address."""


def is_configured() -> bool:
    """Whether e-mail can be sent at all. If not, no text may claim that one was sent."""
    return bool(settings.HAS_MAIL_SERVER)


def send(subject: str, text: str, address: str) -> None:
    """Hand an e-mail to the mail server. When this returns, the server has accepted it.

    Raises:
        Refused: retrying would not help.
        NoAnswer: retrying may help. Neither error contains the address or the text, because the
            text may contain a one-time link that anybody with access to the logs could use.
    """
    try:
        send_mail(subject, text, from_email=None, recipient_list=[address])
    except SMTPRecipientsRefused:
        raise Refused from None
    except (OSError, SMTPException) as failure:
        raise NoAnswer(type(failure).__name__) from None
