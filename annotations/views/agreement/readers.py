"""The Readers tab: the matrix of all pairs of readers, and one pair in detail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import DiagnosticClass
from annotations.services.agreement.drilldown import Cell
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import numbers, page, paired_errors
from annotations.views.agreement.numbers import PAIR_MEASURES
from annotations.views.agreement.page import AgreementPage
from annotations.views.agreement.pair_matrix import matrix
from ecgreview import agreement

# From this many readers on, the columns of the matrix have numbers instead of names.
MANY_READERS = 9


@never_cache
@needs("view_agreementreport")
@require_safe
def readers(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show Cohen's kappa of every pair of readers, for all classes or one."""
    dashboard = page.agreement_page(request, pk, slug)
    context = _readers(dashboard, request) if dashboard.report else None
    return page.page(request, dashboard, "readers", context)


@never_cache
@needs("view_agreementreport")
@require_safe
def pair(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show the answers of two readers by class, and all coefficients of one class.

    ``?first=`` and ``?second=`` are positions in the reader list of the report, from 1; the default
    is the first pair.

    Raises:
        Http404: the report has no such readers, or they have no exam in common.
    """
    dashboard = page.agreement_page(request, pk, slug)
    context = _pair(dashboard, request) if dashboard.report else None
    return page.page(request, dashboard, "pair", context)


def chosen_class(dashboard: AgreementPage, code: str) -> DiagnosticClass | None:
    """Return the class with this code if the report has it, or None."""
    has_it = any(row["class"] == code for row in dashboard.results["classes"])
    return dashboard.classes.get(code) if has_it else None


def class_options(dashboard: AgreementPage) -> list[dict[str, object]]:
    """Return the classes for a selection list, most disputed first."""
    rows = sorted(
        dashboard.results["classes"],
        key=lambda row: (row["n_positive_all"] - row["n_positive_any"], -row["n_positive_any"]),
    )
    return [
        {
            "of": dashboard.classes[row["class"]],
            "n_any": row["n_positive_any"],
            "n_disputed": row["n_positive_any"] - row["n_positive_all"],
        }
        for row in rows
    ]


def _readers(dashboard: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    of = chosen_class(dashboard, request.GET.get("class", ""))
    is_sorted = request.GET.get("sort") == "mean"
    rows = matrix(dashboard.results, dashboard.names, of.code if of else "", is_sorted=is_sorted)
    light = _line(dashboard, of.code)["light_kappa"] if of else None
    return {
        "of": of,
        "options": class_options(dashboard),
        "rows": rows,
        "is_sorted": is_sorted,
        "has_many": len(rows) >= MANY_READERS,
        "n_pairs": len(dashboard.results["pairs"]),
        "light": numbers.number(light) if light else None,
    }


def _pair(dashboard: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    results = dashboard.results
    row = _row_of_pair(results, request)
    classes = [class_line["class"] for class_line in results["classes"]]
    lines = agreement.pair_lines({**results, "pairs": [row]})
    of = (
        chosen_class(dashboard, request.GET.get("class", ""))
        or dashboard.classes[_most_disputed(lines)]
    )
    line = lines[classes.index(of.code)]
    first, second = (results["readers"][place] for place in row["readers"])
    query = {"first": row["readers"][0] + 1, "second": row["readers"][1] + 1}
    return {
        "of": of,
        "first": dashboard.names[first],
        "second": dashboard.names[second],
        "profiles": [
            {
                "name": dashboard.names[results["readers"][at]],
                "url": dashboard.url("reader", place=at + 1),
            }
            for at in row["readers"]
        ],
        "line": line,
        "n_exams": sum(line[cell] for cell in Cell),
        "cells": {
            cell.value: {
                "n": line[cell],
                "url": _exams(dashboard, of.code, {**query, "cell": cell}),
            }
            for cell in Cell
        },
        "measures": [
            {"measure": measure, "number": numbers.of(name, line)}
            for name, measure in PAIR_MEASURES.items()
        ],
        "lines": _class_rows(dashboard, lines, query),
        "errors": paired_errors.section(dashboard, (first, second), request.GET.get("against", "")),
        "pair_query": urlencode({**query, "class": of.code}),
    }


def _row_of_pair(results: Mapping[str, Any], request: SignedInRequest) -> Mapping[str, Any]:
    places = [request.GET.get(name, "") for name in ("first", "second")]
    requested = sorted(int(place) - 1 for place in places if place.isdecimal() and len(place) < 6)
    pairs: list[Mapping[str, Any]] = results["pairs"]
    if pairs and not any(places):
        return pairs[0]
    for row in pairs:
        if sorted(row["readers"]) == requested:
            return row
    raise Http404


def _most_disputed(lines: list[dict[str, Any]]) -> str:
    worst = max(lines, key=lambda line: (line["n10"] + line["n01"], line["n11"]))
    return str(worst["class"])


def _class_rows(
    dashboard: AgreementPage, lines: list[dict[str, Any]], query: Mapping[str, object]
) -> list[dict[str, object]]:
    """Return a row per class that at least one of the two readers marked, most disputed first."""
    marked = [line for line in lines if line["n11"] + line["n10"] + line["n01"]]
    marked.sort(key=lambda line: (-line["n10"] - line["n01"], -line["n11"]))
    return [
        {
            "of": dashboard.classes[line["class"]],
            "url": "?" + urlencode({**query, "class": line["class"]}),
            "cells": [
                {"n": line[cell], "url": _exams(dashboard, line["class"], {**query, "cell": cell})}
                for cell in Cell
            ],
            "positive": numbers.of("positive_agreement", line),
            "kappa": numbers.of("cohen_kappa", line),
        }
        for line in marked
    ]


def _line(dashboard: AgreementPage, code: str) -> Mapping[str, Any]:
    lines: list[Mapping[str, Any]] = dashboard.results["classes"]
    return next(class_line for class_line in lines if class_line["class"] == code)


def _exams(dashboard: AgreementPage, code: str, query: Mapping[str, object]) -> str:
    return f"{dashboard.url('exams')}?{urlencode({'class': code, **query})}"
