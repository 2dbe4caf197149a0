"""Archives of a study's tables: requested by people, built by a worker, deleted after a week."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .study import Study

_SHA256 = "^[0-9a-f]{64}$"


class ArchiveQuerySet(models.QuerySet["Archive"]):
    def unfinished(self) -> ArchiveQuerySet:
        """Return archives that are queued or being built; there is at most one per study."""
        return self.filter(finished_at=None)

    def ready(self) -> ArchiveQuerySet:
        """Return archives that can be downloaded."""
        return self.filter(finished_at__isnull=False, failure="")


class Archive(models.Model):
    """A ZIP file with the export of a study. The row is the request, the progress and the result.

    Only the owner of the tables can select these rows and their chunks (migration 0031), so
    services must check permissions.

    Attributes:
        state: digest of what the export depends on, from ``state_of`` in ``export/jobs.py``.
        batches: IDs of the batches whose results are included.
        n_done: number of tables written so far.
    """

    key = models.UUIDField(default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="archives")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField()
    n_attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, help_text="The last attempt.")
    n_done = models.PositiveSmallIntegerField(default=0)
    n_total = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    failure = models.CharField(
        max_length=80, blank=True, help_text="Name of the error that ended the last attempt."
    )
    state = models.CharField(max_length=64, blank=True)
    batches = ArrayField(models.BigIntegerField(), default=list)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")
    n_bytes = models.PositiveBigIntegerField(default=0)

    objects = ArchiveQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="archive_key_once", fields=["key"]),
            models.UniqueConstraint(
                name="archive_unfinished_once", fields=["study"], condition=Q(finished_at=None)
            ),
            models.CheckConstraint(
                name="archive_ready_is_whole",
                condition=Q(
                    finished_at__isnull=False,
                    failure="",
                    n_bytes__gt=0,
                    digest__regex=_SHA256,
                    state__regex=_SHA256,
                )
                | Q(finished_at=None, digest="", state="", n_bytes=0)
                | (~Q(failure="") & Q(digest="", state="", n_bytes=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"archive {self.key}"

    @property
    def is_ready(self) -> bool:
        return self.finished_at is not None and not self.failure

    @property
    def has_failed(self) -> bool:
        """Whether every attempt to build it failed."""
        return self.finished_at is not None and bool(self.failure)


class ArchiveChunk(models.Model):
    """A part of an archive's file. All parts but the last have the same size."""

    archive = models.ForeignKey(
        Archive, on_delete=models.CASCADE, related_name="chunks", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="archive_chunk_once", fields=["archive", "number"]),
            models.CheckConstraint(name="archive_chunk_has_content", condition=~Q(content=b"")),
        ]

    def __str__(self) -> str:
        return f"chunk {self.number} of archive {self.archive_id}"
