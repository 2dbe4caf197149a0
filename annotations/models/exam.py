"""Exams, their tracings, and the imports that created them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from .study import Study

if TYPE_CHECKING:
    from .people import User

# CODE-II exams hold up to four successive tracings.
MAX_TRACINGS = 4

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_code() -> str:
    """Return a random exam code such as ``K7Q2M9XA`` that reveals neither source nor order."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


class DatasetQuerySet(models.QuerySet["Dataset"]):
    def with_tracings(self) -> DatasetQuerySet:
        """Return data sets with at least one exam that has tracings."""
        return self.filter(Exists(Tracing.objects.filter(exam__dataset=OuterRef("pk"))))


class Dataset(models.Model):
    """A source of exams. Readers never see its name or its exam IDs."""

    name = models.CharField(max_length=120)
    licence = models.CharField(max_length=120, blank=True)
    attribution = models.TextField(blank=True)
    is_synthetic = models.BooleanField(default=False)
    allows_source_keys = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether data releases may contain the names of exams in the source.",
    )
    created_at = models.DateTimeField()

    objects = DatasetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="dataset_name_once", fields=["name"]),
            models.CheckConstraint(name="dataset_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name


class Patient(models.Model):
    """The person an exam belongs to, known only by the data set's pseudonym."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="patients")
    pseudonym = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="patient_once", fields=["dataset", "pseudonym"]),
        ]

    def __str__(self) -> str:
        return f"patient {self.pk}"


class Sex(models.TextChoices):
    FEMALE = "F", _("Female")
    MALE = "M", _("Male")


class ExamQuerySet(models.QuerySet["Exam"]):
    def visible_to(self, user: User) -> ExamQuerySet:
        """Return the exams that ``user`` may know by exam code: all with the permission, or none.

        Readers know an exam only by the code of their assignment.
        """
        return self if user.has_perm("annotations.view_exam") else self.none()

    def with_tracings(self) -> ExamQuerySet:
        """Return exams that have tracings. For the others, only readings were imported."""
        return self.filter(Exists(Tracing.objects.filter(exam=OuterRef("pk"))))

    def originals(self) -> ExamQuerySet:
        """Return one exam per recording, without copies at another sampling rate or gain."""
        return self.filter(duplicate_of=None)

    def read_by(self, user: User) -> ExamQuerySet:
        """Return exams assigned to ``user`` in studies whose results are hidden from them.

        Includes exams assigned to the person who vouches for the account, and all other exams of
        the same recordings.
        """
        own = Exam.objects.filter(
            assignments__reader__in=user.blinded_with,
            assignments__batch__study__in=Study.objects.all().blinding(user),
        )
        originals = own.filter(duplicate_of__isnull=False).values("duplicate_of")
        # A union, because PostgreSQL would check conditions joined by OR for every exam.
        same = own.values("pk").union(
            originals,
            Exam.objects.filter(duplicate_of__in=own.values("pk")).values("pk"),
            Exam.objects.filter(duplicate_of__in=originals).values("pk"),
        )
        return self.filter(pk__in=same)

    def not_read_by(self, user: User) -> ExamQuerySet:
        """Exclude the exams of ``read_by``: the source of an exam can reveal its diagnosis."""
        return self.exclude(pk__in=Exam.objects.all().read_by(user).values("pk"))


class Exam(models.Model):
    """One ECG examination: one to four tracings of a patient, or none if only readings exist."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="exams")
    patient = models.ForeignKey(
        Patient, on_delete=models.PROTECT, related_name="exams", null=True, blank=True
    )
    patient_day = models.IntegerField(
        null=True, blank=True, help_text="Days since an arbitrary day of the patient; never a date."
    )
    code = models.CharField(max_length=8, default=new_code)
    source_key = models.CharField(max_length=300)
    age_years = models.FloatField(null=True, blank=True)
    sex = models.CharField(max_length=1, choices=Sex, null=True, blank=True)  # noqa: DJ001
    content_hash = models.CharField(max_length=64)
    source_labels = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Labels from the source; for sampling, never shown to readers.",
    )
    official_split = models.CharField(
        max_length=40, blank=True, default="", db_default="",
        help_text='Split of the source that releases keep, such as "test".',
    )  # fmt: skip
    imported_at = models.DateTimeField()
    fingerprint = ArrayField(
        models.BigIntegerField(),
        null=True,
        blank=True,
        help_text="Finds other exams of the same recording; null until computed.",
    )
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        related_name="duplicates",
        null=True,
        blank=True,
        help_text="The exam of the same recording that studies draw instead of this one.",
    )

    objects = ExamQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="exam_code_once", fields=["code"]),
            models.UniqueConstraint(name="exam_source_key_once", fields=["dataset", "source_key"]),
            models.UniqueConstraint(name="exam_content_once", fields=["dataset", "content_hash"]),
            models.CheckConstraint(
                name="exam_day_is_of_a_patient",
                condition=Q(patient_day=None) | Q(patient__isnull=False),
            ),
            models.CheckConstraint(
                name="exam_age_is_human",
                condition=Q(age_years=None) | Q(age_years__gte=0, age_years__lte=130),
            ),
            models.CheckConstraint(
                name="exam_sex_is_known", condition=Q(sex=None) | Q(sex__in=Sex.values)
            ),
            models.CheckConstraint(
                name="exam_duplicates_another",
                condition=Q(duplicate_of=None) | ~Q(duplicate_of=models.F("id")),
            ),
        ]
        indexes = [
            GinIndex(name="exam_fingerprint", fields=["fingerprint"]),
            models.Index(
                name="exam_not_fingerprinted", fields=["id"], condition=Q(fingerprint=None)
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Tracing(models.Model):
    """One 12-lead recording, stored only in the packed format that the browser receives."""

    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="tracings")
    position = models.PositiveSmallIntegerField()
    sampling_rate_hz = models.FloatField()
    n_samples = models.PositiveIntegerField()
    missing_leads = models.JSONField(default=list)
    remarks = models.JSONField(default=list, help_text="What the import noticed about the signal.")
    content_hash = models.CharField(max_length=64)
    packed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="tracing_position_once", fields=["exam", "position"]),
            models.CheckConstraint(
                name="tracing_is_one_of_four",
                condition=Q(position__gte=1, position__lte=MAX_TRACINGS),
            ),
            models.CheckConstraint(
                name="tracing_has_samples", condition=Q(n_samples__gt=0, sampling_rate_hz__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exam.code}/{self.position}"

    @property
    def duration_s(self) -> float:
        return self.n_samples / self.sampling_rate_hz


class ImportRun(models.Model):
    """One run of the importer: its parameters and how it ended."""

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="import_runs")
    source = models.CharField(max_length=500)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    n_imported = models.PositiveIntegerField(default=0)
    n_known = models.PositiveIntegerField(default=0)
    n_refused = models.PositiveIntegerField(default=0)
    n_duplicates = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Imported copies of recordings that other exams hold."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="import_ends_after_it_starts",
                condition=Q(finished_at=None) | Q(finished_at__gte=models.F("started_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"


class ImportIssue(models.Model):
    """Why a file or record was not imported, or a warning about one that was."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="issues")
    file = models.CharField(max_length=500)
    code = models.CharField(max_length=60)
    details = models.JSONField(default=dict, help_text="What was expected and found, by name.")
    reason = models.TextField(
        blank=True, help_text="In English; only for imports before details were stored."
    )
    hint = models.TextField(blank=True, help_text="As reason.")
    is_refusal = models.BooleanField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="issue_has_a_code", condition=~Q(code="")),
        ]

    def __str__(self) -> str:
        return f"{self.file}: {self.code}"
