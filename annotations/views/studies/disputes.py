"""The dispute queue of a study, as a page and as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    User,
)
from annotations.services import audit
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import is_blinded_to
from annotations.services.consensus import disputes
from annotations.views import lookups
from annotations.views.access import SignedInRequest, needs
from annotations.views.csv_files import csv_file
from annotations.views.studies import dispute_lines
from ecgreview.consensus import RULES, Adjudication
from ecgreview.spreadsheets import formula_safe

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
    rows = visible_rows(request.user, study)
    context: dict[str, Any] = {
        "study": study,
        "form": form,
        "is_hidden": rows is None and is_blinded_to(study, request.user),
    }
    if context["is_hidden"]:
        return render(request, "studies/disputes.html", context)
    is_valid = form.is_valid()
    context |= {
        "has_results": rows is not None,
        "is_due": disputes.is_due(study),
        "tabs": _tabs(request.GET),
        "may_assign": request.user.has_perm("annotations.add_batch") and study.is_open,
        "adjudicators_do": RULES[study.consensus_rule].adjudication.value,
        "ignored": Adjudication.IGNORED.value,
    }
    if rows is not None:
        results_seen.results_of_study(study=study, user=request.user, now=timezone.now())
        if is_valid:
            context |= _portion(request, rows, study, form.selection())
    return render(request, "studies/disputes.html", context, status=200 if is_valid else 400)


@never_cache
@needs("view_consensus")
@require_safe
def study_disputes_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Download the exams and classes that match the filter as CSV. The download is recorded."""
    study = lookups.study(request.user, slug)
    rows = visible_rows(request.user, study)
    if rows is None and is_blinded_to(study, request.user):
        return render(request, "studies/still_reading.html", {"study": study}, status=403)
    form = DisputeFilterForm(request.GET.dict(), study=study)
    if not form.is_valid():
        context = {"study": study, "form": form, "tabs": _tabs(request.GET)}
        return render(request, "studies/disputes.html", context, status=400)
    now = timezone.now()
    if rows is not None:
        results_seen.results_of_study(study=study, user=request.user, now=now)
    audit.record(
        actor=request.user, action=audit.Action.DISPUTES_LISTED, study=study, target=study, now=now
    )
    cells = () if rows is None else _cells(rows, study, form.selection())
    return csv_file(f"{study.slug}-disputes.csv", [disputes.COLUMNS, *cells])


def visible_rows(user: User, study: Study) -> QuerySet[Consensus] | None:
    """Return the consensus of ``study``, or None if there is none that ``user`` may see.

    Users see the consensus of all exams of a study or of none, so we ask once, and not again in
    each statement of a page.
    """
    if not Consensus.objects.visible_to(user).filter(study=study).exists():
        return None
    return Consensus.objects.filter(study=study)


def _cells(
    rows: QuerySet[Consensus], study: Study, selection: disputes.Selection
) -> Iterator[list[object]]:
    ordered = disputes.select(rows, study, selection).order_by(
        *disputes.KEYS_OF_ORDER[selection.order]
    )
    for case in disputes.cases(ordered, _share(selection)):
        yield [formula_safe(cell) if isinstance(cell, str) else cell for cell in astuple(case)]


def _portion(
    request: SignedInRequest,
    consensus: QuerySet[Consensus],
    study: Study,
    selection: disputes.Selection,
) -> dict[str, Any]:
    """Return one page of exams, and the links to the next and the first page."""
    rows = disputes.select(consensus, study, selection)
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
    reports = AgreementReport.objects.of_scope(Scope(study.pk, None))
    query = kept_query(request.GET)
    can_be_read = any(vars(row.exam)["has_tracings"] for row in portion.rows)
    return {
        "can_be_read": can_be_read,
        "lines": dispute_lines.exam_lines(portion.rows, sent, _share(selection)),
        "n_matching": min(n, MAX_COUNTED),
        "has_more": n > MAX_COUNTED,
        "selection": selection,
        "is_sample": selection.kind == CaseKind.SAMPLE,
        "is_filtered": replace(selection, order=disputes.Order.ERRORS) != disputes.Selection(),
        "has_exam_pages": reports.exists(),
        "query": query,
        "kept": [(name, request.GET[name]) for name in FIELDS if request.GET.get(name)],
        "is_first": not after,
        "next": portion.next and f"?{query}&after={portion.next}".replace("?&", "?"),
        "per_page": EXAMS_PER_PAGE,
    }


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
