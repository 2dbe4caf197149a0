"""The audit trail, for auditors."""

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
from annotations.api.base import ApiView, UserRequest
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
    """An event and its link in the hash chain, as hashed: every value is text or null."""

    def get_fields(self) -> dict[str, Any]:
        fields = {
            name: serializers.CharField(allow_null=name in files.NULLABLE) for name in files.COLUMNS
        }
        return {**super().get_fields(), **fields}


class AuditEvents(ApiView):
    required_permissions = {"GET": "view_auditevent"}
    parameters = paging.PARAMETERS | FILTERS

    @extend_schema(
        operation_id="audit_events",
        parameters=[*CURSOR, *FILTER_PARAMETERS],
        responses=shapes.page_of(AuditEventShape),
    )
    def get(self, request: UserRequest) -> Response:
        """List the events that match the filter in chain order."""
        rules.refuse_readers_of_any_study(request.user)
        visible = AuditEvent.objects.visible_to(request.user)
        events = browse.find(visible, _event_filter(request)).select_related("link")
        in_chain_order = events.annotate(seq=F("link__seq"))
        return Response(paging.page(in_chain_order, request, {"seq": int}, _event))


class AuditExport(ApiView):
    required_permissions = {"GET": "view_auditevent"}
    parameters = FILTERS | {"format"}

    @extend_schema(
        operation_id="audit_export",
        parameters=[OpenApiParameter("format", enum=Format.values), *FILTER_PARAMETERS],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: UserRequest) -> HttpResponse:
        """Download the events that match the filter. The audit trail records each download."""
        rules.refuse_readers_of_any_study(request.user)
        event_filter = _event_filter(request)
        file_format = _format(request.query_params.get("format", "csv"))
        now = timezone.now()
        content = browse.download(
            kind=file_format, actor=request.user, event_filter=event_filter, now=now
        )
        response = HttpResponse(content, content_type=browse.CONTENT_TYPES[file_format])
        filename = f"audit-{now:%Y%m%d-%H%M%S}.{file_format.value}"
        response["Content-Disposition"] = f'attachment; filename="{filename}"'
        return response


def _event_filter(request: UserRequest) -> EventFilter:
    form = AuditFilterForm({name: request.query_params.get(name, "") for name in FILTERS})
    if not form.is_valid():
        raise ValidationError(
            {name: [str(message) for message in messages] for name, messages in form.errors.items()}
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
