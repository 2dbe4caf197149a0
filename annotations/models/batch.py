"""Batches: the parts of a study that are released, read and closed together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from .exam import Exam
from .protocol import (
    AdjudicationMode,
    ClinicalInformation,
    PriorExam,
    QtCorrection,
    ResultsOpen,
    StudyReader,
)
from .study import SETTLED, Study
from .taxonomy import Taxonomy
from .withheld import DueField, HasWithheld

if TYPE_CHECKING:
    from .people import User


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, user: User) -> BatchQuerySet:
        """Return the batches that ``user`` may see: all with the permission, or none."""
        return self if user.has_perm("annotations.view_batch") else self.none()

    def open(self) -> BatchQuerySet:
        """Return batches that are not closed, released or not."""
        return self.filter(closed_at=None)

    def released(self) -> BatchQuerySet:
        """Return batches that are visible to their readers."""
        return self.filter(released_at__isnull=False)

    def serving(self, user: User) -> BatchQuerySet:
        """Return batches that give exams to ``user`` now.

        While a reader still has to pass a qualification, these are only qualification and practice
        batches.
        """
        studies = Study.objects.serving(user)
        return self.open().released().filter(~_blocking(user), study__in=studies)

    def blocked(self, user: User) -> BatchQuerySet:
        """Return data batches that are blocked until ``user`` passes a qualification."""
        return self.filter(_blocking(user))

    def of_data(self) -> BatchQuerySet:
        """Return batches whose readings are data. Practice and qualification are not."""
        return self.exclude(purpose__in=NO_DATA)

    def with_open_results(self) -> BatchQuerySet:
        """Return batches whose results are open under the study's policy."""
        closed = Q(closed_at__isnull=False) & ~Q(results_open=ResultsOpen.STUDY_LOCKED)
        return self.filter(closed | Q(study__phase__in=SETTLED))

    def with_open_agreement(self) -> BatchQuerySet:
        """Return batches whose agreement is open under the study's policy."""
        closed = Q(closed_at__isnull=False) & ~Q(results_open=ResultsOpen.STUDY_LOCKED)
        live = Q(results_open=ResultsOpen.LIVE)
        return self.filter(closed | live | Q(study__phase__in=SETTLED))

    def closed(self) -> BatchQuerySet:
        """Return batches that no longer accept readings."""
        return self.filter(closed_at__isnull=False)

    def not_read_by(self, user: User) -> BatchQuerySet:
        """Exclude batches of studies that ``user`` reads in, or that include an exam they read.

        This is the blinding rule for results: until a study is locked, its readers see no labels or
        agreement of it or of a study that shares an exam they read, even if they coordinate it.
        """
        own = Study.objects.all().blinding(user)
        exams = Exam.objects.all().read_by(user).values("pk")
        touched = Batch.objects.filter(assignments__exam__in=exams).values("study")
        return self.exclude(Q(study__in=own) | Q(study__in=touched))

    def with_progress(self) -> BatchQuerySet:
        """Annotate ``n_assigned``, ``n_submitted``, ``n_exams`` and ``n_readers``."""
        seats = Seat.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
        exams = Batch.objects.filter(pk=OuterRef("pk")).order_by().values("pk")
        return self.annotate(
            n_assigned=Coalesce(Subquery(seats.values(n=Sum("n_assigned"))), 0),
            n_submitted=Coalesce(Subquery(seats.values(n=Sum("n_read"))), 0),
            n_readers=Coalesce(Subquery(seats.values(n=Count("pk"))), 0),
            n_exams=Coalesce(
                Subquery(exams.values(n=Count("assignments__exam", distinct=True))), 0
            ),
        )


class Purpose(models.TextChoices):
    """What the readings of a batch are used for."""

    DATA = "data", _("Data")
    PRACTICE = "practice", _("Practice")
    QUALIFICATION = "qualification", _("Qualification")
    REREAD = "reread", _("Rereading with new classes")
    ADJUDICATION = "adjudication", _("Adjudication")
    EXTRA = "extra", _("Extra reading of disputed classes")


NO_DATA = (Purpose.PRACTICE, Purpose.QUALIFICATION)


