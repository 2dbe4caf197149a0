"""The readers of a study, for people who assign exams."""

from __future__ import annotations

from django.db.models import Sum
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations.api.base import ApiView, UserRequest, answer
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
        help_text="Null if you read in the study: in a pool it grows with what was read.",
    )


class ReadersShape(Shape):
    readers = StudyReaderShape(many=True)


class StudyReaders(ApiView):
    needs = {"GET": "view_study"}

    @extend_schema(operation_id="study_readers", responses=ReadersShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """List the readers in the order in which they joined."""
        study = Study.objects.visible_to(request.user).get(slug=slug)
        n_assigned = {} if is_blinded_to(study, request.user) else _given(study)
        lines = StudyReader.objects.filter(study=study).select_related("user").order_by("pk")
        told = reader_names.names_for(request.user, study)
        listed = [_line(line, n_assigned.get(line.user_id), told) for line in lines]
        return answer({"readers": listed})


def _given(study: Study) -> dict[int, int]:
    """Return the number of assigned readings by reader."""
    seats = Seat.objects.filter(batch__study=study).order_by().values_list("reader")
    nobody = dict.fromkeys(study.readers.values_list("user", flat=True), 0)
    return nobody | dict(seats.annotate(n=Sum("n_assigned", default=0)))


def _line(line: StudyReader, n_assigned: int | None, told: ReaderNames) -> Payload:
    return {
        "username": told.username_of(line.user),
        "name": told.of(line.user),
        "kind": line.user.kind,
        "level": line.user.level,
        "status": line.status,
        "status_since": line.status_since,
        "max_exams": line.max_exams,
        "n_assigned": n_assigned,
    }
