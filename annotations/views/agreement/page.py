"""What all agreement pages share: scope, permissions, tabs and links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotations.models import (
    OF_STUDIES,
    AgreementReport,
    AgreementRun,
    Batch,
    DiagnosticClass,
    Scope,
    Seat,
    Study,
    User,
)
from annotations.models.batch import BatchQuerySet
from annotations.services.blinding import results_seen
from annotations.services.blinding.reader_names import names_in_batch, names_of_readers
from annotations.services.blinding.rules import is_blinded_to
from annotations.views import lookups
from annotations.views.access import SignedInRequest
from annotations.views.agreement import run_text
from annotations.views.agreement.run_text import RunStatus

# Tabs by the last part of their URL name: "readers" for batch-agreement-readers.
TABS: Mapping[str, Promise] = {
    "": _("Classes"),
    "readers": _("Readers"),
    "exams": _("Exams"),
    "certainty": _("Certainty"),
    "suggestions": _("Suggestions"),
    "precision": _("Precision"),
    "report": _("Report"),
}

# Pages without a tab of their own, and the tab that is marked as current on them.
WITHIN: Mapping[str, str] = {"profile": "readers", "pair": "readers", "exam": "exams"}


@dataclass(frozen=True)
class AgreementPage:
    """The agreement of one batch or study, as far as one user may see it.

    Attributes:
        study: the study, or the study of the batch.
        batch: None for the whole study.
        user: the person who opened the page.
        is_hidden: the user is blinded to the results, so nothing is shown.
        report: the requested version, else the newest; None if the user may see none.
        is_newest: whether the user may see no later version than ``report``.
    """

    study: Study
    batch: Batch | None
    user: User
    is_hidden: bool
    report: AgreementReport | None
    is_newest: bool = True

    @property
    def scope(self) -> Scope:
        return Scope(self.study.pk, self.batch.pk if self.batch else None)

    @property
    def title(self) -> str:
        return self.batch.name if self.batch else self.study.name

    @property
    def results(self) -> Mapping[str, Any]:
        """The results as stored by ``ecgreview.agreement.report``; empty without a report."""
        return self.report.coded_results if self.report else {}

    @cached_property
    def names(self) -> dict[str, str]:
        """Reader names by primary key (as text), in the order of the report.

        Coordinators see real names; everybody else sees letters.
        """
        ids: list[str] = self.results.get("readers", [])
        if self.batch:
            names = names_in_batch(self.batch, self.user)
        else:
            names = names_of_readers(
                User.objects.filter(pk__in=[int(reader_id) for reader_id in ids]), self.user
            )
        return {reader_id: names.get(int(reader_id), "?") for reader_id in ids}

    @cached_property
    def classes(self) -> dict[str, DiagnosticClass]:
        if self.report is None:
            return {}
        classes = self.report.taxonomy.classes.select_related("group")
        return {diagnostic_class.code: diagnostic_class for diagnostic_class in classes}

    @cached_property
    def run(self) -> AgreementRun | None:
        """The unfinished run for the next version, if the user may follow it."""
        runs = AgreementRun.objects.visible_to(self.user).of_scope(self.scope)
        return runs.unfinished().first()

    @property
    def run_status(self) -> RunStatus | None:
        return run_text.of(self.run) if self.run else None

    @property
    def is_open(self) -> bool:
        """Whether the user may see agreement of this scope, even if no report exists yet."""
        opened = Batch.objects.all().with_open_agreement().not_read_by(self.user)
        closed = self.batches.exclude(pk__in=opened.values("pk"))
        return not self.is_hidden and self.batches.exists() and not closed.exists()

    @property
    def are_readings_open(self) -> bool:
        """Whether the user may also see individual readings.

        A study may show agreement while a batch is being read, but individual readings only after
        the batch is closed.
        """
        opened = Batch.objects.all().with_open_results().not_read_by(self.user)
        return not self.batches.exclude(pk__in=opened.values("pk")).exists()

    @property
    def versions(self) -> QuerySet[AgreementReport]:
        """All versions that the user may see, newest first, without their results."""
        visible = AgreementReport.objects.visible_to(self.user).of_scope(self.scope)
        return visible.defer("results").order_by("-number")

    @property
    def batches(self) -> BatchQuerySet:
        """The batches whose readings are compared."""
        if self.batch:
            return Batch.objects.filter(pk=self.batch.pk)
        return Batch.objects.filter(study=self.study, purpose__in=OF_STUDIES)

    def url(self, part: str = "", **more: object) -> str:
        """Return the URL of a page of this dashboard.

        Raises:
            NoReverseMatch: there is no such page for this scope.
        """
        kind, place = ("batch", {"pk": self.batch.pk}) if self.batch else ("study", self._slug)
        name = f"{kind}-agreement-{part}" if part else f"{kind}-agreement"
        return reverse(name, kwargs={**place, **more})

    @property
    def _slug(self) -> dict[str, str]:
        return {"slug": self.study.slug}


def agreement_page(
    request: SignedInRequest, pk: int | None = None, slug: str = ""
) -> AgreementPage:
    """Return what the user may see of the batch ``pk`` or of the study ``slug``.

    If there is a report, records that the user saw results, because from then on they are not
    blind to these exams.

    Raises:
        Http404: there is no such batch or study, or the user may not see it.
    """
    place = page_without_report(request, pk, slug)
    report, is_newest = (None, True) if place.is_hidden else _report(request, place.scope)
    dashboard = replace(place, report=report, is_newest=is_newest)
    if report:
        results_seen.results(batches=dashboard.batches, user=request.user, now=timezone.now())
    return dashboard


def page_without_report(
    request: SignedInRequest, pk: int | None = None, slug: str = ""
) -> AgreementPage:
    """Return the page without its report, for progress polling. Does not count as seeing results.

    Raises:
        Http404: there is no such batch or study, or the user may not see it.
    """
    batch = None if pk is None else lookups.batch(request.user, pk)
    study = batch.study if batch else lookups.study(request.user, slug)
    return AgreementPage(study, batch, request.user, is_blinded_to(study, request.user), None)


def page(
    request: SignedInRequest,
    dashboard: AgreementPage,
    part: str,
    context: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Render ``templates/agreement/<part>.html`` within the dashboard.

    The template extends ``agreement/base.html`` and fills its block ``panel``. Without a report the
    block is not rendered, so ``context`` may be empty.
    """
    version = dashboard.report.number if dashboard.report and not dashboard.is_newest else None
    frame = {
        "dashboard": dashboard,
        "study": dashboard.study,
        "batch": dashboard.batch,
        "report": dashboard.report,
        "tabs": _tabs(dashboard, part),
        "links": {name or "classes": address for name, address in _addresses(dashboard).items()},
        "may_compute": request.user.has_perm("annotations.close_batch"),
        "compute_url": dashboard.url("computing"),
        "run_url": dashboard.url("run"),
        "cancel_url": dashboard.url("cancelling"),
        "pair_url": dashboard.url("pair"),
        "file_url": dashboard.url("file"),
        "version_query": "" if version is None else f"&version={version}",
    }
    empty = {} if dashboard.report else _why_empty(dashboard)
    return render(
        request, f"agreement/{part or 'classes'}.html", {**frame, **empty, **(context or {})}
    )


