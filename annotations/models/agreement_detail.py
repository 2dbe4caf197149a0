"""What belongs to a version of the agreement beside its coefficients, a row for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .agreement import AgreementReport

if TYPE_CHECKING:
    from .people import User


class DetailKind(models.TextChoices):
    """What a row tells."""

    FACTS = "facts", _("Study facts")
    READER = "reader", _("Reader compared with a reference")
    SUGGESTIONS = "suggestions", _("Readings with and without suggestions")
    ERRORS = "errors", _("Pairs of readers compared with a reference")


class AgreementDetailQuerySet(models.QuerySet["AgreementDetail"]):
    """Which details."""

    def visible_to(self, user: User) -> AgreementDetailQuerySet:
        """Return the details ``user`` may see: of versions that they may see.

        What is made of single readings, only when they may see closed readings too. It was made of
        readings of batches whose results were open already, and what is open stays so.
        """
        seen = self.filter(report__in=AgreementReport.objects.visible_to(user))
        if user.has_perm("annotations.view_closed_readings"):
            return seen
        return seen.filter(kind=DetailKind.FACTS)


class AgreementDetail(models.Model):
    """One part of a version of the agreement; never changed, as the version itself.

    ``results`` are values of the dataclass that the service names for the kind: what they were
    made from is told by ``inputs_digest``. A version that would hold the same names the row that
    does: versions come every minute while others read, and profiles are large.
    """

    report = models.ForeignKey(AgreementReport, on_delete=models.PROTECT, related_name="details")
    kind = models.CharField(max_length=11, choices=DetailKind)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    inputs_digest = models.CharField(max_length=64, help_text="SHA-256 of all it was made from.")
    results = models.JSONField(null=True)
    taken_from = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The detail of an earlier version that holds the same results.",
    )

    objects = AgreementDetailQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="agreement_detail_once",
                fields=["report", "kind", "reader"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="agreement_detail_kind_is_known", condition=Q(kind__in=DetailKind.values)
            ),
            models.CheckConstraint(
                name="agreement_detail_of_reader_names_one",
                condition=Q(kind=DetailKind.READER, reader__isnull=False)
                | (~Q(kind=DetailKind.READER) & Q(reader=None)),
            ),
            models.CheckConstraint(
                name="agreement_detail_has_results",
                condition=(Q(results__isnull=False, taken_from=None) & ~Q(results={}))
                | Q(results__isnull=True, taken_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.report}"

    @property
    def told(self) -> Any:
        """The results, whichever row holds them; with ``taken_from`` selected it asks nothing."""
        return self.taken_from.results if self.taken_from else self.results
