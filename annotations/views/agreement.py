"""How far the readers of a batch or study agree, for people who do not read in it any more."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.views import agreement_scope
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement_lines import class_lines, number
from annotations.views.agreement_scope import Shown


@never_cache
@needs("view_agreementreport")
@require_safe
def classes(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show the agreement per class, each number with a sentence, the most disputed first."""
    found = agreement_scope.shown(request, pk, slug)
    return agreement_scope.page(request, found, "", _classes(found) if found.report else None)


def _classes(found: Shown) -> dict[str, object]:
    results = found.results
    lines = class_lines(results, found.classes, found.names)
    overall = results["overall"]
    return {
        "lines": lines,
        "n_not_given": len(results["classes"]) - len(lines),
        "n_compared": results["n_exams_compared"],
        "n_exams": results["n_exams_given"],
        "exact_set": number(overall["exact_set"], as_percent=True),
        "overlap": number(overall["mean_jaccard"], as_percent=True),
        "macro_alpha": number(overall["macro"]["krippendorff_alpha"]),
        "n_defined": overall["macro"]["krippendorff_alpha"]["n_defined"],
    }
