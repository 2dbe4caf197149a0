"""The exams behind every count of the agreement: where readers differ, and who said what."""

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
    ExamFilter.NONE: gettext_lazy("Marked by nobody"),
    ExamFilter.NOT_ASSESSABLE: gettext_lazy("Not assessable for a reader"),
}


@never_cache
@needs("view_agreementreport")
@require_safe
def exams(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """List the exams of which readers said this or that of a class, a page at a time.

    Raises:
        Http404: the report has no such class or readers.
    """
    found = page.agreement_page(request, pk, slug)
    context = _exams(found, request) if found.report else None
    return page.page(request, found, "exams", context)


@never_cache
@needs("view_agreementreport")
@require_safe
def exam(
    request: SignedInRequest, code: str, pk: int | None = None, slug: str = ""
) -> HttpResponse:
    """Show an exam with what each of its readers said.

    Raises:
        Http404: it is not counted here, or the person may not look at it.
    """
    found = page.agreement_page(request, pk, slug)
    context = _exam(found, request, code) if found.report else None
    return page.page(request, found, "exam", context)


def _exams(found: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    options = class_options(found)
    of = _class(found, request.GET.get("class", ""), options)
    pair = _pair(found, request)
    what = pair or _said(request)
    after = request.GET.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 19 else 0
    rows = drilldown.behind(
        found.report, of.code, what, after=start, limit=EXAMS_PER_PAGE + 1
    ) if found.report and found.are_readings_open else []  # fmt: skip
    line = next(one for one in found.results["classes"] if one["class"] == of.code)
    query = {"class": of.code, **_query(what, request)}
    counts = _counts(line)
    return {
        "of": of,
        "options": options,
        "said": what if isinstance(what, ExamFilter) else "",
        "pair": pair and {**_pair_words(found, pair), "cell": pair.cell},
        "tabs_of_said": [
            {"key": said, "name": name, "n": counts.get(said)} for said, name in NAMES.items()
        ],
        "line": line,
        "count": _pair_count(found, pair, of) if pair else counts.get(_said(request)),
        "rows": [_row(found, one, query) for one in rows[:EXAMS_PER_PAGE]],
        "is_closed_yet": not found.are_readings_open,
        "is_first": not start,
        "first_url": "?" + urlencode(query),
        "next_url": "?" + urlencode({**query, "after": rows[EXAMS_PER_PAGE - 1].exam_id})
        if len(rows) > EXAMS_PER_PAGE
        else "",
        "per_page": EXAMS_PER_PAGE,
    }


def _exam(found: AgreementPage, request: SignedInRequest, code: str) -> dict[str, object]:
    visible = Exam.objects.visible_to(request.user).not_read_by(request.user)
    one = get_object_or_404(visible.select_related("dataset"), code=code)
    is_open = found.report is not None and found.are_readings_open
    told = drilldown.of_exam(found.report, one.pk) if is_open and found.report else None
    if told is None:
        raise Http404
    readers, states = told
    of = chosen_class(found, request.GET.get("class", ""))
    given = [(found.classes[name], said) for name, said in states.items() if name in found.classes]
    given.sort(key=lambda pair: (not _is_disputed(pair[1]), pair[0].position))
    return {
        "exam": one,
        "of": of,
        "readers": [found.names.get(str(reader), "?") for reader in readers],
        "said": [
            {"of": of_one, "states": list(digits), "is_disputed": _is_disputed(digits)}
            for of_one, digits in given
        ],
        "tracings": list(one.tracings.order_by("position").values_list("position", flat=True)),
        "back": f"{found.url('exams')}?{request.GET.urlencode()}",
        "sheet_words": {
            "missing": _("not recorded"),
            "flat": _("flat line"),
            "derived": _("computed"),
            "label": _("ECG of exam %(code)s") % {"code": one.code},
        },
    }


def _is_disputed(digits: str) -> bool:
    return "1" in digits and "2" in digits


def _class(
    found: AgreementPage, code: str, options: Sequence[Mapping[str, Any]]
) -> DiagnosticClass:
    if not code:
        return options[0]["of"]  # type: ignore[no-any-return]
    if (of := chosen_class(found, code)) is None:
        raise Http404
    return of


def _said(request: SignedInRequest) -> ExamFilter:
    wanted = request.GET.get("said", "")
    return ExamFilter(wanted) if wanted in list(ExamFilter) else ExamFilter.SOME


def _pair(found: AgreementPage, request: SignedInRequest) -> Pair | None:
    cell = request.GET.get("cell", "")
    if cell not in list(Cell):
        return None
    ids: list[str] = found.results["readers"]
    places = [request.GET.get(name, "") for name in ("first", "second")]
    try:
        first, second = (int(ids[int(place) - 1]) for place in places if int(place) > 0)
    except (ValueError, IndexError):
        raise Http404 from None
    return Pair(first, second, Cell(cell))


def _query(what: ExamFilter | Pair, request: SignedInRequest) -> dict[str, str]:
    if isinstance(what, ExamFilter):
        return {"said": what}
    return {name: request.GET[name] for name in ("first", "second", "cell")}


def _counts(line: Mapping[str, Any]) -> dict[ExamFilter, int]:
    """Return how many exams the report counts of each; of what is not assessable, readings."""
    some, every = line["n_positive_any"], line["n_positive_all"]
    return {
        ExamFilter.ANY: some,
        ExamFilter.ALL: every,
        ExamFilter.SOME: some - every,
        ExamFilter.NONE: line["n_exams"] - some,
    }


def _pair_count(found: AgreementPage, pair: Pair, of: DiagnosticClass) -> int:
    results = found.results
    column = [one["class"] for one in results["classes"]].index(of.code)
    places = [results["readers"].index(str(one)) for one in (pair.first, pair.second)]
    turned = {Cell.FIRST: Cell.SECOND, Cell.SECOND: Cell.FIRST}
    for row in results["pairs"]:
        if row["readers"] == places:
            return int(row[pair.cell][column])
        if row["readers"] == places[::-1]:
            return int(row[turned.get(pair.cell, pair.cell)][column])
    return 0


def _pair_words(found: AgreementPage, pair: Pair) -> dict[str, str]:
    names = {
        "first": found.names[str(pair.first)],
        "second": found.names[str(pair.second)],
    }
    sentences = {
        Cell.BOTH: _("Marked by %(first)s and %(second)s"),
        Cell.FIRST: _("Marked by %(first)s, not by %(second)s"),
        Cell.SECOND: _("Marked by %(second)s, not by %(first)s"),
        Cell.NEITHER: _("Marked by neither %(first)s nor %(second)s"),
    }
    return {**names, "sentence": sentences[pair.cell] % names}


def _row(found: AgreementPage, one: ExamStates, query: Mapping[str, str]) -> dict[str, object]:
    def names(readers: Sequence[int]) -> list[str]:
        return [found.names.get(str(reader), "?") for reader in readers]

    return {
        "code": one.code,
        "url": f"{found.url('exam', code=one.code)}?{urlencode(query)}",
        "present": names(one.present),
        "absent": names(one.absent),
        "not_assessable": names(one.not_assessable),
    }
