"""Adjudication: what is in dispute, and the decision."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations import desk_payloads
from annotations.api import shapes
from annotations.api.base import ApiView, UserRequest, checked
from annotations.api.headers import KEY, idempotency_key
from annotations.api.reading_inputs import MAX_COMMENT, MAX_FINDINGS, DisplayField
from annotations.api.serializers import MAX_POSITIVE_INTEGER, Strict
from annotations.models import (
    AdjudicationMode,
    AdjudicationStage,
    Answer,
    Assignment,
    BetterReport,
    ErrorType,
    Quality,
    TokenScope,
)
from annotations.services.adjudication import decisions
from annotations.services.adjudication.decisions import AnswerIn, AuditForm, Given
from annotations.services.assignment import guards


class AnswerInput(Strict):
    """The decision on a class in dispute, or on a class whose agreement you overrule."""

    answer = serializers.ChoiceField(choices=Answer.choices)
    reason = serializers.CharField(
        max_length=MAX_COMMENT,
        allow_blank=True,
        default="",
        help_text="Required to overrule an agreement.",
    )

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(max_length=60), **super().get_fields()}


class AuditFormInput(Strict):
    """Which of the two reports is right."""

    better_report = serializers.ChoiceField(choices=BetterReport.choices)
    would_change_conduct = serializers.BooleanField()
    error_types = serializers.MultipleChoiceField(choices=ErrorType.choices, default=set)


class AdjudicationInput(Strict):
    """The decision on an exam."""

    stage = serializers.ChoiceField(choices=AdjudicationStage.choices)
    answers = serializers.ListField(child=AnswerInput(), max_length=MAX_FINDINGS, default=list)
    is_unreadable = serializers.BooleanField(default=False)
    comment = serializers.CharField(max_length=MAX_COMMENT, allow_blank=True, default="")
    audit_form = AuditFormInput(allow_null=True, default=None)
    active_ms = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER, default=0)
    idle_ms = serializers.IntegerField(min_value=0, max_value=MAX_POSITIVE_INTEGER, default=0)
    display = DisplayField(default=dict)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Convert the answers for the service."""
        form = attrs["audit_form"]
        return {
            **attrs,
            "answers": [
                AnswerIn(answer["class"], answer["answer"], answer["reason"])
                for answer in attrs["answers"]
            ],
            "audit_form": form
            and AuditForm(
                form["better_report"], form["would_change_conduct"], sorted(form["error_types"])
            ),
        }


class MemberShape(shapes.DecidedShape):
    """The first vote of a committee member."""

    numeral = serializers.CharField()
    is_own = serializers.BooleanField()


class ShownReadingShape(shapes.Shape):
    """Another person's reading, identified only by a letter that is drawn for each exam."""

    letter = serializers.CharField()
    is_readable = serializers.BooleanField()
    quality = serializers.ChoiceField(choices=Quality.choices)
    findings = shapes.FindingShape(many=True)
    not_assessable = serializers.ListField(child=serializers.CharField())


class ExamToDecideShape(shapes.Shape):
    """An exam to adjudicate."""

    id = serializers.IntegerField()
    exam = shapes.BlindExamShape()
    batch = shapes.BatchNameShape()
    study = shapes.Anything(help_text="slug and name")
    mode = serializers.ChoiceField(choices=AdjudicationMode.choices)
    is_committee = serializers.BooleanField()
    is_extra = serializers.BooleanField(
        help_text="Whether you vote on these classes as a reader, without overruling."
    )
    stages = serializers.ListField(child=serializers.CharField())
    due = serializers.ChoiceField(
        choices=AdjudicationStage.choices,
        allow_null=True,
        help_text="The stage to decide now; null if there is nothing to decide.",
    )
    is_waiting = serializers.BooleanField(
        help_text="Whether the second vote waits for the committee."
    )
    asked = serializers.ListField(child=serializers.CharField(), help_text="Classes in dispute.")
    asks_readability = serializers.BooleanField()
    asks_audit_form = serializers.BooleanField()
    agreed = serializers.ListField(
        child=serializers.CharField(), help_text="Classes that are present by agreement."
    )
    readings = ShownReadingShape(many=True, help_text="Empty while votes are hidden.")
    members = MemberShape(many=True, help_text="First votes of the committee.")
    decided = shapes.DecidedShape(many=True, help_text="Your decisions so far.")
    is_deferred = serializers.BooleanField()
    next = serializers.IntegerField(allow_null=True)
    queue = shapes.QueueShape()


class AssignmentAdjudication(ApiView):
    scope = TokenScope.LABEL
    scope_of_get = TokenScope.LABEL  # votes are shown to the adjudicator only

    @extend_schema(operation_id="adjudication", responses=ExamToDecideShape)
    def get(self, request: UserRequest, pk: int) -> Response:
        """Return the classes in dispute of one of your exams, and the votes if they are shown."""
        own = _own(request, pk)
        guards.refuse_unserved(own, request.user)
        return Response(desk_payloads.adjudication_payload(own, request.user))

    @extend_schema(
        operation_id="adjudication_submit",
        parameters=[OpenApiParameter(KEY, UUID, "header", required=True)],
        request=AdjudicationInput,
        responses={201: ExamToDecideShape, 200: ExamToDecideShape},
    )
    def post(self, request: UserRequest, pk: int) -> Response:
        """Decide. Sending it again with the same key has no further effect."""
        key = idempotency_key(request)
        data = checked(AdjudicationInput, request.data)
        submission = decisions.submit(
            assignment_id=pk,
            adjudicator=request.user,
            given=Given(key=key, **data),
            now=timezone.now(),
        )
        payload = desk_payloads.adjudication_payload(_own(request, pk), request.user)
        return Response(payload, status=200 if submission.is_repeat else 201)


def _own(request: UserRequest, pk: int) -> Assignment:
    assignments = Assignment.objects.visible_to(request.user)
    return assignments.select_related("exam", "batch__study", "batch__taxonomy").get(pk=pk)
