"""Samples of tracings, served as stored: packed, compressed and immutable."""

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
from annotations.services.exams import previous_exams

FOREVER = "private, max-age=31536000, immutable"


class AssignmentTracing(ApiView):
    """One tracing of an exam assigned to you."""

    @extend_schema(
        operation_id="assignment_tracing",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 304: None},
    )
    def get(self, request: UserRequest, pk: int, position: int) -> HttpResponseBase:
        """Return the packed samples (wire format ECG1), gzip-compressed as stored.

        The ETag depends on the assignment: equal tags would reveal a hidden repeat.
        """
        assignment = _own(request, pk)
        tracing = _without_samples().get(exam=assignment.exam_id, position=position)
        tag = hashlib.sha256(f"{pk}:{tracing.content_hash}".encode()).hexdigest()
        return _response(request, tracing, tag)


class PreviousTracing(ApiView):
    """One tracing of the patient's previous exam, if the study shows it."""

    @extend_schema(
        operation_id="prior_tracing",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 304: None},
    )
    def get(self, request: UserRequest, pk: int, position: int) -> HttpResponseBase:
        """Return the packed samples (wire format ECG1), gzip-compressed as stored.

        The ETag depends on the assignment: equal tags would reveal an exam you read elsewhere.
        """
        previous = previous_exams.shown_with(_own(request, pk))
        if previous is None:
            raise Exam.DoesNotExist
        tracing = _without_samples().get(exam=previous.exam, position=position)
        tag = hashlib.sha256(f"{pk}:prior:{tracing.content_hash}".encode()).hexdigest()
        return _response(request, tracing, tag)


class TracingSamples(ApiView):
    """One tracing of an exam, for users with permission to view exams."""

    required_permissions = {"GET": "view_exam"}

    @extend_schema(
        operation_id="tracing",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 304: None},
    )
    def get(self, request: UserRequest, code: str, position: int) -> HttpResponseBase:
        """Return the packed samples (wire format ECG1), gzip-compressed as stored."""
        exams = Exam.objects.visible_to(request.user).not_read_by(request.user).filter(code=code)
        tracing = _without_samples().get(exam__in=exams, position=position)
        return _response(request, tracing, tracing.content_hash)


def _own(request: UserRequest, pk: int) -> Assignment:
    assignments = Assignment.objects.visible_to(request.user)
    assignment = assignments.select_related("exam", "batch__study", "reader").get(pk=pk)
    guards.refuse_blocked(assignment)
    return assignment


def _without_samples() -> QuerySet[Tracing]:
    """Return tracings without their samples, which a 304 response does not need."""
    return Tracing.objects.defer("packed")


def _response(request: UserRequest, tracing: Tracing, tag: str) -> HttpResponseBase:
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
    """Whether Accept-Encoding has ``gzip`` or ``*`` with a weight above zero."""
    accepted = dict(_coding(part) for part in accept_encoding.lower().split(","))
    return accepted.get("gzip", accepted.get("*", False))


def _coding(part: str) -> tuple[str, bool]:
    """Return a content coding and whether it is accepted."""
    coding, _, parameter = part.partition(";")
    weight = parameter.strip().removeprefix("q=").strip() or "1"
    return coding.strip(), weight.strip("0.") != ""