def _blocking(user: User) -> Q:
    """Return the condition for data batches that require a qualification ``user`` lacks."""
    passed = StudyReader.objects.filter(user=user, qualified_at__isnull=False).values("study")
    unqualified = Q(study__qualification_required=True) & ~Q(study__in=passed)
    return unqualified & ~Q(purpose__in=NO_DATA)


class Handout(models.TextChoices):
    """How exams are given to readers."""

    NAMED = "named", _("Each reader has exams of their own")
    POOLED = "pooled", _("Readers take the next available exam")


class Batch(HasWithheld):
    """A part of a study that is released and closed as a unit.

    It keeps the classes and rules of the protocol version under which it was created. Amendments
    apply to later batches only, so the list of classes never changes in the middle of a batch.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(_("name"), max_length=120)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    purpose = models.CharField(max_length=15, choices=Purpose, default=Purpose.DATA)
    handout = models.CharField(max_length=10, choices=Handout, default=Handout.NAMED)
    protocol_version = models.PositiveSmallIntegerField(default=1)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="batches")
    clinical_information = models.CharField(
        max_length=20, choices=ClinicalInformation, default=ClinicalInformation.AGE_AND_SEX
    )
    prior_exam = models.CharField(max_length=10, choices=PriorExam, default=PriorExam.HIDDEN)
    qt_correction = models.CharField(
        max_length=15, choices=QtCorrection, default=QtCorrection.BAZETT
    )
    results_open = models.CharField(
        max_length=20, choices=ResultsOpen, default=ResultsOpen.BATCH_CLOSED
    )
    adjudication_mode = models.CharField(
        max_length=20,
        choices=AdjudicationMode,
        blank=True,
        help_text="Blank: adjudicators read the whole exam.",
    )
    is_committee = models.BooleanField(
        default=False, help_text="Its members vote, discuss, and vote again."
    )
    has_audit_form = models.BooleanField(
        default=False, help_text="Adjudicators also say which of two reports is right."
    )
    lease_minutes = models.PositiveSmallIntegerField(default=120)
    released_at = models.DateTimeField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreement_is_due = DueField(default=False)
    consensus_is_due = models.BooleanField(default=False)
    n_consensus_attempts = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Attempts since the consensus was last computed."
    )

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(name="batch_name_once", fields=["study", "name"]),
            models.CheckConstraint(name="batch_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="batch_closed_by_somebody",
                condition=Q(closed_at=None, closed_by=None)
                | Q(closed_at__isnull=False, closed_by__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_purpose_is_known", condition=Q(purpose__in=Purpose.values)
            ),
            models.CheckConstraint(
                name="batch_clinical_information_is_known",
                condition=Q(clinical_information__in=ClinicalInformation.values),
            ),
            models.CheckConstraint(
                name="batch_prior_exam_is_known", condition=Q(prior_exam__in=PriorExam.values)
            ),
            models.CheckConstraint(
                name="batch_qt_correction_is_known",
                condition=Q(qt_correction__in=QtCorrection.values),
            ),
            models.CheckConstraint(
                name="batch_results_open_is_known", condition=Q(results_open__in=ResultsOpen.values)
            ),
            models.CheckConstraint(
                name="batch_handout_is_known", condition=Q(handout__in=Handout.values)
            ),
            models.CheckConstraint(
                name="batch_adjudication_mode_is_known",
                condition=Q(adjudication_mode="", is_committee=False, has_audit_form=False)
                | Q(
                    adjudication_mode__in=AdjudicationMode.values,
                    purpose__in=[Purpose.ADJUDICATION, Purpose.EXTRA],
                ),
            ),
            models.CheckConstraint(
                name="batch_of_extra_readings_shows_no_votes",
                condition=~Q(purpose=Purpose.EXTRA)
                | Q(
                    adjudication_mode=AdjudicationMode.MASKED,
                    is_committee=False,
                    has_audit_form=False,
                ),
            ),
            models.CheckConstraint(
                name="batch_lease_is_a_while", condition=Q(lease_minutes__gte=1)
            ),
            models.CheckConstraint(
                name="batch_released_after_it_was_made",
                condition=Q(released_at=None) | Q(released_at__gte=F("created_at")),
            ),
            models.CheckConstraint(
                name="batch_closed_after_it_was_made",
                condition=Q(closed_at=None) | Q(closed_at__gte=F("created_at")),
            ),
        ]
        indexes = [
            models.Index(
                name="batch_agreement_due", fields=["id"], condition=Q(agreement_is_due=True)
            ),
            models.Index(
                name="batch_consensus_due", fields=["id"], condition=Q(consensus_is_due=True)
            ),
        ]
        permissions = [("close_batch", "Can close a batch")]

    def __str__(self) -> str:
        return f"{self.study.name}: {self.name}"

    @property
    def is_open(self) -> bool:
        """Whether the batch is not closed yet. It may be unreleased."""
        return self.closed_at is None

    @property
    def is_released(self) -> bool:
        """Whether its readers can see it."""
        return self.released_at is not None

    @property
    def asks_disputed_classes(self) -> bool:
        """Whether its readers decide the classes in dispute, instead of reading whole exams."""
        return bool(self.adjudication_mode)

    @property
    def is_extra(self) -> bool:
        """Whether its readers vote on the classes in dispute as readers, not as adjudicators."""
        return self.purpose == Purpose.EXTRA

    @property
    def counts(self) -> bool:
        """Whether its readings count as data, unlike practice and qualification."""
        return self.purpose not in NO_DATA


class SeatQuerySet(models.QuerySet["Seat"]):
    def complete(self) -> SeatQuerySet:
        """Return seats whose readers have read everything assigned to them."""
        return self.filter(n_assigned__gt=0, n_read=F("n_assigned"))

    def to_evaluate(self) -> SeatQuerySet:
        """Return complete seats of qualification batches that have not been evaluated yet."""
        return self.complete().filter(judged_at=None, batch__purpose=Purpose.QUALIFICATION)


class Seat(models.Model):
    """A reader's place in a batch: how many exams they have to read and how many they have read.

    Triggers (migration 0006) update the counts together with the assignments, so pages need not
    count rows. In a pooled batch, a seat is the permission to take exams. In a qualification
    batch, it holds the reader's result after their last exam.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="seats")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seats"
    )
    n_assigned = models.PositiveIntegerField(default=0)
    n_read = models.PositiveIntegerField(default=0)
    judged_at = models.DateTimeField(null=True, blank=True)
    is_passed = models.BooleanField(null=True, blank=True)
    right_share = models.FloatField(null=True, blank=True, help_text="Exams answered exactly.")
    micro_f1 = models.FloatField(null=True, blank=True, help_text="Over all cells of the set.")

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="seat_once", fields=["reader", "batch"]),
            models.CheckConstraint(
                name="seat_reads_what_is_assigned", condition=Q(n_read__lte=F("n_assigned"))
            ),
            models.CheckConstraint(
                name="seat_verdict_is_whole",
                condition=Q(judged_at=None, is_passed=None, right_share=None, micro_f1=None)
                | Q(
                    judged_at__isnull=False,
                    is_passed__isnull=False,
                    right_share__gte=0,
                    right_share__lte=1,
                    micro_f1__gte=0,
                    micro_f1__lte=1,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"seat of {self.reader_id} in batch {self.batch_id}"


class Reference(models.Model):
    """The reference answer for an exam in a practice or qualification batch."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="references")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="+")
    codes = ArrayField(models.CharField(max_length=60), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="reference_once", fields=["batch", "exam"]),
        ]

    def __str__(self) -> str:
        return f"reference of exam {self.exam_id} in batch {self.batch_id}"


class ResultsSeenQuerySet(models.QuerySet["ResultsSeen"]):
    def known_to(self, readers: Iterable[User | int]) -> ResultsSeenQuerySet:
        """Return results seen by ``readers``, or by accounts that one of them vouches for."""
        ids = [reader if isinstance(reader, int) else reader.pk for reader in readers]
        return self.filter(Q(user__in=ids) | Q(user__vouched_by__in=ids))


class ResultsSeen(models.Model):
    """A person has seen results of a batch, so they can no longer read its exams blind."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    first_seen_at = models.DateTimeField()

    objects = ResultsSeenQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "results seen"
        constraints = [
            models.UniqueConstraint(name="results_seen_once", fields=["user", "batch"]),
        ]

    def __str__(self) -> str:
        return f"results of batch {self.batch_id} seen by {self.user_id}"
