"""Comparisons of all consensus rules on the readings of a study, computed by a worker."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .study import Study

_SHA256 = "^[0-9a-f]{64}$"


class RuleComparisonQuerySet(models.QuerySet["RuleComparison"]):
    def unfinished(self) -> RuleComparisonQuerySet:
        """Return comparisons that are queued or in progress; at most one per study."""
        return self.filter(finished_at=None)

    def ready(self) -> RuleComparisonQuerySet:
        """Return comparisons with results."""
        return self.filter(finished_at__isnull=False, failure="")


class RuleComparison(models.Model):
    """What every consensus rule decides on the readings of a study, at one state of the study.

    The row is the request, the progress and the result; a result never changes. Only the owner of
    the tables can select these rows (migration 0053), so services must check permissions.

    Attributes:
        state: digest of what the results depend on, from ``state_of`` in
            ``services/consensus/comparisons.py``.
        n_done: number of rules compared so far.
        results: ``ecgreview.consensus.comparison.Comparison`` as JSON; exams, readers and
            references are IDs.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="comparisons")
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
    results = models.JSONField(null=True)

    objects = RuleComparisonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="comparison_unfinished_once", fields=["study"], condition=Q(finished_at=None)
            ),
            models.CheckConstraint(
                name="comparison_ready_is_whole",
                condition=Q(
                    finished_at__isnull=False,
                    failure="",
                    results__isnull=False,
                    state__regex=_SHA256,
                )
                | (Q(results=None, state="") & (Q(finished_at=None) | ~Q(failure=""))),
            ),
            models.CheckConstraint(
                name="comparison_does_what_there_is", condition=Q(n_done__lte=F("n_total"))
            ),
        ]

    def __str__(self) -> str:
        return f"comparison of rules in {self.study}"

    @property
    def is_ready(self) -> bool:
        return self.finished_at is not None and not self.failure

    @property
    def has_failed(self) -> bool:
        """Whether every attempt to compute it failed."""
        return self.finished_at is not None and bool(self.failure)
