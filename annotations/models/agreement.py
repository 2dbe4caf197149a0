"""The agreement between the readers of a batch, as last computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from .batch import Batch

if TYPE_CHECKING:
    from .people import User


class AgreementReportQuerySet(models.QuerySet["AgreementReport"]):
    """Which reports."""

    def visible_to(self, user: User) -> AgreementReportQuerySet:
        """Return the reports ``user`` may see.

        By permission, when the policy of the study opens them, and of studies that they do not
        read in.
        """
        if not user.has_perm("annotations.view_agreementreport"):
            return self.none()
        opened = Batch.objects.all().with_open_agreement().not_read_by(user)
        return self.filter(batch__in=opened)


class AgreementReport(models.Model):
    """What ``ecgreview.agreement`` found in the blind readings of one batch."""

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="agreement")
    computed_at = models.DateTimeField()
    n_readings = models.PositiveIntegerField()
    results = models.JSONField()

    objects = AgreementReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="agreement_has_results", condition=~Q(results={})),
        ]

    def __str__(self) -> str:
        return f"agreement of batch {self.batch_id}"
