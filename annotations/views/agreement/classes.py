"""How far the readers of a batch or study agree, class by class, and how that was computed."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotations import tasks
from annotations.models import DiagnosticGroup
from annotations.sentences.refusals import message
from annotations.services.counts import runs
from annotations.views.access import SignedInRequest, needs
from annotations.views.agreement import numbers, page
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


@never_cache
@needs("view_agreementreport")
@require_safe
def classes(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Show one coefficient of every class with its interval and the counts behind it."""
    found = page.agreement_page(request, pk, slug)
    context = _classes(found, table_filter(request.GET)) if found.report else None
    return page.page(request, found, "", context)


@needs("close_batch")
@require_POST
def compute(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Ask for the next version without waiting until the readings have come to rest."""
    found = page.agreement_page(request, pk, slug)
    if found.is_open:
        runs.request(scope=found.scope, requested_by=request.user, now=timezone.now())
        tasks.nudge(tasks.refresh_agreement)
        messages.success(request, _("Computing agreement. This takes a few seconds."))
    else:
        messages.error(request, _("This agreement is not visible to you yet."))
    return redirect(found.url())


@needs("close_batch")
@require_POST
def cancel(request: SignedInRequest, pk: int | None = None, slug: str = "") -> HttpResponse:
    """Stop the run that waits or is at work; what was computed before stays."""
    found = page.agreement_page(request, pk, slug)
    run = found.run if found.is_open else None
    try:
        if run:
            runs.cancel(run_id=run.pk, actor=request.user, now=timezone.now())
            messages.success(request, _("The computation is stopped; the next reading starts it."))
        else:
            messages.info(request, message(runs.RunFinished()))
    except runs.RunFinished as refusal:
        messages.info(request, message(refusal))
    return redirect(found.url())


def _classes(found: AgreementPage, wish: TableFilter) -> dict[str, object]:
    results = found.results
    whole = groups(results, found.classes)
    lines = class_lines(results, whole if wish.is_of_groups else found.classes, wish)
    told = results.get(wish.level, [])
    overall = results["overall"]
    alpha = overall["macro"]["krippendorff_alpha"]
    return {
        "lines": lines,
        "wish": wish,
        "measures": MEASURES,
        "only": ONLY_GROUPS if wish.is_of_groups else ONLY,
        "groups": DiagnosticGroup.objects.filter(classes__in=found.classes.values())
        .distinct()
        .order_by("position"),
        "heads": _heads(found, wish),
        "levels": _levels(found, wish),
        "is_old": wish.level not in results,
        "n_classes": len(told),
        "has_words": any(line.word for line in lines),
        "n_rare": sum(line.chosen.is_rare for line in lines),
        "n_not_given": sum(not one["n_positive_any"] for one in told),
        "n_compared": results["n_exams_compared"],
        "n_exams": results["n_exams_given"],
        "exact_set": numbers.number(overall["exact_set"], as_percent=True),
        "overlap": numbers.number(overall["mean_jaccard"], as_percent=True),
        "macro_alpha": numbers.number(alpha),
        "n_defined": alpha["n_defined"],
        "forest": _forest(found, lines, wish),
        "forest_words": _forest_words(wish),
        "versions": found.versions[:VERSIONS_SHOWN],
        "confidence": round(100 * results["method"]["confidence"]),
    }


VERSIONS_SHOWN = 20


def _heads(found: AgreementPage, wish: TableFilter) -> dict[str, dict[str, str]]:
    """Return for each column that sorts: where its head leads and how it sorts now."""
    heads = {}
    for name in SORTS:
        is_here, is_turned = wish.sort.removeprefix("-") == name, wish.sort.startswith("-")
        query = {
            "measure": wish.measure,
            "q": wish.text,
            "group": wish.group,
            "only": wish.only,
            "level": wish.level if wish.is_of_groups else "",
            "sort": f"-{name}" if is_here and not is_turned else name,
            "version": _version(found),
        }
        falls = (name == "name") == is_turned  # all but names begin with the largest
        heads[name] = {
            "url": "?" + urlencode({key: value for key, value in query.items() if value}),
            "sorted": ("descending" if falls else "ascending") if is_here else "",
        }
    return heads


def _version(found: AgreementPage) -> int | str:
    return "" if found.is_newest or not found.report else found.report.number


def _levels(found: AgreementPage, wish: TableFilter) -> list[dict[str, object]]:
    """Return where the same coefficient of classes and of groups is."""
    found_at = []
    for level, name in LEVELS.items():
        query = {"level": level, "measure": wish.measure, "version": _version(found)}
        url = "?" + urlencode({key: value for key, value in query.items() if value})
        found_at.append({"name": name, "url": url, "is_here": level == wish.level})
    return found_at


def _forest(
    found: AgreementPage, lines: Sequence[ClassLine], wish: TableFilter
) -> list[dict[str, object]]:
    """Return what the plot needs of each class, in the order of the table."""
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
            "url": _behind(found, wish, line.of.code),
            **_aside(line.of),
        }
        for line in lines
    ]


def _behind(found: AgreementPage, wish: TableFilter, code: str) -> str:
    """Return where the exams of a class are, or the classes of a group."""
    if not wish.is_of_groups:
        return f"{found.url('exams')}?{urlencode({'class': code})}"
    query = {"group": code, "measure": wish.measure, "version": _version(found)}
    return "?" + urlencode({key: value for key, value in query.items() if value})


def _aside(of: Subject) -> dict[str, str]:
    """Return what stands beside the label of a group: the name of a class says more."""
    return {"aside": of.told_members} if isinstance(of, WholeGroup) else {}


def _forest_words(wish: TableFilter) -> dict[str, object]:
    return {
        "measure": str(wish.told.name),
        "isShare": wish.told.is_share,
        "class": _("Group") if wish.is_of_groups else _("Class"),
        "counts": _("All / some"),
        "estimate": _("Estimate"),
        "rare": _("Interval from a Dirichlet posterior: few informative exams."),
        "open": _("Arrow keys move between groups. Enter opens the classes.")
        if wish.is_of_groups
        else _("Arrow keys move between classes. Enter opens the exams."),
    }
