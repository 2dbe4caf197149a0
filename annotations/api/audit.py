"""The audit trail, for auditors' programs."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from annotations.api import paging, shapes
from annotations.api.base import ApiView, UserRequest, answer
from annotations.api.reading import CURSOR
from annotations.audit_filter import AuditFilterForm
from annotations.desk_payloads import Payload
from annotations.models import AuditEvent
from annotations.services.audit import browse
from annotations.services.audit.browse import EventFilter, Format
from annotations.services.blinding import rules
from ecgreview.hash_chain import files

FILTERS = frozenset(AuditFilterForm.base_fields)
FILTER_PARAMETERS = [OpenApiParameter(name) for name in sorted(FILTERS)]


class AuditEventShape(shapes.Shape):
    """An event and its link, as the chain digests them: every value is text or null."""

    def get_fields(self) -> dict[str, Any]:
        fields = {
            name: serializers.CharField(allow_null=name in files.NULLABLE) for name in files.COLUMNS
        }
        return {**super().get_fields(), **fields}


class AuditEvents(ApiView):
    needs = {"GET": "view_auditevent"}
    parameters = paging.PARAMETERS | FILTERS

    @extend_schema(
        operation_id="audit_events",
        parameters=[*CURSOR, *FILTER_PARAMETERS],
        responses=shapes.page_of(AuditEventShape),
    )
    def get(self, request: UserRequest) -> Response:
        """List the events that match the filter, in the order of the chain."""
        rules.refuse_readers_of_any_study(request.user)
        visible = AuditEvent.objects.visible_to(request.user)
        events = browse.find(visible, _wanted(request)).select_related("link")
        in_turn = events.annotate(seq=F("link__seq"))
        return answer(paging.page(in_turn, request, {"seq": int}, _event))


class AuditExport(ApiView):
    needs = {"GET": "view_auditevent"}
    parameters = FILTERS | {"format"}

    @extend_schema(
        operation_id="audit_export",
        parameters=[OpenApiParameter("format", enum=Format.values), *FILTER_PARAMETERS],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: UserRequest) -> HttpResponse:
        """Download the events that match the filter. The download is an event itself."""
        rules.refuse_readers_of_any_study(request.user)
        wanted, kind = _wanted(request), _format(request.query_params.get("format", "csv"))
        now = timezone.now()
        content = browse.download(kind=kind, actor=request.user, event_filter=wanted, now=now)
        response = HttpResponse(content, content_type=browse.CONTENT_TYPES[kind])
        filename = f"audit-{now:%Y%m%d-%H%M%S}.{kind.value}"
        response["Content-Disposition"] = f'attachment; filename="{filename}"'
        return response


def _wanted(request: UserRequest) -> EventFilter:
    form = AuditFilterForm({name: request.query_params.get(name, "") for name in FILTERS})
    if not form.is_valid():
        raise ValidationError(
            {name: [str(one) for one in told] for name, told in form.errors.items()}
        )
    return form.event_filter()


def _format(text: str) -> Format:
    if text not in Format.values:
        raise ValidationError(
            {"format": [_("Choose one of: %(choices)s.") % {"choices": ", ".join(Format.values)}]}
        )
    return Format(text)


def _event(event: AuditEvent) -> Payload:
    row = files.row(browse.entry_of(event))
    return dict(zip(files.COLUMNS, row, strict=True))
