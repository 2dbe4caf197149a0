"""Reader agreement: versioned reports, and the runs that compute them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from ecgreview.agreement.reports import earlier

from .batch import Batch, Purpose
from .pattern_count import Scope, in_scope
from .study import Study
from .taxonomy import Taxonomy

if TYPE_CHECKING:
    from .people import User

# The purposes of batches whose readings enter the agreement of a whole study.
OF_STUDIES = (Purpose.DATA, Purpose.REREAD)


def _opened_to(user: User) -> Q:
    """Return the condition for rows whose scope has agreement that ``user`` may see.

    The agreement of a whole study is open if that of each of its batches in ``OF_STUDIES`` is.
    """
    opened = Batch.objects.all().with_open_agreement().not_read_by(user)
    parts = Batch.objects.filter(purpose__in=OF_STUDIES)
    closed = parts.exclude(pk__in=opened.values("pk")).values("study")
    of_study = Q(batch=None, study__in=parts.values("study")) & ~Q(study__in=closed)
    return Q(batch__in=opened) | of_study


class AgreementReportQuerySet(models.QuerySet["AgreementReport"]):
    def visible_to(self, user: User) -> AgreementReportQuerySet:
        """Return the reports that ``user`` may see.

        They need the permission, the study's policy must have opened the agreement, and they must
        not be blinded (``BatchQuerySet.not_read_by``).
        """
        if not user.has_perm("annotations.view_agreementreport"):
            return self.none()
        return self.filter(_opened_to(user))

    def of_scope(self, scope: Scope) -> AgreementReportQuerySet:
        return self.filter(in_scope(scope))

    def newest(self) -> AgreementReportQuerySet:
        """Return the latest version of each scope."""
        # Two subqueries instead of one OR, so that each can use the index on versions.
        later = AgreementReport.objects.filter(
            study=OuterRef("study"), number__gt=OuterRef("number")
        )
        of_batch = Exists(later.filter(batch=OuterRef("batch")))
        of_study = Exists(later.filter(batch=None))
        return self.filter(~of_batch).exclude(of_study, batch=None)


class AgreementReport(models.Model):
    """A version of the agreement computed from the blind readings of a batch or a whole study.

    A version never changes (a trigger in migration 0021 enforces it): new counts or a new method
    create the next version. Only ``checked_at`` is updated, by each check that finds no change.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="agreement_reports")
    batch = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, related_name="agreement_reports"
    )
    number = models.PositiveIntegerField()
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="+")
    protocol_version = models.PositiveSmallIntegerField()
    method_version = models.CharField(max_length=20)
    inputs_digest = models.CharField(max_length=64, help_text="SHA-256 of the counts.")
    computed_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    n_readings = models.PositiveIntegerField()
    results = models.JSONField()

    objects = AgreementReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="agreement_number_once",
                fields=["study", "batch", "number"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="agreement_number_counts_from_one", condition=Q(number__gte=1)
            ),
            models.CheckConstraint(name="agreement_has_results", condition=~Q(results={})),
        ]

    def __str__(self) -> str:
        return f"agreement {self.number} of {self.scope}"

    @property
    def scope(self) -> Scope:
        return Scope(self.study_id, self.batch_id)

    @cached_property
    def coded_results(self) -> dict[str, Any]:
        """The results, with codes for reasons.

        ``results`` may hold English sentences instead of codes in old rows. Read it only to verify
        that a stored report was not changed.
        """
        is_earlier = self.method_version in earlier.VERSIONS
        coded: dict[str, Any] = earlier.with_codes(self.results) if is_earlier else self.results
        return coded

    @property
    def n_repaired(self) -> int:
        """Number of counts that a recount corrected before this report was computed."""
        return self.runs.aggregate(n=Sum("n_repaired"))["n"] or 0


class RunStage(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    COUNTING = "counting", _("Counting new readings")
    COMPUTING = "computing", _("Computing")
    COMPARING = "comparing", _("Comparing readers with references")
    STORING = "storing", _("Storing the report")
    DONE = "done", _("Done")


class AgreementRunQuerySet(models.QuerySet["AgreementRun"]):
    def visible_to(self, user: User) -> AgreementRunQuerySet:
        """Return the runs whose reports ``user`` may see."""
        if not user.has_perm("annotations.view_agreementreport"):
            return self.none()
        return self.filter(_opened_to(user))

    def of_scope(self, scope: Scope) -> AgreementRunQuerySet:
        return self.filter(in_scope(scope))

    def unfinished(self) -> AgreementRunQuerySet:
        """Return runs that are queued or in progress; there is at most one per scope."""
        return self.filter(finished_at=None)


class AgreementRun(models.Model):
    """A job that computes the next report of a scope, requested by a change or by a person.

    Changes that arrive before it ends are added to it (``n_changes``, ``changed_at``). So the
    unfinished run covers everything that the newest report does not include yet.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="agreement_runs")
    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, null=True, related_name="agreement_runs"
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty if a change of readings requested it.",
    )
    requested_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, help_text="When the counts last changed.")
    n_changes = models.PositiveIntegerField(default=0)
    n_attempts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True, help_text="The last attempt.")
    stage = models.CharField(max_length=10, choices=RunStage, default=RunStage.WAITING)
    n_done = models.PositiveIntegerField(default=0)
    n_total = models.PositiveIntegerField(default=0)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True, help_text="Why the last attempt failed.")
    n_repaired = models.PositiveIntegerField(
        default=0, help_text="Number of counts that a full recount repaired before it."
    )
    report = models.ForeignKey(
        AgreementReport, on_delete=models.PROTECT, null=True, related_name="runs"
    )

    objects = AgreementRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="agreement_run_unfinished_once",
                fields=["study", "batch"],
                condition=Q(finished_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="agreement_run_stage_is_known", condition=Q(stage__in=RunStage.values)
            ),
            models.CheckConstraint(
                name="agreement_run_cancelled_by_somebody",
                condition=Q(cancelled_at=None, cancelled_by=None)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
            ),
            models.CheckConstraint(
                name="agreement_run_does_what_there_is", condition=Q(n_done__lte=F("n_total"))
            ),
        ]

    def __str__(self) -> str:
        return f"run of {self.scope}"

    @property
    def scope(self) -> Scope:
        return Scope(self.study_id, self.batch_id)

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended, with or without a report."""
        return self.finished_at is not None

    @property
    def share(self) -> float | None:
        """The completed fraction of the current stage, from 0 to 1; None if unknown."""
        return self.n_done / self.n_total if self.n_total else None
