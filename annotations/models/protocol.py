"""The rules under which a study is read, and their frozen versions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Phase(models.TextChoices):
    """The phase of a study. It only moves forward."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    LOCKED = "locked", _("Locked")
    RELEASED = "released", _("Released")


class SuggestionPolicy(models.TextChoices):
    """When a reader may see a model's suggestions. The server enforces it."""

    NONE = "none", _("Never")
    AFTER_COMMIT = "after_commit", _("After the blind reading is submitted")
    CONCURRENT = "concurrent", _("While reading")
    RANDOMIZED = "randomised", _("At random, for each reading")


class Arm(models.TextChoices):
    """When a reader may see suggestions for an exam. RANDOMIZED draws it by reader and exam."""

    NONE = "none", _("Never")
    AFTER_COMMIT = "after_commit", _("After the blind reading is submitted")
    CONCURRENT = "concurrent", _("While reading")


class ClinicalInformation(models.TextChoices):
    """What a reader is shown about the patient."""

    NONE = "none", _("Nothing")
    AGE_AND_SEX = "age_and_sex", _("Age and sex")
    FULL = "full", _("Age, sex and clinical context")


class PriorExam(models.TextChoices):
    """Whether a reader may open the same patient's previous exam."""

    HIDDEN = "hidden", _("Not shown")
    SHOWN = "shown", _("Shown on request, with the number of days between the two exams")


class QtCorrection(models.TextChoices):
    """The formula with which the criteria model corrects QT for the heart rate."""

    BAZETT = "bazett", _("Bazett")
    FRIDERICIA = "fridericia", _("Fridericia")
    FRAMINGHAM = "framingham", _("Framingham")
    HODGES = "hodges", _("Hodges")


class AdjudicationMode(models.TextChoices):
    """What an adjudicator sees of the readings that disagree."""

    MASKED = "masked", _("No votes")
    OPEN = "open", _("All votes, readers unnamed")
    MASKED_THEN_OPEN = "masked_then_open", _("No votes at first, then all votes")


class ResultsOpen(models.TextChoices):
    """When people who do not read in the study may see its results.

    LIVE shows the agreement of batches that are still open, which reveals no individual reading;
    readings and consensus open when their batch is closed.
    """

    LIVE = "live", _("Agreement immediately, readings when a batch is closed")
    BATCH_CLOSED = "batch_closed", _("When a batch is closed")
    STUDY_LOCKED = "study_locked", _("When the study is locked")


class ProtocolVersion(models.Model):
    """A frozen version of a study's protocol. Amendments add versions and never change one.

    A trigger (migration 0006) rejects changing or deleting a version, and changing a rule of
    an open study without adding one.
    """

    study = models.ForeignKey("Study", on_delete=models.PROTECT, related_name="protocol_versions")
    version = models.PositiveSmallIntegerField()
    document = models.JSONField(help_text="As ecgreview.protocol writes it.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical document.")
    reason = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="protocol_version_once", fields=["study", "version"]),
            models.CheckConstraint(
                name="protocol_version_counts_from_one", condition=Q(version__gte=1)
            ),
            models.CheckConstraint(
                name="protocol_amendment_has_a_reason", condition=Q(version=1) | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"protocol {self.version} of study {self.study_id}"


class BreakGlass(models.Model):
    """A reader of a study looked at its results before it was locked, and gave a reason.

    This ended their reading in the study, because they can no longer read it blind.
    """

    study = models.ForeignKey("Study", on_delete=models.PROTECT, related_name="broken_glass")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="broken_glass"
    )
    reason = models.TextField()
    broken_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "broken glass"
        constraints = [
            models.UniqueConstraint(name="glass_breaks_once", fields=["study", "user"]),
            models.CheckConstraint(name="glass_breaks_for_a_reason", condition=~Q(reason="")),
        ]
        permissions = [("break_glass", "Can see results while still reading")]

    def __str__(self) -> str:
        return f"break-glass of {self.user_id} in study {self.study_id}"


class StudyReaderStatus(models.TextChoices):
    """Whether a reader gets exams of the study."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class StudyReader(models.Model):
    """A reader on the roster of a study. Their readings are kept when they leave."""

    study = models.ForeignKey("Study", on_delete=models.PROTECT, related_name="readers")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="study_readers"
    )
    status = models.CharField(
        max_length=10, choices=StudyReaderStatus, default=StudyReaderStatus.ACTIVE
    )
    status_since = models.DateTimeField()
    status_reason = models.TextField(blank=True)
    max_exams = models.PositiveIntegerField(null=True, blank=True)
    qualified_at = models.DateTimeField(null=True, blank=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="study_reader_once", fields=["study", "user"]),
            models.CheckConstraint(
                name="study_reader_status_is_known",
                condition=Q(status__in=StudyReaderStatus.values),
            ),
            models.CheckConstraint(
                name="study_reader_leaves_for_a_reason",
                condition=~Q(status=StudyReaderStatus.WITHDRAWN) | ~Q(status_reason=""),
            ),
            models.CheckConstraint(
                name="study_reader_status_after_joining",
                condition=Q(status_since__gte=F("added_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"reader {self.user_id} of study {self.study_id}"


class StudyExam(models.Model):
    """An exam in a study's exam pool. Its stratum is never shown to readers."""

    study = models.ForeignKey("Study", on_delete=models.PROTECT, related_name="pool")
    exam = models.ForeignKey("Exam", on_delete=models.PROTECT, related_name="in_studies")
    stratum = models.CharField(max_length=60, blank=True)
    is_anchor = models.BooleanField(default=False, help_text="Read by every reader.")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="study_exam_once", fields=["study", "exam"]),
        ]

    def __str__(self) -> str:
        return f"exam {self.exam_id} of study {self.study_id}"
