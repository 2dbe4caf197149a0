"""The agreement to take along: the tables as CSV and JSON, the forest plot as SVG and PDF."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import AgreementReport
from annotations.services import agreement_reports
from annotations.services.export import formula_safe
from annotations.views import agreement_scope
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement_lines import MAIN
from annotations.views.agreement_matrix import FIELDS
from annotations.views.agreement_numbers import MEASURES, PAIR_MEASURES, wording
from annotations.views.agreement_scope import Shown
from ecgreview import agreement, writing
from ecgreview.writing.forest import svg as forest_svg

PARTS = ("estimate", "low", "high", "n", "reason", "method")
COUNTS = ("n_exams", "n_positive_any", "n_positive_all", "n_not_assessable")
CELLS = tuple(name for names in FIELDS for name in names)

Line = Mapping[str, Any]
Rows = Iterator[Sequence[object]]


@never_cache
@needs("view_agreementreport")
@require_safe
def file(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Hand out what ?table= and ?format= ask for: classes or pairs, of these csv and json.

    Of classes, also the forest plot of ?measure= as svg and pdf; of pairs those of ?class=.

    Raises:
        Http404: there is no report, or no such file of it.
    """
    found = agreement_scope.shown(request, pk, slug)
    table, form = request.GET.get("table", "classes"), request.GET.get("format", "csv")
    make = FILES.get((table, form))
    if make is None or found.report is None:
        raise Http404
    response = make(found, found.report, request)
    name = f"{slugify(found.title)}-agreement-{found.report.number}-{table}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _classes_csv(found: Shown, report: AgreementReport, request: SignedInRequest) -> HttpResponse:
    return _csv(_class_rows(found))


def _classes_json(found: Shown, report: AgreementReport, request: SignedInRequest) -> HttpResponse:
    return JsonResponse({**_about(found, report), **_named(found)})


def _pairs_csv(found: Shown, report: AgreementReport, request: SignedInRequest) -> HttpResponse:
    return _csv(_pair_rows(_pair_lines(found, request)))


def _pairs_json(found: Shown, report: AgreementReport, request: SignedInRequest) -> HttpResponse:
    return JsonResponse({**_about(found, report), "pairs": _pair_lines(found, request)})


def _forest_svg(found: Shown, report: AgreementReport, request: SignedInRequest) -> HttpResponse:
    return HttpResponse(_forest(found, request), content_type="image/svg+xml; charset=utf-8")


def _forest_pdf(found: Shown, report: AgreementReport, request: SignedInRequest) -> HttpResponse:
    return HttpResponse(writing.figure_pdf(_forest(found, request)), content_type="application/pdf")


FILES: Mapping[
    tuple[str, str], Callable[[Shown, AgreementReport, SignedInRequest], HttpResponse]
] = {
    ("classes", "csv"): _classes_csv,
    ("classes", "json"): _classes_json,
    ("classes", "svg"): _forest_svg,
    ("classes", "pdf"): _forest_pdf,
    ("pairs", "csv"): _pairs_csv,
    ("pairs", "json"): _pairs_json,
}


def _about(found: Shown, report: AgreementReport) -> dict[str, object]:
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


def _named(found: Shown) -> Mapping[str, Any]:
    return agreement_reports.named(found.results, found.names)


def _pair_lines(found: Shown, request: SignedInRequest) -> list[dict[str, Any]]:
    code = request.GET.get("class", "")
    if code not in {one["class"] for one in found.results["classes"]}:
        raise Http404
    return agreement.pair_lines(_named(found), classes=[code])


def _forest(found: Shown, request: SignedInRequest) -> str:
    """Return the plot in the language of the page, its classes by their names."""
    titles = {code: of.local_name for code, of in found.classes.items()}
    measure = request.GET.get("measure", MAIN)
    if measure not in MEASURES:
        raise Http404
    told = writing.with_class_names(found.results, titles)
    return forest_svg(told, measure, wording())


def _class_rows(found: Shown) -> Rows:
    ranges = [f"{name}_without_one_{end}" for name in MEASURES for end in ("low", "high")]
    columns = [f"{name}_{part}" for name in MEASURES for part in PARTS]
    yield ["class", "abbreviation", "name", "group", *COUNTS, *columns, *ranges]
    for line in found.results["classes"]:
        of = found.classes[line["class"]]
        without = line.get("without_one_reader", {})
        yield [
            of.code,
            formula_safe(of.abbreviation),
            formula_safe(of.name),
            of.group.code,
            *(line[count] for count in COUNTS),
            *(line[name][part] for name in MEASURES for part in PARTS),
            *(end for name in MEASURES for end in without.get(name) or ("", "")),
        ]


def _pair_rows(lines: Sequence[Line]) -> Rows:
    columns = [f"{name}_{part}" for name in PAIR_MEASURES for part in PARTS]
    yield ["first", "second", "class", *CELLS, *columns]
    for line in lines:
        yield [
            *(formula_safe(name) for name in line["readers"]),
            line["class"],
            *(line[cell] for cell in CELLS),
            *(line[name][part] for name in PAIR_MEASURES for part in PARTS),
        ]


def _csv(rows: Rows) -> HttpResponse:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
