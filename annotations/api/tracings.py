"""The samples of a tracing, served as they are stored: packed, compressed, never changing."""

from __future__ import annotations

import gzip

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from annotations.api.base import ApiView, UserRequest
from annotations.models import Exam, Tracing

FOREVER = "private, max-age=31536000, immutable"


class TracingSamples(ApiView):
    """One tracing of an exam that one may see."""

    @extend_schema(
        operation_id="tracing",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 304: None},
    )
    def get(self, request: UserRequest, code: str, position: int) -> HttpResponseBase:
        """Give the packed samples (wire format ECG1), gzip-compressed as they are stored."""
        exams = Exam.objects.visible_to(request.user).filter(code=code)
        # Whether the browser has it already is answered without fetching the samples.
        tracing = Tracing.objects.defer("packed").get(exam__in=exams, position=position)
        takes_gzip = _takes_gzip(request.headers.get("Accept-Encoding", ""))
        etag = f'"{tracing.content_hash}"' if takes_gzip else f'"{tracing.content_hash}-plain"'
        response = get_conditional_response(request, etag=etag)
        if response is None:
            response = _samples(tracing, takes_gzip=takes_gzip)
        response["ETag"] = etag
        response["Cache-Control"] = FOREVER
        patch_vary_headers(response, ["Accept-Encoding"])
        return response


def _samples(tracing: Tracing, *, takes_gzip: bool) -> HttpResponse:
    stored = bytes(tracing.packed)
    body = stored if takes_gzip else gzip.decompress(stored)
    response = HttpResponse(body, content_type="application/octet-stream")
    response["Content-Length"] = str(len(body))
    if takes_gzip:
        response["Content-Encoding"] = "gzip"
    return response


def _takes_gzip(accept_encoding: str) -> bool:
    """Tell whether the client can inflate: ``gzip`` or ``*``, unless its weight is zero."""
    weights = dict(_weighted(part) for part in accept_encoding.lower().split(","))
    return weights.get("gzip", weights.get("*", False))


def _weighted(part: str) -> tuple[str, bool]:
    coding, _, parameter = part.partition(";")
    weight = parameter.strip().removeprefix("q=").strip() or "1"
    return coding.strip(), weight.strip("0.") != ""
