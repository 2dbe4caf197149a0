"""How sure readers are of what they give, and how far they agree in what they measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import certainty_table as lines
from annotations.views.agreement import page
from annotations.views.agreement.charts import Axis, Chart, Series
from annotations.views.agreement.page import AgreementPage
from ecgreview.agreement.reports.measured import UNITS

Point = tuple[float, float]
"""What the first of two readers measured of an exam, and the second."""


@never_cache
@needs("view_agreementreport")
@require_safe
def certainty(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show agreement about certainty by class, and about measurements by pair of readers."""
    found = page.agreement_page(request, pk, slug)
    context = _context(found, request) if found.report else None
    return page.page(request, found, "certainty", context)


def points(one: Mapping[str, Any], pair: Mapping[str, Any]) -> list[Point]:
    """Return the exams that both of a pair measured, of those that are kept."""
    first, second = pair["readers"]
    exams = ({int(reader): value for reader, value in exam} for exam in one["points"])
    return [(exam[first], exam[second]) for exam in exams if first in exam and second in exam]


def chosen(found: AgreementPage, request: SignedInRequest) -> tuple[int, int]:
    """Return the places of the measurement and the pair that ?of= and ?pair= ask for.

    What they cannot ask for counts as not asked: the one with the most exams.
    """
    measured: Sequence[Mapping[str, Any]] = found.results.get("measured", [])
    of = _place(request.GET.get("of", ""), [one["n_exams"] for one in measured])
    pairs = measured[of]["pairs"] if measured else []
    return of, _place(request.GET.get("pair", ""), [pair["n"] for pair in pairs])


def _place(asked: str, sizes: Sequence[int]) -> int:
    if asked.isdecimal() and len(asked) < _DIGITS and int(asked) < len(sizes):
        return int(asked)
    return max(range(len(sizes)), key=lambda place: sizes[place], default=0)


_DIGITS = 6


def _context(found: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    results = found.results
    if "certainty" not in results or "measured" not in results:
        return {"is_old": True}
    names = [found.names[one] for one in results["readers"]]
    of, pair = chosen(found, request)
    sure = lines.certainty_lines(results, found.classes)
    return {
        "confidence": round(100 * results["method"]["confidence"]),
        "sure": sure,
        "n_not_given": len(results["certainty"]["classes"]) - len(sure),
        "measured": lines.measured_lines(results, found.classes, names, of),
        **(_pairs(found, results["measured"][of], names, pair) if results["measured"] else {}),
        "of": of,
    }


def _pairs(
    found: AgreementPage, one: Mapping[str, Any], names: Sequence[str], at: int
) -> dict[str, object]:
    """Return what is shown of the pairs of one class and kind, and of one of them alone.

    What was measured of single exams waits as who said what of them does.
    """
    unit = UNITS.get(one["kind"], "")
    shown = lines.pair_lines(one, names, at)
    pair, line = one["pairs"][at], shown[at]
    context: dict[str, object] = {
        "pairs": shown,
        "pair": line,
        "of_pair": found.classes[one["class"]],
        "kind": lines.KINDS.get(one["kind"], one["kind"]),
        "unit": unit,
    }
    if not found.are_readings_open:
        return context
    known = points(one, pair)
    return {
        **context,
        "chart": _chart(known, pair, line, unit),
        "points": [
            tuple(lines.written(value, unit) for value in (x, y, (x + y) / 2, x - y))
            for x, y in known
        ],
        "n_left_out": pair["n"] - len(known),
    }


def _chart(
    known: Sequence[Point], pair: Mapping[str, Any], line: lines.PairLine, unit: str
) -> Chart | None:
    """Return the plot of Bland and Altman; None where there is nothing to draw."""
    if not known:
        return None
    means = [(x + y) / 2 for x, y in known]
    across = [min(means), max(means)]
    ends = (
        (_("Bias"), "other", pair["bias"]["estimate"]),
        (_("Lower limit"), "faint", pair["lower"]["estimate"]),
        (_("Upper limit"), "faint", pair["upper"]["estimate"]),
    )
    drawn = [
        Series(name, look, across, [level, level], is_line=True)
        for name, look, level in ends
        if level is not None
    ]
    exams = Series(_("Exams"), "main", means, [x - y for x, y in known])
    told = {"first": line.first, "second": line.second, "unit": unit}
    return Chart(
        [*drawn, exams],
        Axis(_("Mean of the two, in %(unit)s") % told),
        Axis(_("%(first)s minus %(second)s, in %(unit)s") % told),
        line=0.0,
    )
