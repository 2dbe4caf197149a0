"""Data releases of a study: numbered, frozen, and superseded instead of edited."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from ecgreview.release.embargo import Embargo
from ecgreview.release.folds import MAX_FOLDS
from ecgreview.release.licences import IDENTIFIERS

from .study import Study

_SHA256 = "^[0-9a-f]{64}$"

# Failure of a release that somebody canceled.
CANCELED = "Canceled"


class ReleaseQuerySet(models.QuerySet["Release"]):
    def unfinished(self) -> ReleaseQuerySet:
        """Return releases that are queued or being built; there is at most one per study."""
        return self.filter(finished_at=None)

    def ready(self) -> ReleaseQuerySet:
        """Return releases that can be downloaded."""
        return self.filter(finished_at__isnull=False, failure="")

    def newest_first(self) -> ReleaseQuerySet:
        return self.order_by("-major", "-minor", "-pk")


class Release(models.Model):
    """A data release. The row is the request, the progress and the result.

    A trigger (migration 0048) rejects changing or deleting a release that is ready, and its file.
    Only the owner of the tables can select these rows and their chunks, so services must check
    permissions.

    Attributes:
        released_on: year and month; releases contain no dates.
        batches: IDs of the batches whose results are included.
        manifest: as in the file ``manifest.json``.
        index: labels in the form of ``ecgreview.release.index``, including embargoed ones: for
            comparisons, and to score predictions.
        digest: SHA-256 of the ZIP file.
        n_done: number of steps done, of ``n_total``.
    """

    key = models.UUIDField(default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="releases")
    major = models.PositiveSmallIntegerField()
    minor = models.PositiveSmallIntegerField()
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+",
        help_text="Nobody if a command requested it.",
    )  # fmt: skip
    requested_at = models.DateTimeField()
    released_on = models.CharField(max_length=7)
    formats = ArrayField(models.CharField(max_length=40))
    licence = models.CharField(max_length=60)
    authors = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    has_signals = models.BooleanField(default=False)
    n_folds = models.PositiveSmallIntegerField(default=0)
    embargo = models.CharField(
        max_length=20, default=Embargo.NONE.value, db_default=Embargo.NONE.value,
        help_text="Of which exams labels and readings are embargoed.",
    )  # fmt: skip
    n_attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, help_text="The last attempt.")
    n_done = models.PositiveSmallIntegerField(default=0)
    n_total = models.PositiveSmallIntegerField(default=0)
    canceled_at = models.DateTimeField(null=True, help_text="When somebody asked to stop it.")
    finished_at = models.DateTimeField(null=True)
    failure = models.CharField(
        max_length=80,
        blank=True,
        help_text="Name of the error that ended the last attempt, or code of the refusal.",
    )
    batches = ArrayField(models.BigIntegerField(), default=list)
    manifest = models.JSONField(default=dict)
    manifest_digest = models.CharField(max_length=64, blank=True)
    index = models.BinaryField(default=bytes)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")
    n_bytes = models.PositiveBigIntegerField(default=0)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="release_key_once", fields=["key"]),
            models.UniqueConstraint(
                name="release_version_once",
                fields=["study", "major", "minor"],
                condition=Q(finished_at=None) | Q(failure=""),
            ),
            models.UniqueConstraint(
                name="release_unfinished_once", fields=["study"], condition=Q(finished_at=None)
            ),
            models.CheckConstraint(name="release_counts_from_one", condition=Q(major__gte=1)),
            models.CheckConstraint(
                name="release_has_a_month", condition=Q(released_on__regex="^[0-9]{4}-[01][0-9]$")
            ),
            models.CheckConstraint(
                name="release_licence_is_known", condition=Q(licence__in=IDENTIFIERS)
            ),
            models.CheckConstraint(name="release_has_a_format", condition=Q(formats__len__gte=1)),
            models.CheckConstraint(
                name="release_has_no_or_several_folds",
                condition=Q(n_folds=0) | Q(n_folds__gte=2, n_folds__lte=MAX_FOLDS),
            ),
            models.CheckConstraint(
                name="release_embargo_is_known",
                condition=Q(embargo__in=[item.value for item in Embargo]),
            ),
            models.CheckConstraint(
                name="release_embargo_has_its_fold",
                condition=~Q(embargo=Embargo.LAST_FOLD.value, n_folds=0),
            ),
            models.CheckConstraint(
                name="release_ready_is_whole",
                condition=Q(
                    finished_at__isnull=False,
                    failure="",
                    n_bytes__gt=0,
                    digest__regex=_SHA256,
                    manifest_digest__regex=_SHA256,
                )
                & ~Q(manifest={})
                & ~Q(index=b"")
                | Q(finished_at=None, digest="", manifest_digest="", n_bytes=0)
                | (~Q(failure="") & Q(digest="", manifest_digest="", n_bytes=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study.slug} v{self.version}"

    @property
    def version(self) -> str:
        """Version number, such as ``1.0``."""
        return f"{self.major}.{self.minor}"

    @property
    def name(self) -> str:
        """Name of its folder, and of its file without the ending."""
        return f"{self.study.slug}-v{self.version}"

    @property
    def embargo_choice(self) -> Embargo:
        return Embargo(self.embargo)

    def embargoes(self, fold: int) -> bool:
        """Whether the labels of an exam in ``fold`` are embargoed; 0 is no fold."""
        return self.embargo_choice.covers(fold=fold, n_folds=self.n_folds)

    @property
    def is_ready(self) -> bool:
        return self.finished_at is not None and not self.failure

    @property
    def is_canceled(self) -> bool:
        return self.finished_at is not None and self.failure == CANCELED

    @property
    def has_failed(self) -> bool:
        """Whether every attempt to build it failed."""
        return self.finished_at is not None and self.failure not in ("", CANCELED)


class ReleaseChunk(models.Model):
    """A part of a release's file. All parts but the last have the same size."""

    release = models.ForeignKey(
        Release, on_delete=models.CASCADE, related_name="chunks", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="release_chunk_once", fields=["release", "number"]),
            models.CheckConstraint(name="release_chunk_has_content", condition=~Q(content=b"")),
        ]

    def __str__(self) -> str:
        return f"chunk {self.number} of release {self.release_id}"
