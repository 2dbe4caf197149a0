"""How far the next version of an agreement is, for pages that ask while it is computed."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.views import agreement_run_words, agreement_scope
from annotations.views.access import SignedInRequest, needs

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
    found = agreement_scope.followed(request, pk, slug)
    wanted = request.GET.get("version", "")
    shown = int(wanted[:LONGEST]) if wanted.isdecimal() else 0
    if found.is_hidden:
        return JsonResponse(asdict(agreement_run_words.over(None, shown)))
    newest = found.versions.values_list("number", flat=True).first()
    told = agreement_run_words.over(newest, shown)
    if found.run:
        told = agreement_run_words.of(found.run, is_newer=told.is_newer)
    return JsonResponse(asdict(told))
