"""Model suggestions, hidden from readers until they submit their blind reading."""

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

    Older runs hold an English sentence instead of the code.
    """

    GIVEN_UP = "given_up"
    NO_TRACING = "no_tracing"
    NOT_COMPUTED = "not_computed"
    UNKNOWN_CLASS = "unknown_class"


class SuggestionModelQuerySet(models.QuerySet["SuggestionModel"]):
    def under(self, qt_correction: str) -> SuggestionModelQuerySet:
        """Return the models to show under a protocol with this QT correction."""
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
        """Return runs that aren't finished."""
        return self.filter(finished_at=None)

    def visible_to(self, user: User) -> SuggestionRunQuerySet:
        """Return the runs whose result ``user`` may see under the policy of the study.

        A reader sees runs of exams with a submitted blind reading in an arm that shows suggestions
        afterwards, and of exams in an arm that shows them while reading; but none of an exam that
        they still have to read without. A pending hidden repeat doesn't count as such: suggestions
        missing for one exam and present for the others would give the repeat away.
        """
        own = Assignment.objects.filter(reader=user, exam=OuterRef("exam"))
        committed = own.filter(
            state=AssignmentState.READ, arm__in=(Arm.AFTER_COMMIT, Arm.CONCURRENT)
        )
        concurrent = own.unread().filter(arm=Arm.CONCURRENT)
        blind = own.unread().filter(occurrence=Occurrence.FIRST).exclude(arm=Arm.CONCURRENT)
        finished = self.filter(finished_at__isnull=False)
        return finished.filter(Exists(committed) | Exists(concurrent), ~Exists(blind))


class SuggestionRun(models.Model):
    """One model applied to one exam. It is due until it is finished.

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
        """Return suggestions of classes that ``taxonomy`` also has.

        Suggestions are stored in the newest list; a batch may be read under another.
        """
        return self.filter(diagnostic_class__code__in=taxonomy.classes.values("code"))


class Suggestion(models.Model):
    """A class that a model suggests, with evidence that a cardiologist can check.

    Attributes:
        strength: set only by criteria models up to version 1. It isn't a probability.
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
    """What a reader saw of a model, when, and whether the blind reading was submitted by then."""

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
    """A reader's answer to one suggestion, signed with the reading during which they saw it.

    Triggers (migration 0017) reject changing or deleting a decision, adding one to a reading
    later (``Reading.n_decisions`` must match at commit), and deciding on something the reader
    wasn't shown. It refers to run and class instead of the suggestion, because people who may
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
    """The reader agreed, without a revision, to a suggestion they had already made themselves.

    A trigger (migration 0030) rejects one on anything not shown after the blind reading, on a
    class that isn't in that reading, and on a revised reading. It never changes.
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
