"""The dispute queue of a study, as a page and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations import keyset
from annotations.dispute_filter import FIELDS, KINDS, DisputeFilterForm
from annotations.models import (
    AgreementReport,
    CaseKind,
    Consensus,
    Scope,
    Study,
)
from annotations.services import audit
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.consensus import disputes
from annotations.services.export import archive
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.studies import dispute_lines
from ecgreview.consensus import RULES, Adjudication

EXAMS_PER_PAGE = 50

# Longer lists are not counted, so that a page costs the same in studies of any size.
MAX_COUNTED = 1_000


@never_cache
@needs("view_consensus")
@require_safe
def study_disputes(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show one page of the queue, as far as consensus is visible to the user."""
    study = lookups.study(request.user, slug)
    form = DisputeFilterForm(request.GET.dict(), study=study)
    context: dict[str, Any] = {
        "study": study,
        "form": form,
        "is_hidden": is_blinded_to(study, request.user),
    }
    if context["is_hidden"]:
        return render(request, "studies/disputes.html", context)
    visible = Consensus.objects.visible_to(request.user).filter(study=study)
    is_valid = form.is_valid()
    context |= {
        "has_results": _show(visible, study, request),
        "is_due": study.batches.filter(consensus_is_due=True).exists()
        or visible.filter(n_cases=None).exists(),
        "tabs": _tabs(request.GET),
        "may_assign": request.user.has_perm("annotations.add_batch") and study.is_open,
        "adjudicators_do": RULES[study.consensus_rule].adjudication.value,
        "ignored": Adjudication.IGNORED.value,
    }
    if is_valid:
        context |= _portion(request, visible, study, form.selection())
    return render(request, "studies/disputes.html", context, status=200 if is_valid else 400)


@never_cache
@needs("view_consensus")
@require_safe
def study_disputes_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Download the exams and classes that match the filter as CSV. The download is recorded."""
    study = lookups.study(request.user, slug)
    if is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    form = DisputeFilterForm(request.GET.dict(), study=study)
    if not form.is_valid():
        context = {"study": study, "form": form, "tabs": _tabs(request.GET)}
        return render(request, "studies/disputes.html", context, status=400)
    visible = Consensus.objects.visible_to(request.user).filter(study=study)
    _show(visible, study, request)
    selection = form.selection()
    rows = disputes.select(visible, study, selection)
    now = timezone.now()
    audit.record(
        actor=request.user, action=audit.Action.DISPUTES_LISTED, study=study, target=study, now=now
    )
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(disputes.COLUMNS)
    ordered = rows.order_by(*disputes.KEYS_OF_ORDER[selection.order])
    for case in disputes.cases(ordered, _share(selection)):
        writer.writerow(
            archive.formula_safe(cell) if isinstance(cell, str) else cell for cell in astuple(case)
        )
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-disputes.csv"'
    return response


def _portion(
    request: SignedInRequest,
    visible: QuerySet[Consensus],
    study: Study,
    selection: disputes.Selection,
) -> dict[str, Any]:
    """Return one page of exams, and the links to the next and the first page."""
    rows = disputes.select(visible, study, selection)
    order = disputes.KEYS_OF_ORDER[selection.order]
    detailed = disputes.with_details(rows)
    after = request.GET.get("after", "")
    try:
        portion = keyset.portion(detailed, order, after, EXAMS_PER_PAGE)
    except keyset.InvalidCursor:
        after = ""
        portion = keyset.portion(detailed, order, after, EXAMS_PER_PAGE)
    exam_ids = [row.exam_id for row in portion.rows]
    sent = disputes.sent_assignments(study).filter(exam__in=exam_ids)
    n = rows[: MAX_COUNTED + 1].count()
    reports = AgreementReport.objects.visible_to(request.user)
    query = kept_query(request.GET)
    return {
        "lines": dispute_lines.exam_lines(portion.rows, sent, _share(selection)),
        "n_matching": min(n, MAX_COUNTED),
        "has_more": n > MAX_COUNTED,
        "selection": selection,
        "is_sample": selection.kind == CaseKind.SAMPLE,
        "is_filtered": replace(selection, order=disputes.Order.ERRORS) != disputes.Selection(),
        "has_exam_pages": reports.of_scope(Scope(study.pk, None)).exists(),
        "query": query,
        "kept": [(name, request.GET[name]) for name in FIELDS if request.GET.get(name)],
        "is_first": not after,
        "next": portion.next and f"?{query}&after={portion.next}".replace("?&", "?"),
        "per_page": EXAMS_PER_PAGE,
    }


def _show(visible: QuerySet[Consensus], study: Study, request: SignedInRequest) -> bool:
    """Whether there are results to show; if so, record that the user saw them."""
    if not visible.exists():
        return False
    results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
    return True


def _share(selection: disputes.Selection) -> float:
    return selection.share if selection.kind == CaseKind.SAMPLE else 0.0


def _tabs(query: QueryDict) -> list[Mapping[str, object]]:
    """Return a tab for each reason; a tab keeps the other filters."""
    current = query.get("kind", "")
    others = [name for name in FIELDS if name not in {"kind", "share"}]
    kept = {name: query[name] for name in others if query.get(name)}
    tabs: list[Mapping[str, object]] = []
    for kind, label in (("", _("All reasons")), *KINDS.items()):
        fields = {"kind": str(kind), **kept} if kind else kept
        if kind == CaseKind.SAMPLE:
            fields = {name: value for name, value in fields.items() if name != "class"}
        tabs.append({"label": label, "url": f"?{urlencode(fields)}", "is_current": kind == current})
    return tabs


def kept_query(query: QueryDict) -> str:
    """Return the filter as a query string."""
    return urlencode({name: query[name] for name in FIELDS if query.get(name)})
