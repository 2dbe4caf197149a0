"""The Certainty tab: agreement about certainty, and agreement of measurements."""

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

# Measurements of one exam by the first and the second reader of a pair.
Point = tuple[float, float]


@never_cache
@needs("view_agreementreport")
@require_safe
def certainty(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show agreement about certainty by class, and about measurements by pair of readers."""
    dashboard = page.agreement_page(request, pk, slug)
    context = _context(dashboard, request) if dashboard.report else None
    return page.page(request, dashboard, "certainty", context)


def points(measurement: Mapping[str, Any], pair: Mapping[str, Any]) -> list[Point]:
    """Return the stored values of the exams that both readers of a pair measured.

    Reports store a sample of the exams, so there may be fewer values than ``pair["n"]``.
    """
    first, second = pair["readers"]
    exams = ({int(reader): value for reader, value in exam} for exam in measurement["points"])
    return [(exam[first], exam[second]) for exam in exams if first in exam and second in exam]


def chosen(dashboard: AgreementPage, request: SignedInRequest) -> tuple[int, int]:
    """Return the indexes of the measurement and the pair selected by ``?of=`` and ``?pair=``.

    A missing or invalid value selects the entry with the most exams.
    """
    measured: Sequence[Mapping[str, Any]] = dashboard.results.get("measured", [])
    of = _place(request.GET.get("of", ""), [measurement["n_exams"] for measurement in measured])
    pairs = measured[of]["pairs"] if measured else []
    return of, _place(request.GET.get("pair", ""), [pair["n"] for pair in pairs])


def _place(value: str, sizes: Sequence[int]) -> int:
    if value.isdecimal() and len(value) < _DIGITS and int(value) < len(sizes):
        return int(value)
    return max(range(len(sizes)), key=lambda place: sizes[place], default=0)


_DIGITS = 6


def _context(dashboard: AgreementPage, request: SignedInRequest) -> dict[str, object]:
    results = dashboard.results
    if "certainty" not in results or "measured" not in results:
        return {"is_old": True}
    names = [dashboard.names[reader_id] for reader_id in results["readers"]]
    of, pair = chosen(dashboard, request)
    sure = lines.certainty_lines(results, dashboard.classes)
    return {
        "confidence": round(100 * results["method"]["confidence"]),
        "sure": sure,
        "n_not_marked": len(results["certainty"]["classes"]) - len(sure),
        "measured": lines.measured_lines(results, dashboard.classes, names, of),
        **(_pairs(dashboard, results["measured"][of], names, pair) if results["measured"] else {}),
        "of": of,
    }


def _pairs(
    dashboard: AgreementPage, measurement: Mapping[str, Any], names: Sequence[str], at: int
) -> dict[str, object]:
    """Return the context for all pairs of one class and measurement, and for the selected pair.

    Values of individual exams are left out until individual readings are visible to the user.
    """
    unit = UNITS.get(measurement["kind"], "")
    rows = lines.pair_lines(measurement, names, at)
    pair, line = measurement["pairs"][at], rows[at]
    context: dict[str, object] = {
        "pairs": rows,
        "pair": line,
        "of_pair": dashboard.classes[measurement["class"]],
        "kind": lines.KINDS.get(measurement["kind"], measurement["kind"]),
        "unit": unit,
    }
    if not dashboard.are_readings_open:
        return context
    values = points(measurement, pair)
    return {
        **context,
        "chart": _chart(values, pair, line, unit),
        "points": [
            tuple(lines.written(value, unit) for value in (x, y, (x + y) / 2, x - y))
            for x, y in values
        ],
        "n_left_out": pair["n"] - len(values),
    }


def _chart(
    values: Sequence[Point], pair: Mapping[str, Any], line: lines.PairLine, unit: str
) -> Chart | None:
    """Return the Bland-Altman plot; None without exams."""
    if not values:
        return None
    means = [(x + y) / 2 for x, y in values]
    across = [min(means), max(means)]
    ends = (
        (_("Bias"), "other", pair["bias"]["estimate"]),
        (_("Lower limit"), "faint", pair["lower"]["estimate"]),
        (_("Upper limit"), "faint", pair["upper"]["estimate"]),
    )
    levels = [
        Series(name, look, across, [level, level], is_line=True)
        for name, look, level in ends
        if level is not None
    ]
    exams = Series(_("Exams"), "main", means, [x - y for x, y in values])
    labels = {"first": line.first, "second": line.second, "unit": unit}
    return Chart(
        [*levels, exams],
        Axis(_("Mean of the two, in %(unit)s") % labels),
        Axis(_("%(first)s minus %(second)s, in %(unit)s") % labels),
        line=0.0,
    )
