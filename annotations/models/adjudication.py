"""What adjudicators are asked about each exam, and what they decide."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .assignment import Assignment
from .batch import Batch
from .exam import Exam
from .protocol import AdjudicationMode as Mode
from .taxonomy import DiagnosticClass


class AdjudicationStage(models.TextChoices):
    """What the adjudicator had seen when they decided."""

    MASKED = "masked", _("Before the votes were shown")
    OPEN = "open", _("With the votes")
    DISCUSSED = "discussed", _("After the discussion")


class Answer(models.TextChoices):
    PRESENT = "present", _("Present")
    ABSENT = "absent", _("Absent")
    NOT_DECIDABLE = "not_decidable", _("Not decidable")


class BetterReport(models.TextChoices):
    """Which of two readings is right, as in the audit form of the Minas Gerais network."""

    FIRST = "report_1", _("Report 1")
    SECOND = "report_2", _("Report 2")
    BOTH = "both", _("Both")
    NEITHER = "neither", _("Neither")


class ErrorType(models.TextChoices):
    """What is wrong in the reports of an audited exam."""

    MISSED = "missed", _("Missed finding")
    FALSE = "false", _("Finding that is not present")
    MISTAKEN = "mistaken", _("One finding mistaken for another")
    ARTIFACT = "artifact", _("Artifact or lead reversal not noticed")
    MEASUREMENT = "measurement", _("Wrong measurement")
    OTHER = "other", _("Other")


class AdjudicationCase(models.Model):
    """What the adjudicators of a batch are asked about an exam, frozen when the batch is created.

    Only the owner of the tables can select these rows, because they show how others read the exam.

    Attributes:
        asked: codes of the classes to decide, in the batch's taxonomy; empty if the exam is not in
            dispute and was sent for a second look.
        asks_readability: whether it is in dispute if the exam is readable.
        agreed: codes of the classes on whose presence the readers agree.
        readings: IDs of the readings that voted, in the order A, B, C. The order is drawn for each
            exam, so that a letter does not identify a reader.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="cases")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="+")
    asked = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    asks_readability = models.BooleanField(default=False)
    agreed = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    readings = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="case_once", fields=["batch", "exam"]),
        ]

    def __str__(self) -> str:
        return f"case of exam {self.exam_id} in batch {self.batch_id}"


class AdjudicationQuerySet(models.QuerySet["Adjudication"]):
    def with_decisions(self) -> AdjudicationQuerySet:
        """Prefetch the decisions, in the order of the classes."""
        decisions = AdjudicationDecision.objects.select_related("diagnostic_class")
        ordered = decisions.order_by("diagnostic_class__position")
        return self.prefetch_related(models.Prefetch("decisions", ordered))


class Adjudication(models.Model):
    """One decision of an adjudicator on an exam: one row per stage, never changed.

    Triggers (migration 0046) reject changes and deletion, decisions that are added later, and an
    adjudicator's decision after the batch was closed.

    Attributes:
        shown: what the adjudicator saw: ``{"agreed": [codes], "readings": {letter: key}}``, and
            after a discussion ``{"members": {numeral: key}}``. Keys are those of readings and
            adjudications.
        is_unreadable: whether they called the exam unreadable.
    """

    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, related_name="adjudications"
    )
    adjudicator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    mode = models.CharField(max_length=20, choices=Mode)
    stage = models.CharField(max_length=10, choices=AdjudicationStage)
    key = models.UUIDField()
    shown = models.JSONField(default=dict)
    is_unreadable = models.BooleanField(default=False)
    comment = models.TextField(blank=True)
    n_decisions = models.PositiveSmallIntegerField()
    better_report = models.CharField(max_length=10, choices=BetterReport, blank=True)
    would_change_conduct = models.BooleanField(null=True, blank=True)
    error_types = ArrayField(
        models.CharField(max_length=15, choices=ErrorType), default=list, blank=True
    )
    submitted_at = models.DateTimeField()
    active_ms = models.PositiveIntegerField(default=0)
    idle_ms = models.PositiveIntegerField(default=0)
    display = models.JSONField(default=dict, help_text="Layout, speed, gain, filter, px/mm.")

    objects = AdjudicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="adjudication_once_per_stage", fields=["assignment", "stage"]
            ),
            models.UniqueConstraint(name="adjudication_key_once", fields=["adjudicator", "key"]),
            models.CheckConstraint(
                name="adjudication_mode_is_known", condition=Q(mode__in=Mode.values)
            ),
            models.CheckConstraint(
                name="adjudication_stage_is_of_its_mode",
                condition=Q(mode=Mode.MASKED, stage=AdjudicationStage.MASKED)
                | Q(mode=Mode.OPEN, stage=AdjudicationStage.OPEN)
                | Q(
                    mode=Mode.MASKED_THEN_OPEN,
                    stage__in=[AdjudicationStage.MASKED, AdjudicationStage.OPEN],
                )
                | Q(stage=AdjudicationStage.DISCUSSED),
            ),
            models.CheckConstraint(
                name="adjudication_of_the_unreadable_is_empty",
                condition=Q(is_unreadable=False) | Q(n_decisions=0),
            ),
            models.CheckConstraint(
                name="adjudication_better_report_is_known",
                condition=Q(better_report="") | Q(better_report__in=BetterReport.values),
            ),
            models.CheckConstraint(
                name="adjudication_audit_form_is_whole",
                condition=Q(better_report="", would_change_conduct=None, error_types=[])
                | (~Q(better_report="") & Q(would_change_conduct__isnull=False)),
            ),
            models.CheckConstraint(
                name="adjudication_error_types_are_known",
                condition=Q(error_types__contained_by=ErrorType.values),
            ),
        ]

    def __str__(self) -> str:
        return f"adjudication {self.pk}"


class AdjudicationDecision(models.Model):
    """The answer of an adjudicator about one class.

    Attributes:
        overrules: whether the readers agreed on the opposite answer.
    """

    adjudication = models.ForeignKey(
        Adjudication, on_delete=models.CASCADE, related_name="decisions"
    )
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="+"
    )
    answer = models.CharField(max_length=15, choices=Answer)
    overrules = models.BooleanField(default=False)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="adjudication_decision_once", fields=["adjudication", "diagnostic_class"]
            ),
            models.CheckConstraint(
                name="adjudication_answer_is_known", condition=Q(answer__in=Answer.values)
            ),
            models.CheckConstraint(
                name="adjudication_overruling_gives_its_reason",
                condition=Q(overrules=False) | (~Q(reason="") & ~Q(answer=Answer.NOT_DECIDABLE)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.diagnostic_class.code}: {self.answer}"


class CommitteeSession(models.Model):
    """A meeting in which a committee discusses exams after each member's vote.

    Attributes:
        attendees: the members who are present. Their second votes are accepted while the session
            lasts.
    """

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="sessions")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    attendees = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="committee_session_open_once", fields=["batch"], condition=Q(closed_at=None)
            ),
            models.CheckConstraint(
                name="committee_session_ends_after_it_begins",
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"session {self.pk} of batch {self.batch_id}"
