"""Choices for columns of readings and findings."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Quality(models.TextChoices):
    """How well the signal can be read. An unreadable exam has no findings."""

    GOOD = "good", _("Good")
    ACCEPTABLE = "acceptable", _("Acceptable")
    POOR = "poor", _("Poor")
    UNREADABLE = "unreadable", _("Unreadable")


class Certainty(models.TextChoices):
    """How sure the reader is that the class is present."""

    DEFINITE = "definite", _("Definite")
    PROBABLE = "probable", _("Probable")
    POSSIBLE = "possible", _("Possible")


class Stage(models.TextChoices):
    """Whether the reading was made blind, or revised after suggestions were shown."""

    BLIND = "blind", _("Blind")
    REVISED = "revised", _("Revised")


class ReadingOutcome(models.TextChoices):
    """Whether the reader judged the exam or abstained for lack of competence."""

    READ = "read", _("Read")
    ABSTAINED = "abstained", _("Abstained")


class RevisionReason(models.TextChoices):
    """Why a reader revises a blind reading."""

    SUGGESTION = "suggestion", _("The suggestion")
    SECOND_LOOK = "second_look", _("Second look")
    SLIP = "slip", _("My mistake")
    OTHER = "other", _("Other reason")
