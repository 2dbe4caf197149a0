"""The people who use the application; what they may do is their groups' permissions."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from .withheld import AddressField, HasWithheld, LastLoginField, PasswordField


class Role(models.TextChoices):
    """The names of the groups that ``services.roles`` keeps in step with their permissions."""

    READER = "reader", _("Reader")
    ADJUDICATOR = "adjudicator", _("Adjudicator")
    COORDINATOR = "coordinator", _("Coordinator")
    RESEARCHER = "researcher", _("Researcher")
    AUDITOR = "auditor", _("Auditor")


class ReaderLevel(models.IntegerChoices):
    """How experienced a reader is; a protocol may ask for a minimum."""

    TRAINEE = 1, _("Trainee")
    CARDIOLOGIST = 2, _("Cardiologist")
    SENIOR = 3, _("Senior cardiologist")


SEES_RESULTS = (Role.ADJUDICATOR, Role.COORDINATOR, Role.RESEARCHER, Role.AUDITOR)
"""The roles whose accounts may be shown what others found, now or once a study lets them."""


class ReaderKind(models.TextChoices):
    """What a reader is.

    People vote; models and published references are only compared. See docs/adr for why this is a
    fact about the account and not about its place in a study.
    """

    PERSON = "person", _("Person")
    MODEL = "model", _("Model")
    REFERENCE = "reference", _("Reference")


def _name_of(field: str) -> Any:
    """Return what Django calls a field of its users, which it translates itself."""
    return getattr(AbstractUser, field).field.verbose_name


class User(HasWithheld, AbstractUser):
    """A person who signs in; or a model or a published reference, which never does."""

    password = PasswordField(_name_of("password"), max_length=128)
    last_login = LastLoginField(_name_of("last_login"), blank=True, null=True)
    email = AddressField(_name_of("email"), blank=True)

    kind = models.CharField(
        _("kind of reader"), max_length=10, choices=ReaderKind, default=ReaderKind.PERSON
    )
    level = models.PositiveSmallIntegerField(
        _("reader level"), choices=ReaderLevel, default=ReaderLevel.CARDIOLOGIST
    )

    vouched_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The coordinator who invited them, or another who vouched for them since.",
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(name="user_has_a_name", condition=~models.Q(username="")),
            models.CheckConstraint(
                name="user_kind_is_known", condition=models.Q(kind__in=ReaderKind.values)
            ),
            models.CheckConstraint(
                name="user_only_people_are_active",
                condition=models.Q(kind=ReaderKind.PERSON) | models.Q(is_active=False),
            ),
            models.CheckConstraint(
                name="user_level_is_known", condition=models.Q(level__in=ReaderLevel.values)
            ),
        ]
        permissions = [("invite_user", "Can invite people and end their access")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_person(self) -> bool:
        """Whether they can sign in, be given exams, and vote."""
        return self.kind == ReaderKind.PERSON

    @property
    def blinded_with(self) -> list[int]:
        """The people whose blinding this account shares: its own person and who vouches for it.

        Whoever invites an account could be sitting behind it.
        """
        return [pk for pk in (self.pk, self.vouched_by_id) if pk is not None]
