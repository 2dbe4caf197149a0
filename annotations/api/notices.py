"""The user's notices."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations.api.base import ApiView, UserRequest
from annotations.api.shapes import Shape
from annotations.desk_payloads import NOTICES_SHOWN, notice_payload
from annotations.models import Notice, NoticeKind, TokenScope
from annotations.services.notices import delivery


class NoticeShape(Shape):
    kind = serializers.ChoiceField(choices=NoticeKind.choices)
    title = serializers.CharField()
    text = serializers.CharField()
    href = serializers.CharField(help_text="Address of the related page; may be empty.")
    created_at = serializers.DateTimeField()
    is_seen = serializers.BooleanField()


class NoticesShape(Shape):
    """The latest notices, newest first."""

    n_unseen = serializers.IntegerField()
    notices = NoticeShape(many=True)


class SeenShape(Shape):
    """The number of notices that were unseen before this request."""

    n_seen = serializers.IntegerField()


class Notices(ApiView):
    @extend_schema(operation_id="notices", responses=NoticesShape)
    def get(self, request: UserRequest) -> Response:
        """List your latest 100 notices, newest first, in the language of the request."""
        own = Notice.objects.visible_to(request.user)
        latest = own.order_by("-created_at", "-pk")[:NOTICES_SHOWN]
        return Response(
            {
                "n_unseen": own.unseen().count(),
                "notices": [notice_payload(notice) for notice in latest],
            }
        )


class NoticesSeen(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(operation_id="notices_seen", request=None, responses=SeenShape)
    def post(self, request: UserRequest) -> Response:
        """Mark all your notices as seen."""
        return Response({"n_seen": delivery.mark_seen(user=request.user, now=timezone.now())})
