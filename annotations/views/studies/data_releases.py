"""Data releases of a study: the builder with its preview, progress, download, difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import tasks
from annotations.models import Release
from annotations.sentences import refusals
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.export import background
from annotations.services.releases import choices, comparison, jobs, preview
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.refusals import refusal_as_message, refusal_on_form
from annotations.views.studies import release_text
from annotations.views.studies.release_forms import ReleaseForm

REFUSED_FIELDS: dict[type[Exception], str] = {
    choices.LicenceUnknown: "licence",
    choices.LicenceForbids: "licence",
    choices.NoSignals: "has_signals",
    choices.FormatUnavailable: "formats",
    choices.BadFolds: "n_folds",
    choices.EmbargoWithoutFolds: "embargo",
    choices.LabelsPublished: "embargo",
}


@never_cache
@needs("export_study")
@require_http_methods(["GET", "HEAD", "POST"])
def study_releases(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the releases and the form for the next one; a POST requests it."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    try:
        next_release = preview.of(study)
    except (choices.NothingToRelease, choices.ResultsHidden) as refusal:
        context = {"study": study, "refusal": refusals.explain(refusal)}
        return render(request, "studies/releases.html", context)
    form = ReleaseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with refusal_on_form(form, REFUSED_FIELDS):
            jobs.request(
                study=study, choices=form.choices(), actor=request.user, now=timezone.now()
            )
            tasks.nudge(tasks.make_releases)
            return redirect("study-releases", slug=slug)
    releases = jobs.of_study(study)
    running = next((release for release in releases if release.finished_at is None), None)
    context = {
        "study": study,
        "releases": releases,
        "newest": next((release for release in releases if release.is_ready), None),
        "running": running,
        "has_embargo": any(release.manifest.get("embargo") for release in releases),
        "run_status": release_text.run_status(running) if running else None,
        "form": form,
        "preview": next_release,
        "sources": [
            (source, release_text.source_problem(source.licence)) for source in next_release.sources
        ],
        "withheld": release_text.withheld(next_release.withheld),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "studies/releases.html", context, status=status)


@never_cache
@needs("export_study")
@require_safe
def study_release_progress(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Return the progress of a release as JSON, for polling."""
    release = _release(request, slug, key)
    return JsonResponse(asdict(release_text.run_status(release)))


@needs("export_study")
@require_POST
def study_release_cancel(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Stop creating a release."""
    with refusal_as_message(request):
        jobs.cancel(release=_release(request, slug, key), actor=request.user, now=timezone.now())
    return redirect("study-releases", slug=slug)


@never_cache
@needs("export_study")
@require_safe
def study_release_difference(request: SignedInRequest, slug: str, key: UUID) -> HttpResponse:
    """Show what changed since the previous release."""
    release = _release(request, slug, key)
    if not release.is_ready or (compared := comparison.with_previous(release)) is None:
        raise Http404
    before, change = compared
    results_seen.results_of_study(study=release.study, user=request.user, now=timezone.now())
    classes = {item.code: item for item in release.study.taxonomy.classes.all()}
    context = {
        "study": release.study,
        "release": release,
        "before": before,
        "change": change,
        "facts": release_text.facts(change),
        "classes": [(classes.get(line.code), line) for line in change.classes],
        "cells": release_text.cells(change, classes),
    }
    return render(request, "studies/release_difference.html", context)


@never_cache
@needs("export_study")
@require_safe
def study_release_file(request: SignedInRequest, slug: str, key: UUID) -> HttpResponseBase:
    """Download a release, unless the results are hidden from the user."""
    release = _release(request, slug, key)
    try:
        jobs.refuse(release)
    except jobs.NotReady:
        return redirect("study-releases", slug=slug)
    parts: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        now = timezone.now()
        parts = jobs.download(release=release, actor=request.user, now=now)
        results_seen.results_of_study(study=release.study, user=request.user, now=now)
    headers = background.headers(release, f"{release.name}.zip")
    return StreamingHttpResponse(parts, headers=headers)


def _release(request: SignedInRequest, slug: str, key: UUID) -> Release:
    """Return the release with this key, if the results of its study are open to the user.

    Raises:
        Http404: there is no such release, or the results are hidden.
    """
    study = lookups.study_to_export(request.user, slug)
    try:
        return jobs.find(study=study, key=key)
    except Release.DoesNotExist as error:
        raise Http404 from error
