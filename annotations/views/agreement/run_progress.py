"""Progress of a running computation, polled by pages."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import page, run_text

# Longer values of ``?version=`` are cut off; no version number has this many digits.
LONGEST = 18


@never_cache
@needs("view_agreementreport")
@require_safe
def run(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Return the ``RunStatus`` of the scope as JSON.

    ``?version=`` is the version displayed on the page. The response contains no results, so polling
    does not count as seeing results.

    Raises:
        Http404: there is no such batch or study, or the user may not see it.
    """
    dashboard = page.page_without_report(request, pk, slug)
    version = request.GET.get("version", "")
    shown_version = int(version[:LONGEST]) if version.isdecimal() else 0
    if dashboard.is_hidden:
        return JsonResponse(asdict(run_text.over(None, shown_version)))
    newest = dashboard.versions.values_list("number", flat=True).first()
    status = run_text.over(newest, shown_version)
    if dashboard.run:
        status = run_text.of(dashboard.run, is_newer=status.is_newer)
    return JsonResponse(asdict(status))
