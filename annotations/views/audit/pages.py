"""The audit trail for auditors: events, reasons, and verification of the hash chain."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from annotations.audit_filter import AuditFilterForm
from annotations.models import AuditEvent, AuditLink, Study
from annotations.sentences.refusals import Explanation, explain
from annotations.services.audit import browse
from annotations.services.audit.browse import Format
from annotations.services.blinding import rules
from annotations.views.access import SignedInRequest, needs
from annotations.views.audit import event_text

EVENTS_PER_PAGE = 50
MAX_SEQ = 2**63 - 1


@never_cache
@needs("view_auditevent")
@require_safe
def audit_list(request: SignedInRequest) -> HttpResponse:
    """List the newest matching events, and show how far the chain has been verified."""
    form = AuditFilterForm(_filter_fields(request.GET))
    context: dict[str, Any] = {"form": form, "is_hidden": rules.reads_anywhere(request.user)}
    if context["is_hidden"]:
        return render(request, "audit/list.html", context)
    is_valid = form.is_valid()
    if is_valid:
        context |= _portion(request, form)
    context |= {
        "status": browse.status(),
        "last": AuditLink.objects.order_by("-seq").first(),
        "studies": Study.objects.visible_to(request.user).order_by("name"),
        "formats": Format,
        "keep": _filter_query(request.GET),
        "is_filtered": is_valid and not form.event_filter().is_everything,
    }
    return render(request, "audit/list.html", context, status=200 if is_valid else 400)


@never_cache
@needs("view_auditevent")
@require_safe
def audit_event(request: SignedInRequest, seq: int) -> HttpResponse:
    """Show an event with its changes, its link in the chain, and whether both are intact."""
    if seq > MAX_SEQ:
        raise Http404
    visible = AuditEvent.objects.visible_to(request.user).select_related("actor", "study", "link")
    event = visible.filter(link__seq=seq).first()
    if event is None:
        raise Http404
    status, last = browse.status(), AuditLink.objects.order_by("-seq").first()
    context = {
        "event": event,
        "line": event_text.line(event),
        "changes": event_text.changes(event),
        "target_url": event_text.target_url(event, request.user),
        "is_intact": browse.is_intact(event),
        "status": status,
        "is_verified": status is not None and seq <= status.head.seq,
        "previous_seq": seq - 1,
        "next_seq": seq + 1 if last and seq < last.seq else None,
    }
    return render(request, "audit/event.html", context)


@never_cache
@needs("view_auditevent")
@require_safe
def audit_export(request: SignedInRequest) -> HttpResponse:
    """Download the matching events. The export itself is recorded as an event."""
    form = AuditFilterForm(_filter_fields(request.GET))
    kind = request.GET.get("format", Format.CSV.value)
    if rules.reads_anywhere(request.user):
        return render(request, "audit/list.html", {"is_hidden": True}, status=403)
    if kind not in Format.values or not form.is_valid():
        return _refused(request, form)
    now = timezone.now()
    try:
        content = browse.download(
            kind=Format(kind), actor=request.user, event_filter=form.event_filter(), now=now
        )
    except browse.TooManyEvents as refusal:
        return _refused(request, form, explain(refusal))
    response = HttpResponse(content, content_type=browse.CONTENT_TYPES[kind])
    filename = f"audit-{now:%Y%m%d-%H%M%S}.{kind}"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _portion(request: SignedInRequest, form: AuditFilterForm) -> dict[str, Any]:
    """Return one page of events, newest first, and the cursor of the next page."""
    visible = AuditEvent.objects.visible_to(request.user)
    matching = browse.find(visible, form.event_filter()).select_related("link")
    # prefetch_related loads people and studies for this page only; a join would cover all events.
    matching = matching.prefetch_related("actor", "study")
    before = request.GET.get("before", "")
    is_cursor = before.isascii() and before.isdigit() and len(before) < len(str(MAX_SEQ))
    below = matching.filter(link__seq__lt=int(before)) if is_cursor else matching
    events = list(below.order_by("-link__seq")[: EVENTS_PER_PAGE + 1])
    lines = [event_text.line(event) for event in events[:EVENTS_PER_PAGE]]
    return {
        "lines": lines,
        "older": lines[-1].seq if len(events) > EVENTS_PER_PAGE else None,
        "is_first": not is_cursor,
    }


def _refused(
    request: SignedInRequest, form: AuditFilterForm, refusal: Explanation | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "refusal": refusal,
        "back": f"{reverse('audit')}?{_filter_query(request.GET)}",
    }
    return render(request, "audit/refused.html", context, status=400)


def _filter_fields(query: QueryDict) -> dict[str, str]:
    return {name: str(query.get(name, "")) for name in AuditFilterForm.base_fields}


def _filter_query(query: QueryDict) -> str:
    """Return the filter as the start of a query string, ending with ``&`` unless empty."""
    fields = QueryDict(mutable=True)
    fields.update({name: value for name, value in _filter_fields(query).items() if value})
    return f"{fields.urlencode()}&" if fields else ""
