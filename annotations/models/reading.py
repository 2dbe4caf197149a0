"""Readings, which never change; the drafts they start as; and the blinding rule for readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import BooleanField, Exists, F, Func, Min, OuterRef, Q, Subquery, Value

from .agreement import OF_STUDIES
from .assignment import Assignment, Occurrence
from .batch import NO_DATA, Batch
from .people import ReaderKind
from .reading_states import Certainty, Quality, ReadingOutcome, RevisionReason, Stage
from .taxonomy import DiagnosticClass, Taxonomy

if TYPE_CHECKING:
    from .pattern_count import Scope
    from .people import User


# The maximum number of localizations, and of measurements, per finding.
MAX_MARKS = 20

# Smaller measurements would be displayed as 0 ms or 0.00 mV.
MIN_MS, MIN_MV = 0.5, 0.005

# The maximum number of signal problems per reading.
MAX_PROBLEMS = 10


def _is_list(name: str, *, at_most: int) -> Func:
    """Return the condition that column ``name`` is a JSON list with at most ``at_most`` items."""
    path = f'$.type() == "array" && $.size() <= {at_most}'
    return Func(
        F(name),
        Value(f"strict {path}"),
        function="jsonb_path_match",
        output_field=BooleanField(),
    )


def _measures_something(name: str) -> Func:
    """Return the condition that no measurement in column ``name`` would be displayed as zero."""
    small = " || ".join(
        f'@.kind == "{kind}" && @.value > -{minimum} && @.value < {minimum}'
        for kind, minimum in (("interval", MIN_MS), ("amplitude", MIN_MV))
    )
    return Func(
        F(name),
        Value(f"!exists($[*] ? ({small}))"),
        function="jsonb_path_match",
        output_field=BooleanField(),
    )


class Draft(models.Model):
    """What a reader has entered so far. It is deleted when the reading is submitted."""

    assignment = models.OneToOneField(Assignment, on_delete=models.CASCADE, related_name="draft")
    version = models.PositiveIntegerField()
    content = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="draft_version_counts_from_one", condition=Q(version__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"draft of assignment {self.assignment_id}"


class ReadingQuerySet(models.QuerySet["Reading"]):
    def visible_to(self, user: User) -> ReadingQuerySet:
        """Return the readings that ``user`` may see. This is the blinding rule for readings.

        Their own readings are always visible. Other people's are visible only if the study's
        policy has opened the batch, ``user`` has the permission for closed readings, and ``user``
        is not blinded (``BatchQuerySet.not_read_by``). Anything that shows readings, or values
        computed from individual readings, must start from here.
        """
        own = Q(reader=user)
        if not user.has_perm("annotations.view_closed_readings"):
            return self.filter(own)
        opened = Batch.objects.all().with_open_results().not_read_by(user)
        return self.filter(own | Q(assignment__batch__in=opened))

    def counted(self) -> ReadingQuerySet:
        """Return the readings from which agreement and consensus are computed.

        These are each reader's effective blind readings of an exam in data batches. Excluded are
        practice, qualification, hidden repeats (which compare a reader with themselves), hidden
        gold exams (which compare them with a reference) and abstentions (which contain no answers).
        """
        return (
            self.blind()
            .effective()
            .answered()
            .filter(assignment__occurrence=Occurrence.FIRST)
            .exclude(assignment__batch__purpose__in=NO_DATA)
        )

    def of_scope(self, scope: Scope) -> ReadingQuerySet:
        """Return the readings of a scope, without practice and qualification.

        For a whole study, adjudication is left out too.
        """
        if scope.is_study:
            return self.filter(
                assignment__batch__study=scope.study_id, assignment__batch__purpose__in=OF_STUDIES
            )
        return self.filter(
            Q(assignment__batch=scope.batch_id) & ~Q(assignment__batch__purpose__in=NO_DATA)
        )

    def without_gold(self) -> ReadingQuerySet:
        """Exclude readings of hidden gold exams, which are never data."""
        return self.exclude(assignment__occurrence=Occurrence.GOLD)

    def of_people(self) -> ReadingQuerySet:
        """Exclude models and references, which are compared with people but have no vote."""
        return self.filter(reader__kind=ReaderKind.PERSON)

    def blind(self) -> ReadingQuerySet:
        """Return blind readings, without revisions. Agreement and consensus only use these."""
        return self.filter(stage=Stage.BLIND)

    def effective(self) -> ReadingQuerySet:
        """Return readings that no later reading supersedes."""
        # superseded_by=None would be an outer join that the planner estimates at one row, so
        # it picks nested loops: an export of 36,000 readings took minutes.
        later = Reading.objects.order_by().filter(supersedes=OuterRef("pk"))
        return self.filter(~Exists(later))

    def answered(self) -> ReadingQuerySet:
        """Exclude abstentions. They count as missing even if they supersede a reading."""
        return self.exclude(outcome=ReadingOutcome.ABSTAINED)

    def in_turn(self) -> ReadingQuerySet:
        """Order by the time at which the reader first answered the exam in that batch and stage.

        A correction keeps the position of the reading it corrects, even if another reader
        submitted in between. Exams that the reader only abstained from come last.
        """
        answers = Reading.objects.answered().filter(
            assignment=OuterRef("assignment"), stage=OuterRef("stage")
        )
        first = answers.values("assignment").annotate(first=Min("pk")).values("first")
        return self.annotate(turn=Subquery(first)).order_by(F("turn").asc(nulls_last=True), "pk")

    def readable(self) -> ReadingQuerySet:
        """Exclude readings that call the exam unreadable: they say nothing about classes."""
        return self.exclude(quality=Quality.UNREADABLE)


class Reading(models.Model):
    """One reader's submitted reading of one exam.

    An empty set of findings is an answer: every class of ``taxonomy`` that is not marked not
    assessable was judged absent. A mistake is corrected by a reading that supersedes this one.

    Triggers reject:

    - changing or deleting a reading or its findings (migration 0002);
    - adding a finding later (``n_findings`` must match at commit), a class of another
      taxonomy, or a second finding next to an exclusive class (migration 0002);
    - a reader other than the assignment's (migration 0006);
    - a class in two states, superseding a reading of another assignment or stage, and a
      blind reading after its reader was shown suggestions (migration 0014);
    - a revision of a reading that is not signed or was not followed by suggestions
      (migration 0017).
    """

    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="readings")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="readings"
    )
    protocol_version = models.PositiveSmallIntegerField(default=1)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.BLIND)
    supersedes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="superseded_by",
        db_index=False,  # the constraint below has an index
    )
    outcome = models.CharField(max_length=10, choices=ReadingOutcome, default=ReadingOutcome.READ)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="readings")
    quality = models.CharField(
        max_length=10, choices=Quality, blank=True, help_text="Blank only for abstentions."
    )
    problems = models.JSONField(
        default=list, blank=True, help_text="[{kind, leads}]: why the quality is not good."
    )
    comment = models.TextField(blank=True)
    n_findings = models.PositiveSmallIntegerField()
    n_not_assessable = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(
        max_length=15, choices=RevisionReason, blank=True, help_text="Why it was revised."
    )
    n_decisions = models.PositiveSmallIntegerField(default=0)
    submitted_at = models.DateTimeField()
    idempotency_key = models.UUIDField()
    active_ms = models.PositiveIntegerField(default=0)
    idle_ms = models.PositiveIntegerField(default=0)
    display = models.JSONField(default=dict, help_text="Layout, speed, gain, filter, px/mm.")
    tools = models.JSONField(
        default=dict, blank=True, help_text="How often each tool was used, by its name."
    )

    objects = ReadingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="reading_once_per_stage",
                fields=["assignment", "stage"],
                condition=Q(supersedes=None),
            ),
            models.UniqueConstraint(name="reading_superseded_once", fields=["supersedes"]),
            models.UniqueConstraint(
                name="reading_key_once_per_reader", fields=["reader", "idempotency_key"]
            ),
            models.CheckConstraint(
                name="reading_stage_is_known", condition=Q(stage__in=Stage.values)
            ),
            models.CheckConstraint(
                name="reading_outcome_is_known", condition=Q(outcome__in=ReadingOutcome.values)
            ),
            models.CheckConstraint(
                name="reading_quality_is_known",
                condition=Q(quality__in=Quality.values)
                | Q(outcome=ReadingOutcome.ABSTAINED, quality=""),
            ),
            models.CheckConstraint(
                name="reading_of_the_unreadable_is_empty",
                condition=~Q(quality=Quality.UNREADABLE) | Q(n_findings=0, n_not_assessable=0),
            ),
            models.CheckConstraint(
                name="reading_of_who_abstained_is_empty",
                condition=~Q(outcome=ReadingOutcome.ABSTAINED)
                | Q(n_findings=0, n_not_assessable=0) & ~Q(quality=Quality.UNREADABLE),
            ),
            models.CheckConstraint(
                name="reading_revision_gives_its_reason",
                condition=Q(stage=Stage.REVISED, reason__in=RevisionReason.values)
                | (~Q(stage=Stage.REVISED) & Q(reason="")),
            ),
            models.CheckConstraint(
                name="reading_revision_is_no_abstention",
                condition=~Q(stage=Stage.REVISED, outcome=ReadingOutcome.ABSTAINED),
            ),
            models.CheckConstraint(
                name="reading_problems_are_a_short_list",
                condition=_is_list("problems", at_most=MAX_PROBLEMS),
            ),
        ]
        indexes = [
            # For the worklist, which computes a reader's pace from their latest readings.
            models.Index(name="reading_latest", fields=["reader", "-id"]),
        ]
        permissions = [
            ("view_closed_readings", "Can see every reader's readings of closed batches")
        ]

    def __str__(self) -> str:
        return f"reading {self.pk}"

    @property
    def is_readable(self) -> bool:
        """Whether the signal was good enough to read the exam."""
        return self.quality != Quality.UNREADABLE

    @property
    def is_answered(self) -> bool:
        """Whether the reader judged the exam, even if only as unreadable."""
        return self.outcome != ReadingOutcome.ABSTAINED


class Finding(models.Model):
    """A class that the reader judged present."""

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="findings")
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="findings"
    )
    certainty = models.CharField(max_length=10, choices=Certainty)
    localisations = models.JSONField(
        default=list, blank=True, help_text="[{tracing, leads, from_s, to_s}]"
    )
    measurements = models.JSONField(
        default=list,
        blank=True,
        help_text="[{kind, tracing, lead, from_s, to_s, value, n_cycles}]; value in ms or mV.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="finding_once_per_reading", fields=["reading", "diagnostic_class"]
            ),
            models.CheckConstraint(
                name="finding_certainty_is_known", condition=Q(certainty__in=Certainty.values)
            ),
            models.CheckConstraint(
                name="finding_localisations_are_a_short_list",
                condition=_is_list("localisations", at_most=MAX_MARKS),
            ),
            models.CheckConstraint(
                name="finding_measurements_are_a_short_list",
                condition=_is_list("measurements", at_most=MAX_MARKS),
            ),
            models.CheckConstraint(
                name="finding_measures_something", condition=_measures_something("measurements")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.diagnostic_class.code} ({self.certainty})"


class NotAssessable(models.Model):
    """A class that the reader could not judge in this exam: neither present nor absent."""

    reading = models.ForeignKey(Reading, on_delete=models.CASCADE, related_name="not_assessable")
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = "not assessable"
        constraints = [
            models.UniqueConstraint(
                name="not_assessable_once_per_reading", fields=["reading", "diagnostic_class"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.diagnostic_class.code} (not assessable)"
