"""Readings, which never change, the drafts they grow from, and the blinding rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import BooleanField, Exists, F, Func, Min, OuterRef, Q, Subquery, Value

from .assignment import Assignment, Occurrence
from .batch import NO_DATA, Batch
from .people import ReaderKind
from .reading_states import Certainty, Quality, ReadingOutcome, RevisionReason, Stage
from .taxonomy import DiagnosticClass, Taxonomy

if TYPE_CHECKING:
    from .people import User


MAX_MARKS = 20
"""So many localisations, and so many measurements, stand with one finding."""

MIN_MS, MIN_MV = 0.5, 0.005
"""A measurement below these reads as 0 ms or 0.00 mV."""

MAX_PROBLEMS = 10
"""So many reasons are given why the signal is not good."""


def _is_list(name: str, *, at_most: int) -> Func:
    """Return the condition that the JSON in column ``name`` is a list of a bounded length."""
    path = f'$.type() == "array" && $.size() <= {at_most}'
    return Func(
        F(name),
        Value(f"strict {path}"),
        function="jsonb_path_match",
        output_field=BooleanField(),
    )


def _measures_something(name: str) -> Func:
    """Return the condition that no measurement in the list in column ``name`` reads as nothing."""
    small = " || ".join(
        f'@.kind == "{kind}" && @.value > -{least} && @.value < {least}'
        for kind, least in (("interval", MIN_MS), ("amplitude", MIN_MV))
    )
    return Func(
        F(name),
        Value(f"!exists($[*] ? ({small}))"),
        function="jsonb_path_match",
        output_field=BooleanField(),
    )


class Draft(models.Model):
    """What a reader has entered so far; gone when the reading is submitted."""

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
    """Which readings."""

    def visible_to(self, user: User) -> ReadingQuerySet:
        """Return the readings ``user`` may see: this is the blinding rule.

        One's own always. Those of others only when the study's policy has opened their batch, only
        to people who may see closed readings, and only of studies that they do not read in.
        Whatever shows readings, or anything computed from single readings, starts from here.
        """
        own = Q(reader=user)
        if not user.has_perm("annotations.view_closed_readings"):
            return self.filter(own)
        opened = Batch.objects.all().with_open_results().not_read_by(user)
        return self.filter(own | Q(assignment__batch__in=opened))

    def counted(self) -> ReadingQuerySet:
        """Return the readings that agreement and consensus are made from.

        What stands of the blind stage of the first time that a reader had the exam in a batch:
        hidden repeats measure the reader against themselves, practice never mixes with data, and
        who abstained has given no reading.
        """
        return (
            self.blind()
            .effective()
            .answered()
            .filter(assignment__occurrence=Occurrence.FIRST)
            .exclude(assignment__batch__purpose__in=NO_DATA)
        )

    def of_people(self) -> ReadingQuerySet:
        """Leave out models and references, which are compared with people but have no vote."""
        return self.filter(reader__kind=ReaderKind.PERSON)

    def blind(self) -> ReadingQuerySet:
        """Return the first, blind stage: agreement and consensus use no other."""
        return self.filter(stage=Stage.BLIND)

    def effective(self) -> ReadingQuerySet:
        """Return the readings that stand: those that no later one supersedes."""
        # Written as superseded_by=None it is an outer join whose planner expects one row of any
        # number, and puts loops around it: an export of 36,000 readings took minutes.
        later = Reading.objects.order_by().filter(supersedes=OuterRef("pk"))
        return self.filter(~Exists(later))

    def answered(self) -> ReadingQuerySet:
        """Leave out those whose readers abstained: they are missing, whatever they stand for."""
        return self.exclude(outcome=ReadingOutcome.ABSTAINED)

    def in_turn(self) -> ReadingQuerySet:
        """Order them by when their readers first answered the exam in that batch and stage.

        A correction has the turn of what it corrects: whoever read the exam again in between has
        not read it first by that. Who abstained comes last.
        """
        answers = Reading.objects.answered().filter(
            assignment=OuterRef("assignment"), stage=OuterRef("stage")
        )
        first = answers.values("assignment").annotate(first=Min("pk")).values("first")
        return self.annotate(turn=Subquery(first)).order_by(F("turn").asc(nulls_last=True), "pk")

    def readable(self) -> ReadingQuerySet:
        """Leave out exams that the reader called unreadable: they count in no denominator."""
        return self.exclude(quality=Quality.UNREADABLE)


class Reading(models.Model):
    """One reader's signed reading of one exam.

    An empty set of findings is a statement: every class of ``taxonomy`` that is not said to be not
    assessable was held to be absent. A slip is corrected by a reading that supersedes this one.
    Triggers (migration 0002) refuse to change or delete a reading or its findings, to add a
    finding later (``n_findings`` must hold at commit), a class of another taxonomy, anything
    beside an exclusive class, and (migration 0006) another reader than the assignment's. Those of
    migration 0013 refuse a class in two states, to supersede what is of another assignment or
    stage, and a blind reading after its reader was shown suggestions; those of migration 0017 a
    revision of what nobody signed or of what was not followed by a suggestion.
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
        db_index=False,  # the constraint below has one
    )
    outcome = models.CharField(max_length=10, choices=ReadingOutcome, default=ReadingOutcome.READ)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="readings")
    quality = models.CharField(
        max_length=10, choices=Quality, blank=True, help_text="Blank only of who abstained."
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
            # Of a reader's own pace: their latest readings.
            models.Index(name="reading_latest", fields=["reader", "-id"]),
        ]
        permissions = [
            ("view_closed_readings", "Can see every reader's readings of closed batches")
        ]

    def __str__(self) -> str:
        return f"reading {self.pk}"

    @property
    def is_readable(self) -> bool:
        """Whether the reader could read the exam at all."""
        return self.quality != Quality.UNREADABLE

    @property
    def is_answered(self) -> bool:
        """Whether the reader judged the exam, be it as unreadable."""
        return self.outcome != ReadingOutcome.ABSTAINED


class Finding(models.Model):
    """A class that the reader holds to be present."""

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
    """A class of which the reader says that this exam cannot tell: neither present nor absent."""

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
