"""How far the readers of a batch agree, for people who do not read in the study any more."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.firewall import is_still_reading
from annotations.models import AgreementReport, Batch
from annotations.services import exposures
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement_lines import class_lines, number
from annotations.views.matrix import reader_names


@never_cache
@needs("view_agreementreport")
@require_safe
def batch_agreement(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the agreement per class, each number with a sentence, the most disputed first."""
    visible = Batch.objects.visible_to(request.user).select_related("study__taxonomy")
    batch = get_object_or_404(visible, pk=pk)
    reports = AgreementReport.objects.visible_to(request.user).newest()
    report = reports.filter(batch=batch).first()
    if report:
        own = Batch.objects.filter(pk=batch.pk)
        exposures.results(batches=own, user=request.user, now=timezone.now())
    context = {
        "batch": batch,
        "study": batch.study,
        "is_hidden": is_still_reading(batch.study, request.user),
        "report": report,
        **(_shown(report, batch, request) if report else {}),
    }
    return render(request, "batches/agreement.html", context)


def _shown(report: AgreementReport, batch: Batch, request: SignedInRequest) -> dict[str, object]:
    results = report.results
    names = {str(pk): name for pk, name in reader_names(batch, request.user).items()}
    classes = {item.code: item for item in batch.taxonomy.classes.all()}
    lines = class_lines(results, classes, names)
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
