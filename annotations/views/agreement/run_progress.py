"""How far the next version of an agreement is, for pages that ask while it is computed."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import page, run_text

LONGEST = 18
"""More digits than the number of any version has."""


@never_cache
@needs("view_agreementreport")
@require_safe
def run(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Tell how far the run is that is going on, or that none is, as ``agreement_run_words``.

    ``?version=`` is the version that the page shows. No number of a report is told, so that this
    is no look at results: it may be asked for every other second.
    """
    found = page.followed(request, pk, slug)
    wanted = request.GET.get("version", "")
    shown = int(wanted[:LONGEST]) if wanted.isdecimal() else 0
    if found.is_hidden:
        return JsonResponse(asdict(run_text.over(None, shown)))
    newest = found.versions.values_list("number", flat=True).first()
    told = run_text.over(newest, shown)
    if found.run:
        told = run_text.of(found.run, is_newer=told.is_newer)
    return JsonResponse(asdict(told))
