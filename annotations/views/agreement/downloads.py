"""Agreement downloads: tables as CSV and JSON, the forest plot as SVG and PDF."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Download:
    """A requested file, and the report whose numbers it contains."""

    dashboard: AgreementPage
    report: AgreementReport
    request: SignedInRequest


@never_cache
@needs("view_agreementreport")
@require_safe
def file(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Return the table named by ``?table=``, or its forest plot.

    ``?format=`` is csv or json for a table, svg or pdf for a plot. Only the tables "classes" and
    "groups" have a plot, which shows ``?measure=``. The table "pairs" needs ``?class=``. The table
    "points" exists as csv only; ``?of=`` and ``?pair=`` select the measurement and the readers.

    Raises:
        Http404: there is no report, or the table, format, class or measure does not exist.
    """
    dashboard = page.agreement_page(request, pk, slug)
    table, format_ = request.GET.get("table", "classes"), request.GET.get("format", "csv")
    if dashboard.report is None:
        raise Http404
    response = _response(Download(dashboard, dashboard.report, request), table, format_)
    name = f"{slugify(dashboard.title)}-agreement-{dashboard.report.number}-{table}.{format_}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _response(download: Download, table: str, format_: str) -> HttpResponse:
    if format_ == "csv" and table in CSV_ROWS:
        return _csv(CSV_ROWS[table](download))
    if format_ == "json" and table in JSON_PARTS:
        return JsonResponse({**_about(download), **JSON_PARTS[table](download)})
    if format_ == "svg" and table in FORESTS:
        plot = FORESTS[table](download)
        return HttpResponse(plot, content_type="image/svg+xml; charset=utf-8")
    if format_ == "pdf" and table in FORESTS:
        figure = report_writing.figure_pdf(FORESTS[table](download))
        return HttpResponse(figure, content_type="application/pdf")
    raise Http404


def _about(download: Download) -> dict[str, object]:
    """Return which report the numbers come from, for people who have only the file."""
    dashboard, report = download.dashboard, download.report
    return {
        "study": dashboard.study.slug,
        "batch": dashboard.batch.name if dashboard.batch else None,
        "number": report.number,
        "computed_at": report.computed_at,
        "inputs_digest": report.inputs_digest,
        "method_version": report.method_version,
        "protocol_version": report.protocol_version,
        "taxonomy": str(report.taxonomy),
    }


def _part(download: Download, name: str) -> Any:
    """Return a section of the results.

    Raises:
        Http404: the report was computed before reports had this section.
    """
    results = download.dashboard.results
    if name not in results:
        raise Http404
    return results[name]


def _with_names(download: Download) -> Mapping[str, Any]:
    return versions.named(download.dashboard.results, download.dashboard.names)


def _measurements(download: Download) -> Mapping[str, Any]:
    measured = _part(download, "measured")
    return without_points({"readers": _with_names(download)["readers"], "measured": measured})


def _points(download: Download) -> rows.Rows:
    """Return the measurements of one pair, exam by exam.

    Raises:
        Http404: nothing was measured, or the user may not see individual readings yet.
    """
    dashboard = download.dashboard
    measured = _part(download, "measured")
    if not measured or not dashboard.are_readings_open:
        raise Http404
    of, pair = certainty.chosen(dashboard, download.request)
    return rows.points(dashboard, measured[of], measured[of]["pairs"][pair])


def _pairs(download: Download) -> list[dict[str, Any]]:
    code = download.request.GET.get("class", "")
    if code not in {line["class"] for line in download.dashboard.results["classes"]}:
        raise Http404
    return agreement.pair_lines(_with_names(download), classes=[code])


def _errors(download: Download) -> list[dict[str, Any]]:
    """Return McNemar's tests of the readers' errors, and record that the user saw results.

    Raises:
        Http404: there are none that the user may see.
    """
    dashboard = download.dashboard
    detail = details.errors_of(download.report, dashboard.user)
    if detail is None or not detail.comparisons:
        raise Http404
    results_seen.results_of_study(study=dashboard.study, user=dashboard.user, now=timezone.now())
    names = {int(reader): name for reader, name in dashboard.names.items()}
    results = dashboard.results
    kinds = zip(results["readers"], results.get("kinds", []), strict=False)
    kind_of = {int(reader): kind for reader, kind in kinds}
    return list(paired_errors.lines(detail.comparisons, names, kind_of))


def _forest_of_classes(download: Download) -> str:
    dashboard = download.dashboard
    titles = {code: class_.local_name for code, class_ in dashboard.classes.items()}
    return _forest(download, dashboard.results, titles)


def _forest_of_groups(download: Download) -> str:
    """Draw the groups without the macro average, which belongs to the classes."""
    lines = _part(download, "groups")
    results = download.dashboard.results
    subjects = groups(results, download.dashboard.classes)
    titles = {code: group.local_name for code, group in subjects.items()}
    overall = {**results["overall"], "macro": {}}
    return _forest(download, {**results, "classes": lines, "overall": overall}, titles)


def _forest(download: Download, results: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return the plot as SVG, in the language of the page.

    Raises:
        Http404: there is no such measure.
    """
    measure = download.request.GET.get("measure", MAIN)
    if measure not in MEASURES:
        raise Http404
    return forest_svg(report_writing.with_class_names(results, titles), measure, wording())


def _csv(lines: rows.Rows) -> HttpResponse:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")


CSV_ROWS: Mapping[str, Callable[[Download], rows.Rows]] = {
    "classes": lambda download: rows.classes(download.dashboard),
    "groups": lambda download: rows.groups(download.dashboard, _part(download, "groups")),
    "certainty": lambda download: rows.certainty(download.dashboard, _part(download, "certainty")),
    "measurements": lambda download: rows.measured(download.dashboard, _part(download, "measured")),
    "points": _points,
    "errors": lambda download: rows.errors(_errors(download)),
    "pairs": lambda download: rows.pairs(_pairs(download)),
}

JSON_PARTS: Mapping[str, Callable[[Download], Mapping[str, Any]]] = {
    "classes": lambda download: without_points(_with_names(download)),
    "groups": lambda download: {"groups": _part(download, "groups")},
    "certainty": lambda download: {"certainty": _part(download, "certainty")},
    "measurements": _measurements,
    "errors": lambda download: {"errors": _errors(download)},
    "pairs": lambda download: {"pairs": _pairs(download)},
}

FORESTS: Mapping[str, Callable[[Download], str]] = {
    "classes": _forest_of_classes,
    "groups": _forest_of_groups,
}
