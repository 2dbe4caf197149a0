"""The agreement to take along: the tables as CSV and JSON, the forest plot as SVG and PDF."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import AgreementReport
from annotations.services.agreement import details, versions
from annotations.services.blinding import results_seen
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import certainty, page
from annotations.views.agreement import download_rows as rows
from annotations.views.agreement.class_table import MAIN
from annotations.views.agreement.numbers import MEASURES, wording
from annotations.views.agreement.page import AgreementPage
from annotations.views.agreement.subjects import groups
from ecgreview import agreement, report_writing
from ecgreview.agreement.accuracy import paired_errors
from ecgreview.agreement.reports.measured import without_points
from ecgreview.report_writing.forest import svg as forest_svg


@never_cache
@needs("view_agreementreport")
@require_safe
def file(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Hand out what ?table= and ?format= ask for, as csv or json.

    Of classes and groups, also the forest plot of ?measure= as svg and pdf; of pairs those of
    ?class=; the points of a measurement are those of ?of= and ?pair=, as csv.

    Raises:
        Http404: there is no report, or no such file of it.
    """
    found = page.agreement_page(request, pk, slug)
    table, form = request.GET.get("table", "classes"), request.GET.get("format", "csv")
    make = FILES.get((table, form))
    if make is None or found.report is None:
        raise Http404
    response = make(found, found.report, request)
    name = f"{slugify(found.title)}-agreement-{found.report.number}-{table}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _classes_csv(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return _csv(rows.classes(found))


def _classes_json(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return JsonResponse({**_about(found, report), **without_points(_named(found))})


def _groups_csv(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return _csv(rows.groups(found, _part(found, "groups")))


def _groups_json(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return JsonResponse({**_about(found, report), "groups": _part(found, "groups")})


def _certainty_csv(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return _csv(rows.certainty(found, _part(found, "certainty")))


def _certainty_json(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return JsonResponse({**_about(found, report), "certainty": _part(found, "certainty")})


def _measured_csv(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return _csv(rows.measured(found, _part(found, "measured")))


def _measured_json(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    told = {"readers": _named(found)["readers"], "measured": _part(found, "measured")}
    return JsonResponse({**_about(found, report), **without_points(told)})


def _points_csv(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    """Hand out the measurements of a pair, which wait until nobody reads these exams any more."""
    measured = _part(found, "measured")
    if not measured or not found.are_readings_open:
        raise Http404
    of, pair = certainty.chosen(found, request)
    return _csv(rows.points(found, measured[of], measured[of]["pairs"][pair]))


def _pairs_csv(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return _csv(rows.pairs(_pair_lines(found, request)))


def _pairs_json(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return JsonResponse({**_about(found, report), "pairs": _pair_lines(found, request)})


def _errors_csv(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return _csv(rows.errors(_error_lines(found, report)))


def _errors_json(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return JsonResponse({**_about(found, report), "errors": _error_lines(found, report)})


def _error_lines(found: AgreementPage, report: AgreementReport) -> list[dict[str, Any]]:
    """Return the tests of errors against references, which wait until readings are open.

    Raises:
        Http404: there are none for this person.
    """
    detail = details.errors_of(report, found.user)
    if detail is None or not detail.comparisons:
        raise Http404
    results_seen.results_of_study(study=found.study, user=found.user, now=timezone.now())
    names = {int(reader): name for reader, name in found.names.items()}
    kinds = zip(found.results["readers"], found.results.get("kinds", []), strict=False)
    return list(
        paired_errors.lines(detail.comparisons, names, {int(one): kind for one, kind in kinds})
    )


def _forest_svg(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return HttpResponse(_forest(found, request), content_type="image/svg+xml; charset=utf-8")


def _group_forest_svg(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    drawn = _group_forest(found, request)
    return HttpResponse(drawn, content_type="image/svg+xml; charset=utf-8")


def _group_forest_pdf(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    drawn = report_writing.figure_pdf(_group_forest(found, request))
    return HttpResponse(drawn, content_type="application/pdf")


def _forest_pdf(
    found: AgreementPage, report: AgreementReport, request: SignedInRequest
) -> HttpResponse:
    return HttpResponse(
        report_writing.figure_pdf(_forest(found, request)), content_type="application/pdf"
    )


FILES: Mapping[
    tuple[str, str], Callable[[AgreementPage, AgreementReport, SignedInRequest], HttpResponse]
] = {
    ("classes", "csv"): _classes_csv,
    ("classes", "json"): _classes_json,
    ("classes", "svg"): _forest_svg,
    ("classes", "pdf"): _forest_pdf,
    ("groups", "csv"): _groups_csv,
    ("groups", "json"): _groups_json,
    ("groups", "svg"): _group_forest_svg,
    ("groups", "pdf"): _group_forest_pdf,
    ("certainty", "csv"): _certainty_csv,
    ("certainty", "json"): _certainty_json,
    ("measurements", "csv"): _measured_csv,
    ("measurements", "json"): _measured_json,
    ("points", "csv"): _points_csv,
    ("errors", "csv"): _errors_csv,
    ("errors", "json"): _errors_json,
    ("pairs", "csv"): _pairs_csv,
    ("pairs", "json"): _pairs_json,
}


def _about(found: AgreementPage, report: AgreementReport) -> dict[str, object]:
    """Return what the numbers are of, for whoever finds the file without the page."""
    return {
        "study": found.study.slug,
        "batch": found.batch.name if found.batch else None,
        "number": report.number,
        "computed_at": report.computed_at,
        "inputs_digest": report.inputs_digest,
        "method_version": report.method_version,
        "protocol_version": report.protocol_version,
        "taxonomy": str(report.taxonomy),
    }


def _named(found: AgreementPage) -> Mapping[str, Any]:
    return versions.named(found.results, found.names)


def _pair_lines(found: AgreementPage, request: SignedInRequest) -> list[dict[str, Any]]:
    code = request.GET.get("class", "")
    if code not in {one["class"] for one in found.results["classes"]}:
        raise Http404
    return agreement.pair_lines(_named(found), classes=[code])


def _part(found: AgreementPage, name: str) -> Any:
    """Return a part of the results that versions of before it have not.

    Raises:
        Http404: this is one of those.
    """
    if name not in found.results:
        raise Http404
    return found.results[name]


def _forest(found: AgreementPage, request: SignedInRequest) -> str:
    """Return the plot in the language of the page, its classes by their names."""
    titles = {code: of.local_name for code, of in found.classes.items()}
    return _drawn(found.results, titles, request)


def _group_forest(found: AgreementPage, request: SignedInRequest) -> str:
    """Return the same of groups; the mean of the classes is not theirs."""
    lines = _part(found, "groups")
    titles = {code: of.local_name for code, of in groups(found.results, found.classes).items()}
    overall = {**found.results["overall"], "macro": {}}
    return _drawn({**found.results, "classes": lines, "overall": overall}, titles, request)


def _drawn(results: Mapping[str, Any], titles: Mapping[str, str], request: SignedInRequest) -> str:
    measure = request.GET.get("measure", MAIN)
    if measure not in MEASURES:
        raise Http404
    return forest_svg(report_writing.with_class_names(results, titles), measure, wording())


def _csv(made: rows.Rows) -> HttpResponse:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(made)
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
