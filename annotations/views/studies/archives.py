"""Exports of a study: requesting an archive, its progress, and the download."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from annotations import tasks
from annotations.models import Archive, Study
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.export import background, jobs
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement.run_text import RunStatus


@never_cache
@needs("export_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_export(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the latest archive and whether it is current; a POST requests a new one."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    if request.method == "POST":
        archive = jobs.request(study=study, actor=request.user, now=timezone.now())
        if not archive.is_ready:
            tasks.nudge(tasks.make_archives)
        return redirect("study-export", slug=study.slug)
    latest, is_current = jobs.latest(study)
    context = {
        "study": study,
        "archive": latest,
        "is_current": is_current,
        "is_being_made": latest is not None and latest.finished_at is None,
        "run_status": _run_status(latest) if latest else None,
        "has_closed_batch": study.batches.closed().exists(),
    }
    return render(request, "studies/export.html", context)


@never_cache
@needs("export_study")
@require_safe
def study_export_progress(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Return the progress of an archive as JSON, for polling."""
    return JsonResponse(asdict(_run_status(_archive(request, slug, key))))


@never_cache
@needs("export_study")
@require_safe
def study_export_file(request: SignedInRequest, slug: str, key: UUID) -> HttpResponseBase:
    """Download an archive, unless the results are hidden from the user."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    archive = _archive(request, slug, key)
    try:
        jobs.refuse(archive)
    except (jobs.NotReady, jobs.Outdated):
        return redirect("study-export", slug=slug)
    parts: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        now = timezone.now()
        parts = jobs.download(archive=archive, actor=request.user, now=now)
        results_seen.results_of_study(study=study, user=request.user, now=now)
    return StreamingHttpResponse(
        parts, headers=background.headers(archive, f"{archive.study.slug}.zip")
    )


def _archive(request: SignedInRequest, slug: str, key: UUID) -> Archive:
    study: Study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        raise Http404
    try:
        return jobs.find(study=study, key=key)
    except Archive.DoesNotExist as error:
        raise Http404 from error


def _run_status(archive: Archive) -> RunStatus:
    if archive.is_ready:
        return RunStatus(_("The archive is ready."), is_over=True, is_newer=True)
    if archive.has_failed:
        return RunStatus(_("The archive could not be created."), is_over=True)
    if archive.failure:
        lead = _("Creating the archive failed. It will be tried again.")
    elif archive.started_at:
        lead = _("The archive is being created.")
    else:
        lead = _("The archive is queued.")
    text = _("%(n_done)s of %(n_total)s files") % {
        "n_done": archive.n_done,
        "n_total": archive.n_total,
    }
    return RunStatus(lead, text, archive.n_done, archive.n_total)
