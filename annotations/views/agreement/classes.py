"""The Classes tab, and the actions that start, cancel and follow a computation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotations import tasks
from annotations.models import DiagnosticGroup
from annotations.services.counts import runs
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import numbers, page, run_text
from annotations.views.agreement.class_table import (
    ONLY,
    ONLY_GROUPS,
    SORTS,
    ClassLine,
    TableFilter,
    class_lines,
    table_filter,
)
from annotations.views.agreement.numbers import MEASURES
from annotations.views.agreement.page import AgreementPage
from annotations.views.agreement.subjects import LEVELS, Subject, WholeGroup, groups
from annotations.views.refusals import refusal_as_message

# Longer values of ``?version=`` are cut off; no version number has this many digits.
LONGEST = 18

VERSIONS_SHOWN = 20


@never_cache
@needs("view_agreementreport")
@require_safe
def classes(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show one coefficient of every class, with its interval and the counts behind it."""
    dashboard = page.agreement_page(request, pk, slug)
    context = _classes(dashboard, table_filter(request.GET)) if dashboard.report else None
    return page.page(request, dashboard, "", context)


@needs("close_batch")
@require_POST
def compute(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Request a new version immediately, without waiting for a pause in new readings."""
    dashboard = page.agreement_page(request, pk, slug)
    if dashboard.is_open:
        runs.request(scope=dashboard.scope, requested_by=request.user, now=timezone.now())
        tasks.nudge(tasks.refresh_agreement)
        messages.success(request, _("Computing agreement. This takes a few seconds."))
    else:
        messages.error(request, _("This agreement is not visible to you yet."))
    return redirect(dashboard.url())


@needs("close_batch")
@require_POST
def cancel(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Cancel the queued or running computation. Existing versions are kept."""
    dashboard = page.agreement_page(request, pk, slug)
    run = dashboard.run if dashboard.is_open else None
    with refusal_as_message(request, messages.INFO):
        if run is None:
            raise runs.RunFinished
        runs.cancel(run_id=run.pk, actor=request.user, now=timezone.now())
        messages.success(request, _("The computation was stopped. The next reading restarts it."))
    return redirect(dashboard.url())


@never_cache
@needs("view_agreementreport")
@require_safe
def progress(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Return the ``RunStatus`` of the scope as JSON.

    ``?version=`` is the version displayed on the page. The response contains no results, so polling
    does not count as seeing results.

    Raises:
        Http404: there is no such batch or study, or the user may not see it.
    """
    dashboard = page.page_without_report(request, pk, slug)
    version = request.GET.get("version", "")
    shown_version = int(version[:LONGEST]) if version.isdecimal() else 0
    if dashboard.is_hidden:
        return JsonResponse(asdict(run_text.over(None, shown_version)))
    newest = dashboard.versions.values_list("number", flat=True).first()
    status = run_text.over(newest, shown_version)
    if dashboard.run:
        status = run_text.of(dashboard.run, is_newer=status.is_newer)
    return JsonResponse(asdict(status))


def _classes(dashboard: AgreementPage, filters: TableFilter) -> dict[str, object]:
    results = dashboard.results
    groups_by_code = groups(results, dashboard.classes)
    lines = class_lines(
        results, groups_by_code if filters.is_of_groups else dashboard.classes, filters
    )
    rows = results.get(filters.level, [])
    overall = results["overall"]
    alpha = overall["macro"]["krippendorff_alpha"]
    return {
        "lines": lines,
        "filters": filters,
        "measures": MEASURES,
        "only": ONLY_GROUPS if filters.is_of_groups else ONLY,
        "groups": DiagnosticGroup.objects.filter(classes__in=dashboard.classes.values())
        .distinct()
        .order_by("position"),
        "heads": _heads(dashboard, filters),
        "levels": _levels(dashboard, filters),
        "is_old": filters.level not in results,
        "n_classes": len(rows),
        "has_words": any(line.word for line in lines),
        "n_rare": sum(line.chosen.is_rare for line in lines),
        "n_not_marked": sum(not row["n_positive_any"] for row in rows),
        "n_compared": results["n_exams_compared"],
        "n_exams": results["n_exams_given"],
        "exact_set": numbers.number(overall["exact_set"], as_percent=True),
        "overlap": numbers.number(overall["mean_jaccard"], as_percent=True),
        "macro_alpha": numbers.number(alpha),
        "n_defined": alpha["n_defined"],
        "forest": _forest(dashboard, lines, filters),
        "forest_words": _forest_words(filters),
        "versions": dashboard.versions[:VERSIONS_SHOWN],
        "confidence": round(100 * results["method"]["confidence"]),
    }


def _heads(dashboard: AgreementPage, filters: TableFilter) -> dict[str, dict[str, str]]:
    """Return the link and the current sort direction of each sortable column."""
    heads = {}
    for name in SORTS:
        is_here, is_turned = filters.sort.removeprefix("-") == name, filters.sort.startswith("-")
        query = {
            "measure": filters.measure,
            "q": filters.text,
            "group": filters.group,
            "only": filters.only,
            "level": filters.level if filters.is_of_groups else "",
            "sort": f"-{name}" if is_here and not is_turned else name,
            "version": _version(dashboard),
        }
        # A first click sorts names ascending and all other columns descending.
        falls = (name == "name") == is_turned
        heads[name] = {
            "url": "?" + urlencode({key: value for key, value in query.items() if value}),
            "sorted": ("descending" if falls else "ascending") if is_here else "",
        }
    return heads


def _version(dashboard: AgreementPage) -> int | str:
    return "" if dashboard.is_newest or not dashboard.report else dashboard.report.number


def _levels(dashboard: AgreementPage, filters: TableFilter) -> list[dict[str, object]]:
    """Return links that show the same coefficient for classes and for groups."""
    levels = []
    for level, name in LEVELS.items():
        query = {"level": level, "measure": filters.measure, "version": _version(dashboard)}
        url = "?" + urlencode({key: value for key, value in query.items() if value})
        levels.append({"name": name, "url": url, "is_here": level == filters.level})
    return levels


def _forest(
    dashboard: AgreementPage, lines: Sequence[ClassLine], filters: TableFilter
) -> list[dict[str, object]]:
    """Return the data of the forest plot, in the order of the table."""
    return [
        {
            "code": line.of.code,
            "label": line.of.abbreviation,
            "name": line.of.local_name,
            "estimate": line.chosen.value,
            "low": line.chosen.low,
            "high": line.chosen.high,
            "isRare": line.chosen.is_rare,
            "text": line.chosen.text,
            "interval": line.chosen.interval,
            "reason": line.chosen.reason,
            "word": line.word,
            "counts": f"{numbers.grouped(line.n_all)} / {numbers.grouped(line.n_any)}",
            "sentence": line.sentence,
            "url": _drilldown_url(dashboard, filters, line.of.code),
            **_aside(line.of),
        }
        for line in lines
    ]


def _drilldown_url(dashboard: AgreementPage, filters: TableFilter, code: str) -> str:
    """Return the URL of the exams of a class, or of the classes of a group."""
    if not filters.is_of_groups:
        return f"{dashboard.url('exams')}?{urlencode({'class': code})}"
    query = {"group": code, "measure": filters.measure, "version": _version(dashboard)}
    return "?" + urlencode({key: value for key, value in query.items() if value})


def _aside(of: Subject) -> dict[str, str]:
    """Return the classes of a group, shown next to its label in the plot."""
    return {"aside": of.member_abbreviations} if isinstance(of, WholeGroup) else {}


def _forest_words(filters: TableFilter) -> dict[str, object]:
    return {
        "measure": str(filters.chosen_measure.name),
        "isShare": filters.chosen_measure.is_share,
        "class": _("Group") if filters.is_of_groups else _("Class"),
        "counts": _("All / any"),
        "estimate": _("Estimate"),
        "rare": _("Interval from a Dirichlet posterior, because there are few informative exams."),
        "open": _("Arrow keys move between groups. Enter opens the classes.")
        if filters.is_of_groups
        else _("Arrow keys move between classes. Enter opens the exams."),
    }
