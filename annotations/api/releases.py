"""Data releases of a study: list, request, status, cancellation and download."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from annotations import tasks
from annotations.api import shapes
from annotations.api.archives import LOCATION, RETRY_AFTER_S
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.serializers import Nothing
from annotations.desk_payloads import Payload
from annotations.models import Release, Study
from annotations.services.blinding import results_seen, rules
from annotations.services.export import background
from annotations.services.releases import choices, jobs
from annotations.services.releases.choices import Choices
from ecgreview.release import folds, licences
from ecgreview.release.embargo import Embargo
from ecgreview.release.formats import registry


class DataReleaseInput(serializers.Serializer[None]):
    """What to release."""

    licence = serializers.ChoiceField(
        licences.IDENTIFIERS,
        help_text="Of the labels, and of the signals if they are included.",
    )
    formats = serializers.ListField(
        child=serializers.ChoiceField(registry.NAMES),
        required=False,
        default=list,
        help_text="Default: all that are possible.",
    )
    authors = serializers.ListField(
        child=serializers.CharField(max_length=120), required=False, default=list, max_length=200
    )
    has_signals = serializers.BooleanField(required=False, default=False)
    n_folds = serializers.IntegerField(
        required=False, default=folds.DEFAULT_FOLDS, min_value=0, max_value=folds.MAX_FOLDS
    )
    embargo = serializers.ChoiceField(
        [item.value for item in Embargo],
        required=False,
        default=Embargo.NONE.value,
        help_text="Of which exams labels and readings are withheld, to score predictions.",
    )

    def validate_embargo(self, value: str) -> Embargo:
        return Embargo(value)


class DataReleaseShape(shapes.Shape):
    """A data release and its status."""

    key = serializers.UUIDField()
    version = serializers.CharField()
    state = serializers.ChoiceField(["waiting", "making", "ready", "failed", "canceled"])
    failure = serializers.CharField(
        allow_blank=True, help_text="Code of the refusal that ended it, or name of the last error."
    )
    n_done = serializers.IntegerField(help_text="Number of steps done, out of n_total.")
    n_total = serializers.IntegerField()
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    licence = serializers.CharField()
    formats = serializers.ListField(child=serializers.CharField())
    has_signals = serializers.BooleanField()
    n_folds = serializers.IntegerField()
    embargo = serializers.ChoiceField([item.value for item in Embargo])
    n_bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True, help_text="Of the ZIP file.")
    manifest_sha256 = serializers.CharField(allow_null=True)
    url = serializers.CharField(help_text="Address of this status.")
    file = serializers.CharField(
        allow_null=True, help_text="Address of the file; null until it is ready."
    )


class StudyReleases(ApiView):
    required_permissions = {"GET": "export_study", "POST": "export_study"}

    @extend_schema(operation_id="releases", responses=DataReleaseShape(many=True))
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return the data releases of a study, newest first."""
        study = exported_study(request, slug)
        return Response([_payload(release) for release in jobs.of_study(study)])

    @extend_schema(
        operation_id="release_create",
        request=DataReleaseInput,
        responses={202: OpenApiResponse(DataReleaseShape, "Queued; see Location for its status.")},
        parameters=[LOCATION],
    )
    def post(self, request: UserRequest, slug: str) -> Response:
        """Request a data release of the study as it is now."""
        data = checked(DataReleaseInput, request.data)
        study = exported_study(request, slug)
        release = jobs.request(
            study=study, choices=Choices(**data), actor=request.user, now=timezone.now()
        )
        tasks.nudge(tasks.make_releases)
        payload = _payload(release)
        response = Response(payload, status=status.HTTP_202_ACCEPTED)
        response["Location"] = payload["url"]
        response["Retry-After"] = str(RETRY_AFTER_S)
        response["Cache-Control"] = "no-store"
        return response


class ReleaseDetail(ApiView):
    required_permissions = {"GET": "export_study"}

    @extend_schema(operation_id="release", responses=DataReleaseShape)
    def get(self, request: UserRequest, slug: str, key: UUID) -> Response:
        """Return the status of a data release, and the address of its file once it is ready."""
        return Response(_payload(_release(request, slug, key)))


class ReleaseCancellation(ApiView):
    required_permissions = {"POST": "export_study"}

    @extend_schema(operation_id="release_cancel", request=Nothing, responses=DataReleaseShape)
    def post(self, request: UserRequest, slug: str, key: UUID) -> Response:
        """Stop creating a data release. A worker may need a while to notice."""
        checked(Nothing, request.data)
        release = _release(request, slug, key)
        jobs.cancel(release=release, actor=request.user, now=timezone.now())
        return Response(_payload(_release(request, slug, key)))


class ReleaseFile(ApiView):
    required_permissions = {"GET": "export_study"}

    @extend_schema(
        operation_id="release_file", responses={(200, "application/zip"): OpenApiTypes.BINARY}
    )
    def get(self, request: UserRequest, slug: str, key: UUID) -> StreamingHttpResponse:
        """Download a data release that is ready. The audit trail records each download."""
        release = _release(request, slug, key)
        jobs.refuse(release)
        parts: Iterator[bytes] = iter(())
        if request.method != "HEAD":
            now = timezone.now()
            parts = jobs.download(release=release, actor=request.user, now=now)
            results_seen.results_of_study(study=release.study, user=request.user, now=now)
        headers = background.headers(release, f"{release.name}.zip")
        return StreamingHttpResponse(parts, headers=headers)


def exported_study(request: UserRequest, slug: str) -> Study:
    """Return the study if its results are open, and not hidden from the user.

    Raises:
        ReaderStillBlinded: they are hidden, because the user reads in the study.
        choices.NothingToRelease, choices.ResultsHidden: see ``choices.refuse_hidden``.
    """
    study = Study.objects.visible_to(request.user).select_related("taxonomy").get(slug=slug)
    rules.refuse_readers(study, request.user)
    choices.refuse_hidden(study)
    return study


def _release(request: UserRequest, slug: str, key: UUID) -> Release:
    return jobs.find(study=exported_study(request, slug), key=key)


def _payload(release: Release) -> Payload:
    url_kwargs = {"slug": release.study.slug, "key": release.key}
    is_ready = release.is_ready
    return {
        "key": str(release.key),
        "version": release.version,
        "state": jobs.state_name(release),
        "failure": release.failure,
        "n_done": release.n_done,
        "n_total": release.n_total,
        "requested_at": release.requested_at,
        "finished_at": release.finished_at,
        "licence": release.licence,
        "formats": release.formats,
        "has_signals": release.has_signals,
        "n_folds": release.n_folds,
        "embargo": release.embargo,
        "n_bytes": release.n_bytes if is_ready else None,
        "sha256": release.digest if is_ready else None,
        "manifest_sha256": release.manifest_digest if is_ready else None,
        "url": reverse("api-study-release", kwargs=url_kwargs),
        "file": reverse("api-study-release-file", kwargs=url_kwargs) if is_ready else None,
    }
