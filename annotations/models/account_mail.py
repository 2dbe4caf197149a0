"""E-mails about accounts: queued by a request, sent by a worker."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class AccountMailKind(models.TextChoices):
    INVITATION = "invitation", _("Invitation")
    NEW_PASSWORD = "new_password", _("Link for a new password")
    FORGOTTEN_PASSWORD = "forgotten_password", _("Forgotten password")


class AccountMailFailure(models.TextChoices):
    """Why we stopped trying to send an e-mail."""

    REFUSED = "refused", _("the mail server rejects mail for this address")
    NO_ANSWER = "no_answer", _("the mail server could not be reached")


class AccountMailQuerySet(models.QuerySet["AccountMail"]):
    def waiting(self) -> AccountMailQuerySet:
        """Return e-mails that were neither sent nor given up on."""
        return self.filter(accepted_at=None, failed_at=None)

    def due(self, now: datetime) -> AccountMailQuerySet:
        """Return waiting e-mails whose next attempt is due."""
        return self.waiting().filter(due_at__lte=now)

    def ended(self) -> AccountMailQuerySet:
        """Return e-mails that the mail server accepted or that were given up on."""
        return self.exclude(accepted_at=None, failed_at=None)


class AccountMail(models.Model):
    """One e-mail to one person. The link in it is created only when it is sent, and never stored.

    For a forgotten password, only the address is known; the worker looks up its account.
    """

    kind = models.CharField(max_length=20, choices=AccountMailKind)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="account_mails"
    )
    address = models.EmailField(blank=True, help_text="As typed, until its account is looked up.")
    language = models.CharField(max_length=10)
    expires_at = models.DateTimeField(
        null=True, help_text="When the link of an invitation expires."
    )
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    n_attempts = models.PositiveSmallIntegerField(default=0)
    accepted_at = models.DateTimeField(null=True, help_text="When the mail server accepted it.")
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=10, choices=AccountMailFailure, blank=True)

    objects = AccountMailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="account_mail_kind_is_known", condition=Q(kind__in=AccountMailKind.values)
            ),
            models.CheckConstraint(
                name="account_mail_fails_for_a_reason",
                condition=Q(failed_at=None, failure="")
                | Q(failed_at__isnull=False, failure__in=AccountMailFailure.values),
            ),
            models.CheckConstraint(
                name="account_mail_ends_once", condition=Q(accepted_at=None) | Q(failed_at=None)
            ),
            models.CheckConstraint(
                name="account_mail_has_a_person_or_an_address",
                condition=Q(user__isnull=False, address="")
                | Q(user=None, kind=AccountMailKind.FORGOTTEN_PASSWORD) & ~Q(address=""),
            ),
        ]
        indexes = [
            models.Index(
                name="account_mail_waiting",
                fields=["due_at"],
                condition=Q(accepted_at=None, failed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.user_id or 'an address'}"

    @property
    def is_waiting(self) -> bool:
        return self.accepted_at is None and self.failed_at is None
