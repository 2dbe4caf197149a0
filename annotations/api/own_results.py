"""What a reader learns about their own readings after the study is locked."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from annotations.api.base import ApiView, UserRequest
from annotations.api.shapes import Shape
from annotations.desk_payloads import Payload
from annotations.models import CellBasis, ClassState
from annotations.services.own_results import results
from annotations.services.own_results.results import LoneClass, LoneExam


class LoneVoteShape(Shape):
    """A class on which you voted against all other readers of the exam."""

    assignment = serializers.IntegerField()
    own_vote = serializers.ChoiceField([ClassState.PRESENT.value, ClassState.ABSENT.value])
    n_others = serializers.IntegerField(help_text="Number of votes against yours.")
    state = serializers.ChoiceField(choices=ClassState.choices, help_text="The consensus.")
    basis = serializers.ChoiceField(choices=CellBasis.choices, allow_blank=True)
    reasons = serializers.ListField(
        child=serializers.CharField(),
        help_text="What adjudicators wrote about the class, without names.",
    )
    comments = serializers.ListField(
        child=serializers.CharField(),
        help_text="What adjudicators wrote about the exam, without names.",
    )

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        code = serializers.CharField(
            allow_blank=True,
            help_text="Empty if it is about the exam: present means readable.",
        )
        return {"class": code, **super().get_fields()}


class OwnResultsShape(Shape):
    """Your results in a locked study. The response identifies no other reader."""

    n_read = serializers.IntegerField(help_text="Number of exams that you read.")
    n_gold = serializers.IntegerField(help_text="Hidden gold exams compared with their reference.")
    gold_right = serializers.FloatField(
        allow_null=True, help_text="Share of them that you answered exactly."
    )
    lone_votes = LoneVoteShape(many=True)


class OwnResults(ApiView):
    @extend_schema(operation_id="own_results", responses=OwnResultsShape)
    def get(self, request: UserRequest, slug: str) -> Response:
        """Return your own results in a study that is locked.

        It is recorded that you have seen them: the exams of your batches can no longer be assigned
        to you for blind reading. 404 before the lock, and while you read one of the exams in
        another study.
        """
        study = results.open_study(request.user, slug, now=timezone.now())
        figures = results.figures(study, request.user)
        return Response(
            {
                "n_read": figures.n_read,
                "n_gold": figures.n_gold,
                "gold_right": figures.gold.right.estimate if figures.gold else None,
                "lone_votes": [
                    _lone_vote(exam, item)
                    for exam in results.lone_exams(study, request.user)
                    for item in exam.classes
                ],
            }
        )


def _lone_vote(exam: LoneExam, item: LoneClass) -> Payload:
    vote = ClassState.PRESENT if item.vote.is_for else ClassState.ABSENT
    return {
        "assignment": exam.assignment.pk,
        "class": item.code,
        "own_vote": vote.value,
        "n_others": item.vote.n_others,
        "state": item.state,
        "basis": item.basis,
        "reasons": list(item.reasons),
        "comments": list(exam.comments),
    }
