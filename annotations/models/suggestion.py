"""Model suggestions, what readers saw of them, and how readers answered them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from .assignment import Assignment, AssignmentState, Occurrence
from .exam import Exam
from .protocol import Arm, QtCorrection
from .reading import Reading
from .taxonomy import DiagnosticClass, Taxonomy

if TYPE_CHECKING:
    from .people import User


class SuggestionFailure(StrEnum):
    """Why a model has no result for an exam; the log has the details.

    Rows from before these codes existed hold an English sentence instead.
    """

    GIVEN_UP = "given_up"
    NO_TRACING = "no_tracing"
    NOT_COMPUTED = "not_computed"
    UNKNOWN_CLASS = "unknown_class"


class SuggestionModelQuerySet(models.QuerySet["SuggestionModel"]):
    def under(self, qt_correction: str) -> SuggestionModelQuerySet:
        """Return the models whose suggestions a protocol with this QT correction shows."""
        return self.filter(qt_correction__in=["", qt_correction])


class SuggestionModel(models.Model):
    """One version of a model, and the classes it covers."""

    name = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    covered_classes = ArrayField(models.CharField(max_length=60))
    qt_correction = models.CharField(
        max_length=15,
        choices=QtCorrection,
        blank=True,
        help_text="Blank: the same under every protocol.",
    )
    created_at = models.DateTimeField()

    objects = SuggestionModelQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="model_qt_correction_is_known",
                condition=Q(qt_correction__in=["", *QtCorrection.values]),
            ),
            models.UniqueConstraint(name="model_version_once", fields=["name", "version"]),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class SuggestionRunQuerySet(models.QuerySet["SuggestionRun"]):
    def due(self) -> SuggestionRunQuerySet:
        return self.filter(finished_at=None)

    def visible_to(self, user: User) -> SuggestionRunQuerySet:
        """Return the runs whose results ``user`` may see under the study's policy.

        A reader sees suggestions for an exam after submitting it in an arm that shows them
        afterwards, or while reading it in an arm that shows them then. They see none as long as
        they still have to read the exam without suggestions. Pending hidden repeats do not count
        for this: if suggestions were missing for one exam only, the reader would know that it is
        going to be repeated.
        """
        own = Assignment.objects.filter(reader=user, exam=OuterRef("exam"))
        committed = own.filter(
            state=AssignmentState.READ, arm__in=(Arm.AFTER_COMMIT, Arm.CONCURRENT)
        )
        concurrent = own.unread().filter(arm=Arm.CONCURRENT)
        blind = own.unread().exclude(occurrence=Occurrence.REPEAT).exclude(arm=Arm.CONCURRENT)
        finished = self.filter(finished_at__isnull=False)
        return finished.filter(Exists(committed) | Exists(concurrent), ~Exists(blind))


class SuggestionRun(models.Model):
    """One model applied to one exam. The run is due until it is finished.

    Attributes:
        verdicts: one per class that the model checks, from
            ``ecgreview.criteria.Verdict.to_json``; empty for models without verdicts.
    """

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="suggestion_runs")
    model = models.ForeignKey(SuggestionModel, on_delete=models.PROTECT, related_name="runs")
    requested_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    n_attempts = models.PositiveSmallIntegerField(default=0)
    measurements = models.JSONField(default=dict)
    verdicts = models.JSONField(default=list, blank=True)
    failure = models.TextField(blank=True)

    objects = SuggestionRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="suggestion_run_once", fields=["exam", "model"]),
            models.CheckConstraint(
                name="suggestion_run_fails_when_finished",
                condition=Q(failure="") | Q(finished_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="suggestion_run_due",
                fields=["n_attempts", "id"],
                condition=Q(finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"suggestion run {self.pk}"


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def named_in(self, taxonomy: Taxonomy) -> SuggestionQuerySet:
        """Return suggestions of classes that ``taxonomy`` has too.

        Suggestions refer to the newest list of classes, but a batch may be read with another one.
        """
        return self.filter(diagnostic_class__code__in=taxonomy.classes.values("code"))


class Suggestion(models.Model):
    """A class that a model suggests, with evidence that a cardiologist can check.

    Attributes:
        strength: set only by criteria models up to version 1. It is not a probability.
        marks: where the evidence is, from ``ecgreview.criteria.Marks.to_json``, in seconds from
            the start of a tracing; empty if not recorded.
    """

    run = models.ForeignKey(SuggestionRun, on_delete=models.CASCADE, related_name="suggestions")
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="suggestions"
    )
    strength = models.FloatField(null=True, blank=True)
    evidence = models.TextField()
    marks = models.JSONField(
        default=dict, blank=True, help_text="{tracing, text, leads, intervals_s}."
    )

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="suggestion_once", fields=["run", "diagnostic_class"]),
            models.CheckConstraint(
                name="suggestion_strength_is_a_fraction",
                condition=Q(strength__gte=0, strength__lte=1),
            ),
            models.CheckConstraint(name="suggestion_gives_evidence", condition=~Q(evidence="")),
        ]

    def __str__(self) -> str:
        return self.diagnostic_class.code


class Exposure(models.Model):
    """When a model's suggestions for an exam were first shown to its reader, and in which arm."""

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="exposures")
    run = models.ForeignKey(SuggestionRun, on_delete=models.PROTECT, related_name="exposures")
    arm = models.CharField(max_length=15, choices=Arm)
    first_shown_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="exposure_once", fields=["assignment", "run"]),
        ]

    def __str__(self) -> str:
        return f"exposure of assignment {self.assignment_id}"


class Viewing(models.Model):
    """A period during which suggestions were visible on the reader's screen."""

    exposure = models.ForeignKey(Exposure, on_delete=models.PROTECT, related_name="viewings")
    key = models.UUIDField(help_text="Created by the desk, so that a repeated request counts once.")
    shown_ms = models.PositiveIntegerField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="viewing_key_once_per_exposure", fields=["exposure", "key"]
            )
        ]

    def __str__(self) -> str:
        return f"viewing of {self.shown_ms} ms"


class Verdict(models.TextChoices):
    """A reader's answer to one suggestion."""

    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    UNCERTAIN = "uncertain", _("Uncertain")


class Decision(models.Model):
    """A reader's answer to one suggestion, submitted together with a reading.

    Triggers (migration 0017) reject changing or deleting a decision, adding one to a reading
    later (``Reading.n_decisions`` must match at commit), and deciding on something that the reader
    was not shown. It refers to run and class instead of the suggestion, because people who may
    see the reading may not be allowed to see the run.
    """

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="decisions")
    run = models.ForeignKey(SuggestionRun, on_delete=models.PROTECT, related_name="decisions")
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="+"
    )
    verdict = models.CharField(max_length=10, choices=Verdict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="decision_once_per_reading", fields=["reading", "diagnostic_class"]
            ),
            models.CheckConstraint(
                name="decision_verdict_is_known", condition=Q(verdict__in=Verdict.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.diagnostic_class.code} ({self.verdict})"


class Confirmation(models.Model):
    """A reader agreed to a suggestion that is also in their own reading, without a revision.

    It never changes. A trigger (migration 0030) rejects confirmations of suggestions that were not
    shown after the blind reading, of classes that are not in that reading, and of revised readings.
    """

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="confirmations")
    run = models.ForeignKey(SuggestionRun, on_delete=models.PROTECT, related_name="confirmations")
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="confirmation_once_per_reading", fields=["reading", "diagnostic_class"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.diagnostic_class.code} confirmed"
