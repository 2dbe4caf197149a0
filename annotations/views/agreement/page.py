"""Whose agreement a page shows, whether it may, and the frame that all these pages share."""

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

TABS: Mapping[str, Promise] = {
    "": _("Classes"),
    "readers": _("Readers"),
    "exams": _("Exams"),
    "certainty": _("Certainty"),
    "suggestions": _("Suggestions"),
    "precision": _("Precision"),
    "report": _("Report"),
}
"""Parts of the dashboard by the end of their addresses' names: batch-agreement-readers, say."""

WITHIN: Mapping[str, str] = {"profile": "readers", "pair": "readers", "exam": "exams"}
"""The part from which a page without a tab of its own is reached."""


@dataclass(frozen=True)
class AgreementPage:
    """The agreement of one scope as one person may see it.

    Attributes:
        study: of the scope.
        batch: None: the whole study.
        user: who looks.
        is_hidden: they still read in the study, and are shown nothing.
        report: the version asked for, else the newest; None when there is none that they may see.
        is_newest: whether no later version than ``report`` can be seen.
    """

    study: Study
    batch: Batch | None
    user: User
    is_hidden: bool
    report: AgreementReport | None
    is_newest: bool = True

    @property
    def scope(self) -> Scope:
        """Whose agreement it is."""
        return Scope(self.study.pk, self.batch.pk if self.batch else None)

    @property
    def title(self) -> str:
        """The name of the batch or of the study."""
        return self.batch.name if self.batch else self.study.name

    @property
    def results(self) -> Mapping[str, Any]:
        """What ``ecgreview.agreement.report`` found; empty without a report."""
        return self.report.coded_results if self.report else {}

    @cached_property
    def names(self) -> dict[str, str]:
        """The readers by their primary key as text, in the order of the report.

        Coordinators see names; others, who have no work to hand out, see letters.
        """
        ids: list[str] = self.results.get("readers", [])
        if self.batch:
            told = names_in_batch(self.batch, self.user)
        else:
            told = names_of_readers(
                User.objects.filter(pk__in=[int(one) for one in ids]), self.user
            )
        return {one: told.get(int(one), "?") for one in ids}

    @cached_property
    def classes(self) -> dict[str, DiagnosticClass]:
        """The classes of the report by code."""
        if self.report is None:
            return {}
        known = self.report.taxonomy.classes.select_related("group")
        return {one.code: one for one in known}

    @cached_property
    def run(self) -> AgreementRun | None:
        """The work on the next version that waits or goes on, if they may follow it."""
        runs = AgreementRun.objects.visible_to(self.user).of_scope(self.scope)
        return runs.unfinished().first()

    @property
    def run_told(self) -> RunStatus | None:
        """What is told of that work."""
        return run_text.of(self.run) if self.run else None

    @property
    def is_open(self) -> bool:
        """Whether the agreement may be shown to them: there need be no report yet."""
        opened = Batch.objects.all().with_open_agreement().not_read_by(self.user)
        closed = self.batches.exclude(pk__in=opened.values("pk"))
        return not self.is_hidden and self.batches.exists() and not closed.exists()

    @property
    def are_readings_open(self) -> bool:
        """Whether single readings may be shown to them too, not their agreement alone.

        A policy may show the agreement of a batch while it is read, but who said what of an exam
        only when it is closed.
        """
        opened = Batch.objects.all().with_open_results().not_read_by(self.user)
        return not self.batches.exclude(pk__in=opened.values("pk")).exists()

    @property
    def versions(self) -> QuerySet[AgreementReport]:
        """All versions that they may see, the newest first, without their results."""
        seen = AgreementReport.objects.visible_to(self.user).of_scope(self.scope)
        return seen.defer("results").order_by("-number")

    @property
    def batches(self) -> BatchQuerySet:
        """The batches whose readings are compared."""
        if self.batch:
            return Batch.objects.filter(pk=self.batch.pk)
        return Batch.objects.filter(study=self.study, purpose__in=OF_STUDIES)

    def url(self, part: str = "", **more: object) -> str:
        """Return the address of a part of the dashboard.

        Raises:
            NoReverseMatch: there is no such part.
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
    """Return what ``request`` may see of the batch ``pk`` or of the study ``slug``.

    That results are shown is noted: nobody reads blind what they were shown.

    Raises:
        Http404: there is no such batch or study, or the person may not look into it; or it has
            no version of the number that ?version= asks for.
    """
    place = followed(request, pk, slug)
    report, is_newest = (None, True) if place.is_hidden else _report(request, place.scope)
    found = replace(place, report=report, is_newest=is_newest)
    if report:
        results_seen.results(batches=found.batches, user=request.user, now=timezone.now())
    return found


def followed(request: SignedInRequest, pk: int | None = None, slug: str = "") -> AgreementPage:
    """Return the same without a report: for who asks how far its next version is.

    Raises:
        Http404: there is no such batch or study, or the person may not look into it.
    """
    batch = None if pk is None else lookups.batch(request.user, pk)
    study = batch.study if batch else lookups.study(request.user, slug)
    return AgreementPage(study, batch, request.user, is_blinded_to(study, request.user), None)


def page(
    request: SignedInRequest,
    found: AgreementPage,
    part: str,
    context: Mapping[str, object] | None = None,
) -> HttpResponse:
    """Return the part of the dashboard that is made by ``templates/agreement/<part>.html``.

    The template extends ``agreement/base.html`` and fills its block ``panel``, which is left out
    when there is no report to show; ``context`` may then be empty.
    """
    version = found.report.number if found.report and not found.is_newest else None
    frame = {
        "shown": found,
        "study": found.study,
        "batch": found.batch,
        "report": found.report,
        "tabs": _tabs(found, part),
        "links": {name or "classes": address for name, address in _addresses(found).items()},
        "may_compute": request.user.has_perm("annotations.close_batch"),
        "compute_url": found.url("computing"),
        "run_url": found.url("run"),
        "cancel_url": found.url("cancelling"),
        "pair_url": found.url("pair"),
        "file_url": found.url("file"),
        "version_query": "" if version is None else f"&version={version}",
    }
    empty = {} if found.report else _why_empty(found)
    return render(
        request, f"agreement/{part or 'classes'}.html", {**frame, **empty, **(context or {})}
    )


def _report(request: SignedInRequest, scope: Scope) -> tuple[AgreementReport | None, bool]:
    seen = AgreementReport.objects.visible_to(request.user).of_scope(scope)
    newest = seen.select_related("taxonomy").order_by("-number").first()
    wanted = request.GET.get("version", "")
    if newest is None or not wanted.isdecimal() or int(wanted) >= newest.number:
        return newest, True
    older = seen.select_related("taxonomy").filter(number=int(wanted)).first()
    return (older, False) if older else (newest, True)


def _addresses(found: AgreementPage) -> dict[str, str]:
    """Return the addresses of the parts there are."""
    addresses = {}
    for part in TABS:
        try:
            addresses[part] = found.url(part)
        except NoReverseMatch:
            continue
    return addresses


def _tabs(found: AgreementPage, here: str) -> list[dict[str, str]]:
    """Return the tabs; ``current`` is what ``aria-current`` says of each, if anything."""
    version = f"?version={found.report.number}" if found.report and not found.is_newest else ""
    current = {WITHIN.get(here, here): "true" if here in WITHIN else "page"}
    return [
        {"name": str(TABS[part]), "url": address + version, "current": current.get(part, "")}
        for part, address in _addresses(found).items()
    ]


def _why_empty(found: AgreementPage) -> dict[str, object]:
    """Return what a page without a report tells instead."""
    if found.is_hidden:
        return {}
    opened = found.batches.with_open_agreement()
    is_read = Seat.objects.filter(batch__in=found.batches, n_read__gt=0).exists()
    reports = AgreementReport.objects.visible_to(found.user).newest().filter(study=found.study)
    return {
        "is_read": is_read,
        "is_closed_yet": found.batches.exclude(pk__in=opened.values("pk")).exists(),
        "is_due": found.run is not None or found.batches.filter(agreement_is_due=True).exists(),
        "opened": [] if found.batch else Batch.objects.filter(agreement_reports__in=reports),
    }
