"""One reader: where they stand, beside the others, over time, and with themselves."""

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

AGAINST = {one.value: one for one in Against}


@never_cache
@needs("view_agreementreport")
@require_safe
def reader(
    request: SignedInRequest, place: int, pk: int | None = None, slug: str = ""
) -> HttpResponse:
    """Show the reader at ``place`` in the list of the report, from 1.

    Raises:
        Http404: the report has no such reader.
    """
    found = page.agreement_page(request, pk, slug)
    wanted = request.GET.get("against", "")
    context = _context(found, found.report, place, wanted) if found.report else None
    return page.page(request, found, "profile", context)


def _context(
    found: AgreementPage, report: AgreementReport, place: int, wanted: str
) -> dict[str, object]:
    readers = found.results["readers"]
    if not 1 <= place <= len(readers):
        raise Http404
    reader_id = readers[place - 1]
    context: dict[str, object] = {
        "name": found.names[reader_id],
        "before": _address(found, place - 1) if place > 1 else "",
        "after": _address(found, place + 1) if place < len(readers) else "",
        "repeats": lines.repeats(found.results, place - 1, found.classes),
        "latent": lines.latent(found.results, place - 1, found.classes),
        "no_latent": lines.no_latent(found.results),
        "pooled": pooled_table.skills(found.results, place - 1, found.classes),
    }
    detail = details.reader_of(report, found.user, int(reader_id))
    if detail is None:
        return {**context, "is_old": not details.has_details(report)}
    if detail.refusal:
        return {**context, "refusal": detail.refusal.value}
    return {**context, **_profile(found, detail, reader_id, AGAINST.get(wanted))}


def _profile(
    found: AgreementPage, detail: ReaderDetail, reader_id: str, wanted: Against | None
) -> dict[str, object]:
    profile = detail.against(wanted)
    if profile.against is Against.CONSENSUS and profile.n_compared:
        results_seen.results_of_study(study=found.study, user=found.user, now=timezone.now())
    kinds = DiagnosticClass.objects.filter(taxonomy=detail.taxonomy_id)
    classes = {one.code: one for one in kinds.filter(code__in=profile.codes)}
    reference = found.names.get(str(profile.reference_id), "")
    offers_reference = Against.REFERENCE in detail.profiles and any(
        one.is_offered.get(Against.REFERENCE) for one in detail.profiles.values()
    )
    more = {"reference_name": reference, "offers_reference": offers_reference}
    return {"profile": profile, **more, **lines.profile_context(profile, reader_id, found, classes)}


def _address(found: AgreementPage, place: int) -> str:
    version = "" if found.is_newest or not found.report else f"?version={found.report.number}"
    return found.url("reader", place=place) + version
