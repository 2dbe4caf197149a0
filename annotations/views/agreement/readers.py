"""Who agrees with whom: all pairs of readers at a glance, and one pair in full."""

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

MANY_READERS = 9
"""From so many on, the columns of the matrix are numbered, and the rows say who has which."""


@never_cache
@needs("view_agreementreport")
@require_safe
def readers(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show Cohen's kappa of every two readers, over all classes or of one."""
    found = page.agreement_page(request, pk, slug)
    context = _readers(found, request) if found.report else None
    return page.page(request, found, "readers", context)


@never_cache
@needs("view_agreementreport")
@require_safe
def pair(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show what two readers said of each class, and of one of them every coefficient.

    ``?first=`` and ``?second=`` are their places in the list of the report, from 1; by default the
    first pair.

    Raises:
        Http404: the report has no such readers, or they have no exam in common.
    """
    found = page.agreement_page(request, pk, slug)
    context = _pair(found, request) if found.report else None
    return page.page(request, found, "pair", context)


def chosen_class(found: AgreementPage, code: str) -> DiagnosticClass | None:
    """Return the class of this code that the report has, or None."""
    has_it = any(one["class"] == code for one in found.results["classes"])
    return found.classes.get(code) if has_it else None


def class_options(found: AgreementPage) -> list[dict[str, object]]:
    """Return the classes as they are offered: those that somebody gave, the most disputed first."""
    given = sorted(
        found.results["classes"],
        key=lambda one: (one["n_positive_all"] - one["n_positive_any"], -one["n_positive_any"]),
    )
    return [
        {
            "of": found.classes[one["class"]],
            "n_any": one["n_positive_any"],
            "n_disputed": one["n_positive_any"] - one["n_positive_all"],
        }
        for one in given
    ]


def _readers(found: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    of = chosen_class(found, request.GET.get("class", ""))
    is_sorted = request.GET.get("sort") == "mean"
    rows = matrix(found.results, found.names, of.code if of else "", is_sorted=is_sorted)
    light = _line(found, of.code)["light_kappa"] if of else None
    return {
        "of": of,
        "options": class_options(found),
        "rows": rows,
        "is_sorted": is_sorted,
        "has_many": len(rows) >= MANY_READERS,
        "n_pairs": len(found.results["pairs"]),
        "light": numbers.number(light) if light else None,
    }


def _pair(found: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    results = found.results
    row = _row_of_pair(results, request)
    classes = [one["class"] for one in results["classes"]]
    lines = agreement.pair_lines({**results, "pairs": [row]})
    of = chosen_class(found, request.GET.get("class", "")) or found.classes[_most_disputed(lines)]
    line = lines[classes.index(of.code)]
    first, second = (results["readers"][place] for place in row["readers"])
    query = {"first": row["readers"][0] + 1, "second": row["readers"][1] + 1}
    return {
        "of": of,
        "first": found.names[first],
        "second": found.names[second],
        "profiles": [
            {"name": found.names[results["readers"][at]], "url": found.url("reader", place=at + 1)}
            for at in row["readers"]
        ],
        "line": line,
        "n_exams": sum(line[cell] for cell in Cell),
        "cells": {
            cell.value: {"n": line[cell], "url": _exams(found, of.code, {**query, "cell": cell})}
            for cell in Cell
        },
        "measures": [
            {"told": told, "number": numbers.of(name, line)} for name, told in PAIR_MEASURES.items()
        ],
        "lines": _class_rows(found, lines, query),
        "errors": paired_errors.section(found, (first, second), request.GET.get("against", "")),
        "pair_query": urlencode({**query, "class": of.code}),
    }


def _row_of_pair(results: Mapping[str, Any], request: SignedInRequest) -> Mapping[str, Any]:
    places = [request.GET.get(name, "") for name in ("first", "second")]
    wanted = sorted(int(place) - 1 for place in places if place.isdecimal() and len(place) < 6)
    pairs: list[Mapping[str, Any]] = results["pairs"]
    if pairs and not any(places):
        return pairs[0]
    for row in pairs:
        if sorted(row["readers"]) == wanted:
            return row
    raise Http404


def _most_disputed(lines: list[dict[str, Any]]) -> str:
    worst = max(lines, key=lambda line: (line["n10"] + line["n01"], line["n11"]))
    return str(worst["class"])


def _class_rows(
    found: AgreementPage, lines: list[dict[str, Any]], query: Mapping[str, object]
) -> list[dict[str, object]]:
    """Return the classes that either of the two gave, the most disputed first."""
    given = [line for line in lines if line["n11"] + line["n10"] + line["n01"]]
    given.sort(key=lambda line: (-line["n10"] - line["n01"], -line["n11"]))
    return [
        {
            "of": found.classes[line["class"]],
            "url": "?" + urlencode({**query, "class": line["class"]}),
            "cells": [
                {"n": line[cell], "url": _exams(found, line["class"], {**query, "cell": cell})}
                for cell in Cell
            ],
            "positive": numbers.of("positive_agreement", line),
            "kappa": numbers.of("cohen_kappa", line),
        }
        for line in given
    ]


def _line(found: AgreementPage, code: str) -> Mapping[str, Any]:
    lines: list[Mapping[str, Any]] = found.results["classes"]
    return next(one for one in lines if one["class"] == code)


def _exams(found: AgreementPage, code: str, query: Mapping[str, object]) -> str:
    return f"{found.url('exams')}?{urlencode({'class': code, **query})}"
