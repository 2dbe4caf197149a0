"""User accounts. Permissions come from their groups."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from .withheld import AddressField, HasWithheld, LastLoginField, PasswordField


class Role(models.TextChoices):
    """The groups whose permissions ``annotations.services.people.roles`` maintains."""

    READER = "reader", _("Reader")
    ADJUDICATOR = "adjudicator", _("Adjudicator")
    COORDINATOR = "coordinator", _("Coordinator")
    RESEARCHER = "researcher", _("Researcher")
    AUDITOR = "auditor", _("Auditor")


class ReaderLevel(models.IntegerChoices):
    """How experienced a reader is. A protocol may require a minimum level."""

    TRAINEE = 1, _("Trainee")
    CARDIOLOGIST = 2, _("Cardiologist")
    SENIOR = 3, _("Senior cardiologist")


# Roles that learn about other people's readings: adjudicators read the exams in dispute, and the
# others may see results.
SEES_RESULTS = (Role.ADJUDICATOR, Role.COORDINATOR, Role.RESEARCHER, Role.AUDITOR)


class ReaderKind(models.TextChoices):
    """Whether a reader is a person, a model or a published reference.

    People vote; models and published references are only compared with them.
    docs/adr/0045-readers-have-a-kind.md explains why the account has the kind, not the roster.
    """

    PERSON = "person", _("Person")
    MODEL = "model", _("Model")
    REFERENCE = "reference", _("Reference")


def _name_of(field: str) -> Any:
    """Return the name that Django gives a field of its user model, which is already translated."""
    return getattr(AbstractUser, field).field.verbose_name


class User(HasWithheld, AbstractUser):
    """The account of a person, a model or a published reference. Only people can sign in."""

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
        """Whether the reader is a person. Only people can have access and vote."""
        return self.kind == ReaderKind.PERSON

    @property
    def blinded_with(self) -> list[int]:
        """IDs of accounts whose blinding this one shares: itself and the one vouching for it.

        A person who vouches for an account could be using it themselves.
        """
        return [pk for pk in (self.pk, self.vouched_by_id) if pk is not None]
