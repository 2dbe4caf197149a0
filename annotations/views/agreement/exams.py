"""The Exams tab: the exams behind the counts of a report, and each reader's answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.models import DiagnosticClass, Exam
from annotations.services.agreement import drilldown
from annotations.services.agreement.drilldown import Cell, ExamFilter, ExamStates, Pair
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import page
from annotations.views.agreement.page import AgreementPage
from annotations.views.agreement.readers import chosen_class, class_options

EXAMS_PER_PAGE = 50

NAMES: Mapping[ExamFilter, Promise] = {
    ExamFilter.SOME: gettext_lazy("Marked by some"),
    ExamFilter.ALL: gettext_lazy("Marked by all"),
    ExamFilter.ANY: gettext_lazy("Marked by at least one"),
    ExamFilter.NONE: gettext_lazy("Not marked by any reader"),
    ExamFilter.NOT_ASSESSABLE: gettext_lazy("Called not assessable"),
}


@never_cache
@needs("view_agreementreport")
@require_safe
def exams(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """List the exams that match the selected filter for a class, one page at a time.

    Raises:
        Http404: the report has no such class or readers.
    """
    dashboard = page.agreement_page(request, pk, slug)
    context = _exams(dashboard, request) if dashboard.report else None
    return page.page(request, dashboard, "exams", context)


@never_cache
@needs("view_agreementreport")
@require_safe
def exam(
    request: SignedInRequest, code: str, pk: int | None = None, slug: str = ""
) -> HttpResponse:
    """Show an exam with the answers of each reader.

    Raises:
        Http404: the exam is not in the report, or the user may not see it.
    """
    dashboard = page.agreement_page(request, pk, slug)
    context = _exam(dashboard, request, code) if dashboard.report else None
    return page.page(request, dashboard, "exam", context)


def _exams(dashboard: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    options = class_options(dashboard)
    of = _class(dashboard, request.GET.get("class", ""), options)
    pair = _pair(dashboard, request)
    selection = pair or _exam_filter(request)
    after = request.GET.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 19 else 0
    rows = drilldown.find_exams(
        dashboard.report, of.code, selection, after=start, limit=EXAMS_PER_PAGE + 1
    ) if dashboard.report and dashboard.are_readings_open else []  # fmt: skip
    line = next(row for row in dashboard.results["classes"] if row["class"] == of.code)
    query = {"class": of.code, **_query(selection, request)}
    counts = _counts(line)
    return {
        "of": of,
        "options": options,
        "exam_filter": selection if isinstance(selection, ExamFilter) else "",
        "pair": pair and {**_pair_text(dashboard, pair), "cell": pair.cell},
        "filter_tabs": [
            {"key": exam_filter, "name": name, "n": counts.get(exam_filter)}
            for exam_filter, name in NAMES.items()
        ],
        "line": line,
        "count": _pair_count(dashboard, pair, of) if pair else counts.get(_exam_filter(request)),
        "rows": [_row(dashboard, row, query) for row in rows[:EXAMS_PER_PAGE]],
        "is_closed_yet": not dashboard.are_readings_open,
        "is_first": not start,
        "first_url": "?" + urlencode(query),
        "next_url": "?" + urlencode({**query, "after": rows[EXAMS_PER_PAGE - 1].exam_id})
        if len(rows) > EXAMS_PER_PAGE
        else "",
        "per_page": EXAMS_PER_PAGE,
    }


def _exam(dashboard: AgreementPage, request: SignedInRequest, code: str) -> dict[str, object]:
    visible = Exam.objects.visible_to(request.user).not_read_by(request.user)
    selected = get_object_or_404(visible.select_related("dataset"), code=code)
    is_open = dashboard.report is not None and dashboard.are_readings_open
    answers = (
        drilldown.of_exam(dashboard.report, selected.pk) if is_open and dashboard.report else None
    )
    if answers is None:
        raise Http404
    readers, states = answers
    of = chosen_class(dashboard, request.GET.get("class", ""))
    class_answers = [
        (dashboard.classes[name], digits)
        for name, digits in states.items()
        if name in dashboard.classes
    ]
    class_answers.sort(key=lambda pair: (not _is_disputed(pair[1]), pair[0].position))
    return {
        "exam": selected,
        "of": of,
        "readers": [dashboard.names.get(str(reader), "?") for reader in readers],
        "answers": [
            {"of": class_, "states": list(digits), "is_disputed": _is_disputed(digits)}
            for class_, digits in class_answers
        ],
        "tracings": list(selected.tracings.order_by("position").values_list("position", flat=True)),
        "back": f"{dashboard.url('exams')}?{request.GET.urlencode()}",
        "sheet_words": {
            "missing": _("not recorded"),
            "flat": _("flat"),
            "derived": _("derived"),
            "label": _("ECG of exam %(code)s") % {"code": selected.code},
        },
    }


def _is_disputed(digits: str) -> bool:
    return "1" in digits and "2" in digits


def _class(
    dashboard: AgreementPage, code: str, options: Sequence[Mapping[str, Any]]
) -> DiagnosticClass:
    if not code:
        return options[0]["of"]  # type: ignore[no-any-return]
    if (of := chosen_class(dashboard, code)) is None:
        raise Http404
    return of


def _exam_filter(request: SignedInRequest) -> ExamFilter:
    value = request.GET.get("said", "")
    return ExamFilter(value) if value in list(ExamFilter) else ExamFilter.SOME


def _pair(dashboard: AgreementPage, request: SignedInRequest) -> Pair | None:
    cell = request.GET.get("cell", "")
    if cell not in list(Cell):
        return None
    ids: list[str] = dashboard.results["readers"]
    places = [request.GET.get(name, "") for name in ("first", "second")]
    try:
        first, second = (int(ids[int(place) - 1]) for place in places if int(place) > 0)
    except (ValueError, IndexError):
        raise Http404 from None
    return Pair(first, second, Cell(cell))


def _query(selection: ExamFilter | Pair, request: SignedInRequest) -> dict[str, str]:
    if isinstance(selection, ExamFilter):
        return {"said": selection}
    return {name: request.GET[name] for name in ("first", "second", "cell")}


def _counts(line: Mapping[str, Any]) -> dict[ExamFilter, int]:
    """Return how many exams each filter selects.

    ``NOT_ASSESSABLE`` has no count, because reports count readings, not exams, as not assessable.
    """
    some, every = line["n_positive_any"], line["n_positive_all"]
    return {
        ExamFilter.ANY: some,
        ExamFilter.ALL: every,
        ExamFilter.SOME: some - every,
        ExamFilter.NONE: line["n_exams"] - some,
    }


def _pair_count(dashboard: AgreementPage, pair: Pair, of: DiagnosticClass) -> int:
    results = dashboard.results
    column = [row["class"] for row in results["classes"]].index(of.code)
    places = [results["readers"].index(str(reader)) for reader in (pair.first, pair.second)]
    turned = {Cell.FIRST: Cell.SECOND, Cell.SECOND: Cell.FIRST}
    for row in results["pairs"]:
        if row["readers"] == places:
            return int(row[pair.cell][column])
        if row["readers"] == places[::-1]:
            return int(row[turned.get(pair.cell, pair.cell)][column])
    return 0


def _pair_text(dashboard: AgreementPage, pair: Pair) -> dict[str, str]:
    names = {
        "first": dashboard.names[str(pair.first)],
        "second": dashboard.names[str(pair.second)],
    }
    sentences = {
        Cell.BOTH: _("Marked by %(first)s and %(second)s"),
        Cell.FIRST: _("Marked by %(first)s, not by %(second)s"),
        Cell.SECOND: _("Marked by %(second)s, not by %(first)s"),
        Cell.NEITHER: _("Marked by neither %(first)s nor %(second)s"),
    }
    return {**names, "sentence": sentences[pair.cell] % names}


def _row(dashboard: AgreementPage, row: ExamStates, query: Mapping[str, str]) -> dict[str, object]:
    def names(readers: Sequence[int]) -> list[str]:
        return [dashboard.names.get(str(reader), "?") for reader in readers]

    return {
        "code": row.code,
        "url": f"{dashboard.url('exam', code=row.code)}?{urlencode(query)}",
        "present": names(row.present),
        "absent": names(row.absent),
        "not_assessable": names(row.not_assessable),
    }
