"""Parts of an agreement report that are stored apart from its coefficients, one row per part."""

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
    FACTS = "facts", _("Study facts")
    READER = "reader", _("Reader compared with a reference")
    SUGGESTIONS = "suggestions", _("Readings with and without suggestions")
    ERRORS = "errors", _("Pairs of readers compared with a reference")


class AgreementDetailQuerySet(models.QuerySet["AgreementDetail"]):
    def visible_to(self, user: User) -> AgreementDetailQuerySet:
        """Return the details that ``user`` may see: those of reports they may see.

        Details computed from individual readings also need the permission for closed readings. They
        only use batches whose results were already open, and open results stay open.
        """
        visible = self.filter(report__in=AgreementReport.objects.visible_to(user))
        if user.has_perm("annotations.view_closed_readings"):
            return visible
        return visible.filter(kind=DetailKind.FACTS)


class AgreementDetail(models.Model):
    """One part of a version of an agreement report. Like the version, it never changes.

    ``results`` is the JSON form of a dataclass in ``annotations.services.agreement``;
    ``inputs_digest`` identifies the inputs. If the results are the same as in an earlier version,
    the row refers to that version's row instead of copying it: there may be a new version every
    minute, and reader profiles are large.
    """

    report = models.ForeignKey(AgreementReport, on_delete=models.PROTECT, related_name="details")
    kind = models.CharField(max_length=11, choices=DetailKind)
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    inputs_digest = models.CharField(max_length=64, help_text="SHA-256 of its inputs.")
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
    def stored_results(self) -> Any:
        """The results, from this row or from the one it refers to.

        Needs no query if ``taken_from`` is fetched with the row.
        """
        return self.taken_from.results if self.taken_from else self.results
