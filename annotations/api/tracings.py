"""The samples of a tracing, served as they are stored: packed, compressed, never changing."""

from __future__ import annotations

import gzip
import hashlib

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema

from annotations.api.base import ApiView, UserRequest
from annotations.models import Assignment, Exam, Tracing
from annotations.services.assignment import guards
from annotations.services.exams import prior_exams

FOREVER = "private, max-age=31536000, immutable"


class AssignmentTracing(ApiView):
    """One tracing of an exam that one is to read, or has read."""

    @extend_schema(
        operation_id="assignment_tracing",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 304: None},
    )
    def get(self, request: UserRequest, pk: int, position: int) -> HttpResponseBase:
        """Give the packed samples (wire format ECG1), gzip-compressed as they are stored.

        The tag is the assignment's own: equal ones would give a hidden repeat away.
        """
        assignment = _own(request, pk)
        tracing = _without_samples().get(exam=assignment.exam_id, position=position)
        tag = hashlib.sha256(f"{pk}:{tracing.content_hash}".encode()).hexdigest()
        return _answer(request, tracing, tag)


class PriorTracing(ApiView):
    """One tracing of the patient's exam before, where the study lets its readers compare."""

    @extend_schema(
        operation_id="prior_tracing",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 304: None},
    )
    def get(self, request: UserRequest, pk: int, position: int) -> HttpResponseBase:
        """Give the packed samples (wire format ECG1), gzip-compressed as they are stored.

        The tag is the assignment's own: the exam before may itself be one that is to be read.
        """
        prior = prior_exams.shown_with(_own(request, pk))
        if prior is None:
            raise Exam.DoesNotExist
        tracing = _without_samples().get(exam=prior.exam, position=position)
        tag = hashlib.sha256(f"{pk}:prior:{tracing.content_hash}".encode()).hexdigest()
        return _answer(request, tracing, tag)


class TracingSamples(ApiView):
    """One tracing of an exam, for those who may know where it comes from."""

    needs = {"GET": "view_exam"}

    @extend_schema(
        operation_id="tracing",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 304: None},
    )
    def get(self, request: UserRequest, code: str, position: int) -> HttpResponseBase:
        """Give the packed samples (wire format ECG1), gzip-compressed as they are stored."""
        exams = Exam.objects.visible_to(request.user).not_read_by(request.user).filter(code=code)
        tracing = _without_samples().get(exam__in=exams, position=position)
        return _answer(request, tracing, tracing.content_hash)


def _own(request: UserRequest, pk: int) -> Assignment:
    mine = Assignment.objects.visible_to(request.user)
    found = mine.select_related("exam", "batch__study", "reader").get(pk=pk)
    guards.refuse_barred(found)
    return found


def _without_samples() -> QuerySet[Tracing]:
    """Whether the browser has them already is answered without fetching them."""
    return Tracing.objects.defer("packed")


def _answer(request: UserRequest, tracing: Tracing, tag: str) -> HttpResponseBase:
    takes_gzip = _takes_gzip(request.headers.get("Accept-Encoding", ""))
    etag = f'"{tag}"' if takes_gzip else f'"{tag}-plain"'
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
