"""Leases: readers of a pooled batch take one exam at a time."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations.api.base import ApiView, UserRequest
from annotations.api.shapes import Shape
from annotations.models import TokenScope
from annotations.services.assignment import leases


class LeaseShape(Shape):
    """The assignment to read next; null if the pool has no exam for you right now."""

    next = serializers.IntegerField(allow_null=True)


class Lease(ApiView):
    scope = TokenScope.LABEL

    @extend_schema(operation_id="lease_take", request=None, responses=LeaseShape)
    def post(self, request: UserRequest, pk: int) -> Response:
        """Take the next exam of a pooled batch, or return the one you have already taken."""
        try:
            lease = leases.take(batch_id=pk, reader=request.user, now=timezone.now())
        except leases.NoExamNow:
            return Response({"next": None})
        return Response({"next": lease.pk})
