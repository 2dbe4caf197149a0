"""One reader: where they stand, beside the others, over time, and with themselves."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.services import agreement_profiles, agreement_said, exposures, mappings
from annotations.services.agreement_profiles import Against
from annotations.views import agreement_borrowed, agreement_scope
from annotations.views import agreement_profile_lines as lines
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement_scope import Shown

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
    found = agreement_scope.shown(request, pk, slug)
    context = _context(found, place, request.GET.get("against", "")) if found.report else None
    return agreement_scope.page(request, found, "profile", context)


def _context(found: Shown, place: int, against: str) -> dict[str, object]:
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
        "borrowed": agreement_borrowed.skills(found.results, place - 1, found.classes),
    }
    try:
        profile = agreement_profiles.of_reader(
            found.scope,
            found.study,
            int(reader_id),
            found.user,
            zone=timezone.get_current_timezone(),
            against=AGAINST.get(against),
        )
    except mappings.NoMapping:
        return {**context, "no_mapping": True}
    except agreement_said.TooMany:
        return {**context, "is_too_large": True}
    if profile.against is Against.CONSENSUS and profile.n_compared:
        exposures.results_of_study(study=found.study, user=found.user, now=timezone.now())
    classes = {one.code: one for one in found.study.taxonomy.classes.all()}
    return {**context, "profile": profile, **lines.shown(profile, reader_id, found, classes)}


def _address(found: Shown, place: int) -> str:
    version = "" if found.is_newest or not found.report else f"?version={found.report.number}"
    return found.url("reader", place=place) + version
