"""Batches: the portions in which a study is released, read and closed."""

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
from .protocol import ClinicalInformation, PriorExam, QtCorrection, ResultsOpen, StudyReader
from .study import SETTLED, Study
from .taxonomy import Taxonomy
from .withheld import DueField, HasWithheld

if TYPE_CHECKING:
    from .people import User


class BatchQuerySet(models.QuerySet["Batch"]):
    """Which batches."""

    def visible_to(self, user: User) -> BatchQuerySet:
        """Return the batches that ``user`` may manage or inspect: all by permission."""
        return self if user.has_perm("annotations.view_batch") else self.none()

    def open(self) -> BatchQuerySet:
        """Return the batches that still take readings, released or not."""
        return self.filter(closed_at=None)

    def released(self) -> BatchQuerySet:
        """Return the batches that their readers know of."""
        return self.filter(released_at__isnull=False)

    def serving(self, user: User) -> BatchQuerySet:
        """Return the batches that hand exams to ``user`` now.

        Until somebody who must has passed a qualification, only the sets that they qualify or
        practise with do.
        """
        studies = Study.objects.serving(user)
        return self.open().released().filter(~_barring(user), study__in=studies)

    def barred(self, user: User) -> BatchQuerySet:
        """Return the batches of data that wait until ``user`` has passed a qualification."""
        return self.filter(_barring(user))

    def of_data(self) -> BatchQuerySet:
        """Return the batches whose readings count: practice never mixes with data."""
        return self.exclude(purpose__in=NO_DATA)

    def with_open_results(self) -> BatchQuerySet:
        """Return the batches whose results the policy of their study has opened."""
        closed = Q(closed_at__isnull=False) & ~Q(results_open=ResultsOpen.STUDY_LOCKED)
        return self.filter(closed | Q(study__phase__in=SETTLED))

    def with_open_agreement(self) -> BatchQuerySet:
        """Return the batches whose agreement that policy has opened."""
        closed = Q(closed_at__isnull=False) & ~Q(results_open=ResultsOpen.STUDY_LOCKED)
        live = Q(results_open=ResultsOpen.LIVE)
        return self.filter(closed | live | Q(study__phase__in=SETTLED))

    def closed(self) -> BatchQuerySet:
        """Return the batches that take no more readings."""
        return self.filter(closed_at__isnull=False)

    def not_read_by(self, user: User) -> BatchQuerySet:
        """Leave out every study that ``user`` reads in, and every study with an exam they read.

        The firewall between reading and looking at results: a coordinator who also reads sees no
        label and no agreement until the study is locked, nor what another study found in the
        same exams.
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
    """What the readings of a batch are for."""

    DATA = "data", _("Data")
    PRACTICE = "practice", _("Practice")
    QUALIFICATION = "qualification", _("Qualification")
    REREAD = "reread", _("Rereading with new classes")
    ADJUDICATION = "adjudication", _("Adjudication")


NO_DATA = (Purpose.PRACTICE, Purpose.QUALIFICATION)


def _barring(user: User) -> Q:
    passed = StudyReader.objects.filter(user=user, qualified_at__isnull=False).values("study")
    asked = Q(study__qualification_required=True) & ~Q(study__in=passed)
    return asked & ~Q(purpose__in=NO_DATA)


class Handout(models.TextChoices):
    """How the exams of a batch come to their readers."""

    NAMED = "named", _("Each reader has exams of their own")
    POOLED = "pooled", _("Readers take the next available exam")


class Batch(HasWithheld):
    """A portion of a study that is released and closed as one.

    It keeps the classes and the promises of the protocol under which it was made: an amendment
    holds for later batches, and nobody reads half a batch under another list.
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
        default=0, db_default=0, help_text="Begun since the consensus last came to an end."
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
        """Whether readings may still be submitted."""
        return self.closed_at is None

    @property
    def is_released(self) -> bool:
        """Whether its readers know of it."""
        return self.released_at is not None

    @property
    def counts(self) -> bool:
        """Whether its readings are data."""
        return self.purpose not in NO_DATA


class SeatQuerySet(models.QuerySet["Seat"]):
    """Which seats."""

    def complete(self) -> SeatQuerySet:
        """Return the seats whose readers have read all that they have."""
        return self.filter(n_assigned__gt=0, n_read=F("n_assigned"))

    def to_judge(self) -> SeatQuerySet:
        """Return the complete seats of qualification sets that were not judged yet."""
        return self.complete().filter(judged_at=None, batch__purpose=Purpose.QUALIFICATION)


class Seat(models.Model):
    """A reader's place in a batch: how much they have to read and how much they have read.

    Triggers (migration 0006) keep the counts in step with the assignments, so that no page has to
    count them. In a pooled batch a seat is the leave to take exams. On the seat of a qualification
    set stands how its reader did, from the moment that the last exam of it was read.
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
    """The answer that a practice or qualification reading of an exam is compared with."""

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
    """Which results were shown to whom."""

    def known_to(self, readers: Iterable[User | int]) -> ResultsSeenQuerySet:
        """Return what any of ``readers`` was shown, or an account that one of them vouches for."""
        ids = [reader if isinstance(reader, int) else reader.pk for reader in readers]
        return self.filter(Q(user__in=ids) | Q(user__vouched_by__in=ids))


class ResultsSeen(models.Model):
    """Somebody was shown results of a batch: its exams they can no longer read blind."""

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
