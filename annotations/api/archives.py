"""Archives of a study's tables: request one, poll its status, download it when it is ready."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from annotations import tasks
from annotations.api import shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.serializers import Nothing
from annotations.desk_payloads import Payload
from annotations.models import Archive, Study
from annotations.services.blinding import results_seen, rules
from annotations.services.export import background, jobs

RETRY_AFTER_S = 5
LOCATION = OpenApiParameter("Location", str, OpenApiParameter.HEADER, response=True)


class ArchiveShape(shapes.Shape):
    """An archive and its status."""

    key = serializers.UUIDField()
    state = serializers.ChoiceField(["waiting", "making", "ready", "failed"])
    n_done = serializers.IntegerField(help_text="Number of files written, out of n_total.")
    n_total = serializers.IntegerField()
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    is_current = serializers.BooleanField(help_text="Whether the study has not changed since then.")
    n_bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)
    url = serializers.CharField(help_text="Address of this status.")
    file = serializers.CharField(
        allow_null=True, help_text="Address of the file; null until it is ready."
    )


class StudyExport(ApiView):
    required_permissions = {"GET": "export_study"}

    @extend_schema(
        operation_id="study_export",
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            202: OpenApiResponse(ArchiveShape, "In progress; see Location for its status."),
        },
    )
    def get(self, request: UserRequest, slug: str) -> HttpResponse | StreamingHttpResponse:
        """Download consensus, readings, taxonomy and agreement as CSV files in a zip archive.

        While the archive is being created, the response is 202: retry after Retry-After seconds.
        """
        study = _exported(request, slug)
        archive = jobs.request(study=study, actor=request.user, now=timezone.now())
        if archive.is_ready:
            return _file(request, archive)
        tasks.nudge(tasks.make_archives)
        return _accepted(archive)


class StudyArchives(ApiView):
    required_permissions = {"POST": "export_study"}

    @extend_schema(
        operation_id="archive_create",
        request=Nothing,
        responses={
            200: OpenApiResponse(ArchiveShape, "Ready, and the study has not changed since."),
            202: OpenApiResponse(ArchiveShape, "Queued; see Location for its status."),
        },
    )
    def post(self, request: UserRequest, slug: str) -> Response:
        """Request an archive of the study as it is now."""
        checked(Nothing, request.data)
        study = _exported(request, slug)
        archive = jobs.request(study=study, actor=request.user, now=timezone.now())
        if archive.is_ready:
            return Response(_payload(archive))
        tasks.nudge(tasks.make_archives)
        return _accepted(archive)


class ArchiveDetail(ApiView):
    required_permissions = {"GET": "export_study"}

    @extend_schema(operation_id="archive", responses=ArchiveShape)
    def get(self, request: UserRequest, slug: str, key: UUID) -> Response:
        """Return the status of an archive, and the address of its file once it is ready."""
        return Response(_payload(jobs.find(study=_exported(request, slug), key=key)))


class ArchiveFile(ApiView):
    required_permissions = {"GET": "export_study"}

    @extend_schema(
        operation_id="archive_file", responses={(200, "application/zip"): OpenApiTypes.BINARY}
    )
    def get(self, request: UserRequest, slug: str, key: UUID) -> StreamingHttpResponse:
        """Download an archive that is ready. The audit trail records each download."""
        return _file(request, jobs.find(study=_exported(request, slug), key=key))


def _exported(request: UserRequest, slug: str) -> Study:
    """Return the study if its results are not hidden from the user.

    Raises:
        ReaderStillBlinded: they are hidden, because the user reads in the study.
    """
    study = Study.objects.visible_to(request.user).get(slug=slug)
    rules.refuse_readers(study, request.user)
    return study


def _file(request: UserRequest, archive: Archive) -> StreamingHttpResponse:
    jobs.refuse(archive)
    parts: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        now = timezone.now()
        parts = jobs.download(archive=archive, actor=request.user, now=now)
        results_seen.results_of_study(study=archive.study, user=request.user, now=now)
    return StreamingHttpResponse(
        parts, headers=background.headers(archive, f"{archive.study.slug}.zip")
    )


def _accepted(archive: Archive) -> Response:
    payload = _payload(archive)
    response = Response(payload, status=status.HTTP_202_ACCEPTED)
    response["Location"] = payload["url"]
    response["Retry-After"] = str(RETRY_AFTER_S)
    response["Cache-Control"] = "no-store"
    return response


def _payload(archive: Archive) -> Payload:
    url_kwargs = {"slug": archive.study.slug, "key": archive.key}
    is_ready = archive.is_ready
    return {
        "key": str(archive.key),
        "state": background.state_name(archive),
        "n_done": archive.n_done,
        "n_total": archive.n_total,
        "requested_at": archive.requested_at,
        "finished_at": archive.finished_at,
        "is_current": jobs.is_current(archive),
        "n_bytes": archive.n_bytes if is_ready else None,
        "sha256": archive.digest if is_ready else None,
        "url": reverse("api-study-archive", kwargs=url_kwargs),
        "file": reverse("api-study-archive-file", kwargs=url_kwargs) if is_ready else None,
    }
