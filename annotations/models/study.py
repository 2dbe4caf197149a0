"""Studies, their batches, and who reads what in which order."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from .exam import Exam
from .taxonomy import Taxonomy

if TYPE_CHECKING:
    from .people import User

MAX_FREQUENT_CLASSES = 9
"""One for each of the number keys."""


def new_seed() -> str:
    """Return the secret from which the readers' orders are derived."""
    return secrets.token_hex(32)


class SuggestionPolicy(models.TextChoices):
    """When a reader may see what a model suggests; the server enforces it."""

    NONE = "none", _("Never")
    AFTER_COMMIT = "after_commit", _("After the blind reading is submitted")


class ClinicalInformation(models.TextChoices):
    """What a reader is told about the patient."""

    NONE = "none", _("Nothing")
    AGE_AND_SEX = "age_and_sex", _("Age and sex")


class StudyQuerySet(models.QuerySet["Study"]):
    """Which studies."""

    def visible_to(self, user: User) -> StudyQuerySet:
        """Return the studies that ``user`` may look into: all by permission, none otherwise."""
        return self if user.has_perm("annotations.view_study") else self.none()


class Study(models.Model):
    """The protocol under which exams are read."""

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=60)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="studies")
    consensus_rule = models.CharField(max_length=60, default="agreement_then_majority")
    suggestion_policy = models.CharField(
        _("suggestions"),
        max_length=20,
        choices=SuggestionPolicy,
        default=SuggestionPolicy.AFTER_COMMIT,
    )
    clinical_information = models.CharField(
        _("clinical information"),
        max_length=20,
        choices=ClinicalInformation,
        default=ClinicalInformation.AGE_AND_SEX,
    )
    frequent_classes = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    seed = models.CharField(max_length=64, default=new_seed, editable=False)
    is_demo = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.UniqueConstraint(name="study_slug_once", fields=["slug"]),
            models.CheckConstraint(name="study_has_a_name", condition=~Q(name="") & ~Q(slug="")),
            models.CheckConstraint(
                name="study_suggestion_policy_is_known",
                condition=Q(suggestion_policy__in=SuggestionPolicy.values),
            ),
            models.CheckConstraint(
                name="study_clinical_information_is_known",
                condition=Q(clinical_information__in=ClinicalInformation.values),
            ),
            models.CheckConstraint(
                name="study_frequent_classes_fit_the_keys",
                condition=Q(frequent_classes__len__lte=MAX_FREQUENT_CLASSES),
            ),
        ]
        permissions = [("export_study", "Can export a study's consensus and readings")]

    def __str__(self) -> str:
        return self.name


class BatchQuerySet(models.QuerySet["Batch"]):
    """Which batches."""

    def visible_to(self, user: User) -> BatchQuerySet:
        """Return the batches that ``user`` may manage or inspect: all by permission."""
        return self if user.has_perm("annotations.view_batch") else self.none()

    def open(self) -> BatchQuerySet:
        """Return the batches that still take readings."""
        return self.filter(closed_at=None)

    def closed(self) -> BatchQuerySet:
        """Return the batches that take no more readings."""
        return self.filter(closed_at__isnull=False)

    def not_read_by(self, user: User) -> BatchQuerySet:
        """Leave out every study with an exam of a batch that ``user`` still reads, in any study.

        The firewall between reading and looking at results: a coordinator who also reads sees no
        label and no agreement of these exams until their reading is over, not even those that
        another study came to.
        """
        exams = Exam.objects.all().read_by(user).values("pk")
        touched = Assignment.objects.filter(exam__in=exams)
        return self.exclude(study__in=touched.values("batch__study"))

    def with_progress(self) -> BatchQuerySet:
        """Annotate ``n_assigned``, ``n_submitted``, ``n_exams`` and ``n_readers``."""
        return self.annotate(
            n_assigned=Count("assignments", distinct=True),
            n_submitted=Count(
                "assignments",
                filter=Q(assignments__readings__isnull=False),
                distinct=True,
            ),
            n_exams=Count("assignments__exam", distinct=True),
            n_readers=Count("assignments__reader", distinct=True),
        )


class Batch(models.Model):
    """A portion of a study that is opened and closed as one."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="batches")
    name = models.CharField(_("name"), max_length=120)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreement_is_due = models.BooleanField(default=False)
    consensus_is_due = models.BooleanField(default=False)

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


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Which assignments."""

    def visible_to(self, user: User) -> AssignmentQuerySet:
        """Return ``user``'s own assignments: nobody works through another's list."""
        return self.filter(reader=user)

    def in_reading_order(self) -> AssignmentQuerySet:
        """Sort by batch, then by the stored order of the reader."""
        return self.order_by("batch_id", "order_key", "pk")

    def unread(self) -> AssignmentQuerySet:
        """Return those of open batches that have no submitted reading."""
        return self.filter(batch__closed_at=None, readings=None)


class Assignment(models.Model):
    """One exam that one reader is to read in one batch."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="assignments")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="assignments")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments"
    )
    order_key = models.CharField(max_length=64)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="assignment_once_per_reader", fields=["batch", "exam", "reader"]
            ),
            models.CheckConstraint(name="assignment_has_an_order", condition=~Q(order_key="")),
        ]
        indexes = [
            models.Index(name="assignment_worklist", fields=["reader", "batch", "order_key"]),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"
