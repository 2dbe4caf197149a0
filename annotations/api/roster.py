"""The readers of a study, for users with permission to view studies."""

from __future__ import annotations

from django.db.models import Sum
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations.api.base import ApiView, UserRequest
from annotations.api.shapes import Shape
from annotations.desk_payloads import Payload
from annotations.models import ReaderKind, ReaderLevel, Seat, Study, StudyReader, StudyReaderStatus
from annotations.services.blinding import reader_names
from annotations.services.blinding.reader_names import ReaderNames
from annotations.services.blinding.rules import is_blinded_to


class StudyReaderShape(Shape):
    """A reader of a study, without their progress."""

    username = serializers.CharField(
        allow_null=True, help_text="Null unless you are a coordinator."
    )
    name = serializers.CharField(
        help_text="A pseudonym within the study, unless you are a coordinator."
    )
    kind = serializers.ChoiceField(
        choices=ReaderKind.choices, help_text="Only people vote in the consensus."
    )
    level = serializers.ChoiceField(choices=ReaderLevel.choices)
    status = serializers.ChoiceField(choices=StudyReaderStatus.choices)
    status_since = serializers.DateTimeField()
    max_exams = serializers.IntegerField(allow_null=True)
    n_assigned = serializers.IntegerField(
        allow_null=True,
        help_text="Null if you are a reader of the study: in a pool it would reveal progress.",
    )


class ReadersShape(Shape):
    readers = StudyReaderShape(many=True)


class StudyReaders(ApiView):
    required_permissions = {"GET": "view_study"}

    @extend_schema(operation_id="study_readers", responses=ReadersShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """List the readers of a study in the order in which they joined."""
        study = Study.objects.visible_to(request.user).get(slug=slug)
        n_assigned = {} if is_blinded_to(study, request.user) else _assigned_by_reader(study)
        readers = StudyReader.objects.filter(study=study).select_related("user").order_by("pk")
        names = reader_names.names_for(request.user, study)
        listed = [_reader(reader, n_assigned.get(reader.user_id), names) for reader in readers]
        return Response({"readers": listed})


def _assigned_by_reader(study: Study) -> dict[int, int]:
    """Return the number of assigned readings by reader."""
    seats = Seat.objects.filter(batch__study=study).order_by().values_list("reader")
    zeros = dict.fromkeys(study.readers.values_list("user", flat=True), 0)
    return zeros | dict(seats.annotate(n=Sum("n_assigned", default=0)))


def _reader(reader: StudyReader, n_assigned: int | None, names: ReaderNames) -> Payload:
    return {
        "username": names.username_of(reader.user),
        "name": names.of(reader.user),
        "kind": reader.user.kind,
        "level": reader.user.level,
        "status": reader.status,
        "status_since": reader.status_since,
        "max_exams": reader.max_exams,
        "n_assigned": n_assigned,
    }
