"""What models suggest about exams, kept from readers until their blind reading is submitted."""

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
    """Why a model has nothing on an exam; the log has the details.

    Runs of before hold an English sentence in place of the code.
    """

    GIVEN_UP = "given_up"
    NO_TRACING = "no_tracing"
    NOT_COMPUTED = "not_computed"
    UNKNOWN_CLASS = "unknown_class"


class SuggestionModelQuerySet(models.QuerySet["SuggestionModel"]):
    """Which models."""

    def under(self, qt_correction: str) -> SuggestionModelQuerySet:
        """Return those that say what a protocol with this correction of QT asks for."""
        return self.filter(qt_correction__in=["", qt_correction])


class SuggestionModel(models.Model):
    """One version of a model, and the classes about which it has anything to say."""

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
    """Which runs."""

    def due(self) -> SuggestionRunQuerySet:
        """Return the runs that nobody has finished."""
        return self.filter(finished_at=None)

    def visible_to(self, user: User) -> SuggestionRunQuerySet:
        """Return the runs whose result ``user`` may see, under their study's policy.

        A reader sees those of exams whose blind reading they have submitted in an arm that shows
        them then, and those of exams they have in an arm that shows them while reading; but none
        of an exam that still waits for them without. A hidden repeat holds nothing back: what is
        missing for one exam and there for the others would give it away.
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
    """One model applied to one exam: due until it is finished.

    Attributes:
        verdicts: on each class the model checks, as ``ecgreview.criteria.Verdict.to_json`` gives
            them; empty for models that gave none.
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
    """Which suggestions."""

    def named_in(self, taxonomy: Taxonomy) -> SuggestionQuerySet:
        """Return those of classes that ``taxonomy`` has too.

        Suggestions are stored in the newest list; a batch may be read under another.
        """
        return self.filter(diagnostic_class__code__in=taxonomy.classes.values("code"))


class Suggestion(models.Model):
    """A class that a model proposes, with the evidence a cardiologist can check.

    Attributes:
        strength: only of versions up to 1 of the criteria model; it told nothing of being right.
        marks: where the evidence shows, as ``ecgreview.criteria.Marks.to_json`` gives it, in
            seconds of a tracing; empty where nobody noted it.
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
    """What a reader was shown of a model, when, and whether their blind reading was in by then."""

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
    """A stretch of time for which what was shown lay before its reader's eyes."""

    exposure = models.ForeignKey(Exposure, on_delete=models.PROTECT, related_name="viewings")
    key = models.UUIDField(help_text="Made by the desk, so that a repeat counts once.")
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
    """What a reader makes of one suggestion."""

    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    UNCERTAIN = "uncertain", _("Uncertain")


class Decision(models.Model):
    """What a reader made of one suggestion, signed with the reading they had it before them for.

    Triggers (migration 0017) refuse to change or delete one, to add one to a reading later
    (``Reading.n_decisions`` must hold at commit), and a decision on what its reader was not shown.
    It names run and class rather than the suggestion: who may see the reading may not see the run.
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
    """A suggestion that its reader had given of their own accord, agreed to without a revision.

    A trigger (migration 0030) refuses one on what was not shown after the blind reading, on a
    class that reading does not give, and on a reading that was revised. It is never changed.
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
