"""The profile of one reader: performance, comparison with others, trends, hidden repeats."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import AgreementReport, DiagnosticClass
from annotations.services.agreement import details
from annotations.services.agreement.results import ReaderDetail
from annotations.services.blinding import results_seen
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import page, pooled_table
from annotations.views.agreement import profile_table as lines
from annotations.views.agreement.page import AgreementPage
from ecgreview.agreement.accuracy.reader_profiles import Against

AGAINST = {against.value: against for against in Against}


@never_cache
@needs("view_agreementreport")
@require_safe
def reader(
    request: SignedInRequest, place: int, pk: int | None = None, slug: str = ""
) -> HttpResponse:
    """Show the profile of the reader at position ``place`` of the report, counted from 1.

    Raises:
        Http404: the report has no such reader.
    """
    dashboard = page.agreement_page(request, pk, slug)
    against = request.GET.get("against", "")
    context = _context(dashboard, dashboard.report, place, against) if dashboard.report else None
    return page.page(request, dashboard, "profile", context)


def _context(
    dashboard: AgreementPage, report: AgreementReport, place: int, against: str
) -> dict[str, object]:
    readers = dashboard.results["readers"]
    if not 1 <= place <= len(readers):
        raise Http404
    reader_id = readers[place - 1]
    context: dict[str, object] = {
        "name": dashboard.names[reader_id],
        "before": _address(dashboard, place - 1) if place > 1 else "",
        "after": _address(dashboard, place + 1) if place < len(readers) else "",
        "repeats": lines.repeats(dashboard.results, place - 1, dashboard.classes),
        "latent": lines.latent(dashboard.results, place - 1, dashboard.classes),
        "no_latent": lines.no_latent(dashboard.results),
        "pooled": pooled_table.skills(dashboard.results, place - 1, dashboard.classes),
    }
    detail = details.reader_of(report, dashboard.user, int(reader_id))
    if detail is None:
        return {**context, "is_old": not details.has_details(report)}
    if detail.refusal:
        return {**context, "refusal": detail.refusal.value}
    return {**context, **_profile(dashboard, detail, reader_id, AGAINST.get(against))}


def _profile(
    dashboard: AgreementPage, detail: ReaderDetail, reader_id: str, against: Against | None
) -> dict[str, object]:
    profile = detail.against(against)
    if profile.against is Against.CONSENSUS and profile.n_compared:
        results_seen.results_of_study(
            study=dashboard.study, user=dashboard.user, now=timezone.now()
        )
    taxonomy_classes = DiagnosticClass.objects.filter(taxonomy=detail.taxonomy_id)
    classes = {row.code: row for row in taxonomy_classes.filter(code__in=profile.codes)}
    reference = dashboard.names.get(str(profile.reference_id), "")
    offers_reference = Against.REFERENCE in detail.profiles and any(
        other.is_offered.get(Against.REFERENCE) for other in detail.profiles.values()
    )
    more = {"reference_name": reference, "offers_reference": offers_reference}
    return {
        "profile": profile,
        **more,
        **lines.profile_context(profile, reader_id, dashboard, classes),
    }


def _address(dashboard: AgreementPage, place: int) -> str:
    version = (
        "" if dashboard.is_newest or not dashboard.report else f"?version={dashboard.report.number}"
    )
    return dashboard.url("reader", place=place) + version