def _report(request: SignedInRequest, scope: Scope) -> tuple[AgreementReport | None, bool]:
    visible = AgreementReport.objects.visible_to(request.user).of_scope(scope)
    newest = visible.select_related("taxonomy").order_by("-number").first()
    version = request.GET.get("version", "")
    if newest is None or not version.isdecimal() or int(version) >= newest.number:
        return newest, True
    older = visible.select_related("taxonomy").filter(number=int(version)).first()
    return (older, False) if older else (newest, True)


def _addresses(dashboard: AgreementPage) -> dict[str, str]:
    """Return the URLs of the tabs that exist for this scope."""
    addresses = {}
    for part in TABS:
        try:
            addresses[part] = dashboard.url(part)
        except NoReverseMatch:
            continue
    return addresses


def _tabs(dashboard: AgreementPage, open_part: str) -> list[dict[str, str]]:
    """Return the tabs. ``current`` is the value of ``aria-current``; empty means no attribute."""
    version = (
        f"?version={dashboard.report.number}"
        if dashboard.report and not dashboard.is_newest
        else ""
    )
    current = {WITHIN.get(open_part, open_part): "true" if open_part in WITHIN else "page"}
    return [
        {"name": str(TABS[part]), "url": address + version, "current": current.get(part, "")}
        for part, address in _addresses(dashboard).items()
    ]


def _why_empty(dashboard: AgreementPage) -> dict[str, object]:
    """Return the context that explains why there is no report."""
    if dashboard.is_hidden:
        return {}
    opened = dashboard.batches.with_open_agreement()
    is_read = Seat.objects.filter(batch__in=dashboard.batches, n_read__gt=0).exists()
    reports = (
        AgreementReport.objects.visible_to(dashboard.user).newest().filter(study=dashboard.study)
    )
    return {
        "is_read": is_read,
        "is_closed_yet": dashboard.batches.exclude(pk__in=opened.values("pk")).exists(),
        "is_due": dashboard.run is not None
        or dashboard.batches.filter(agreement_is_due=True).exists(),
        "opened": [] if dashboard.batch else Batch.objects.filter(agreement_reports__in=reports),
    }
