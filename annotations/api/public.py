"""Endpoints without a permission: classes and taxonomies for everybody, the schema for users."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import desk_payloads
from annotations.api import openapi, shapes
from annotations.api.base import ApiView, PublicView, UserRequest
from annotations.models import Taxonomy


class Classes(PublicView):
    @extend_schema(operation_id="classes", responses=shapes.ClassShape(many=True))
    def get(self, _request: Request) -> Response:
        """List the diagnostic classes of the newest taxonomy by position."""
        return Response(desk_payloads.classes_payload(Taxonomy.objects.all().newest()))


class Taxonomies(PublicView):
    @extend_schema(operation_id="taxonomies", responses=shapes.TaxonomyShape(many=True))
    def get(self, _request: Request) -> Response:
        """List the installed versions of all taxonomies, newest first."""
        newest_first = Taxonomy.objects.order_by("-installed_at", "-pk")
        return Response([desk_payloads.taxonomy_payload(taxonomy) for taxonomy in newest_first])


class UnknownAddress(PublicView):
    """Any other address below /api/, so that its 404 is a problem document too."""

    @extend_schema(exclude=True)
    def get(self, _request: Request, rest: str) -> Response:
        raise NotFound(rest)


class Schema(ApiView):
    @extend_schema(operation_id="schema", responses=OpenApiTypes.OBJECT)
    def get(self, _request: UserRequest) -> Response:
        """Return the OpenAPI schema."""
        return Response(openapi.document())
