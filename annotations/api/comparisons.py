"""The comparison of all consensus rules on the readings of a study."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from annotations import tasks
from annotations.api.base import ApiView, UserRequest
from annotations.api.shapes import Shape
from annotations.models import ClassState, Study
from annotations.services.blinding import results_seen
from annotations.services.blinding.rules import refuse_readers
from annotations.services.consensus import comparison_document, comparisons
from ecgreview.consensus import RULES, Parameter
from ecgreview.consensus.comparison import Unsupported

RETRY_AFTER_S = 5

REASONS = [reason.value for reason in Unsupported]


class RuleLeftOutShape(Shape):
    """What changes if a reader is left out; null where `left_out_reasons` has a reason."""

    n_decided = serializers.IntegerField(
        allow_null=True, help_text="Marked cells decided with all readers."
    )
    n_changed = serializers.IntegerField(
        allow_null=True, help_text="Those whose state changes without the reader."
    )
    share = serializers.FloatField(allow_null=True)


class RuleAccuracyShape(Shape):
    """The labels compared with a reference. A missing label counts as missed in sensitivity."""

    sensitivity = serializers.FloatField(allow_null=True)
    ppv = serializers.FloatField(allow_null=True)
    macro_f1 = serializers.FloatField(allow_null=True)
    n_errors = serializers.IntegerField(help_text="Wrong labels: n_extra plus n_missed.")
    n_hits = serializers.IntegerField()
    n_extra = serializers.IntegerField()
    n_missed = serializers.IntegerField()
    n_unlabeled = serializers.IntegerField(help_text="Cells without a label.")


class RuleSettingShape(Shape):
    """What a rule decides at one setting. Lists by class or reader follow those of the document."""

    setting = serializers.FloatField(allow_null=True, help_text="k or the threshold.")
    n_present = serializers.IntegerField()
    n_disputed = serializers.IntegerField(help_text="Number of undecided cells.")
    n_exams_disputed = serializers.IntegerField()
    n_exams_to_adjudicate = serializers.IntegerField(
        help_text="Exams in dispute before any adjudication."
    )
    hours = serializers.FloatField(
        allow_null=True, help_text="To adjudicate these exams; null if the rule ignores it."
    )
    n_incomplete = serializers.IntegerField()
    n_exams_incomplete = serializers.IntegerField()
    n_different = serializers.IntegerField(
        help_text="Marked cells whose state differs under the study's rule."
    )
    present = serializers.ListField(child=serializers.IntegerField())
    disputed = serializers.ListField(child=serializers.IntegerField())
    changes = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Marked cells by state under the study's rule (rows) and under this rule.",
    )
    left_out = RuleLeftOutShape(many=True)
    accuracy = RuleAccuracyShape(many=True)


class ComparedRuleShape(Shape):
    """A consensus rule at all of its settings."""

    rule = serializers.ChoiceField(choices=list(RULES))
    version = serializers.CharField()
    parameter = serializers.ChoiceField(
        choices=[parameter.value for parameter in Parameter], allow_null=True
    )
    reason = serializers.ChoiceField(
        choices=REASONS,
        allow_blank=True,
        help_text="Why the readings do not support the rule, if they do not.",
    )
    chosen = serializers.IntegerField(help_text="Index of the study's setting.")
    without_estimate = serializers.ListField(
        child=serializers.CharField(),
        help_text="Classes decided by majority, because their posterior cannot be estimated.",
    )
    left_out_reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=REASONS, allow_blank=True)
    )
    settings = RuleSettingShape(many=True)


class ContradictionShape(Shape):
    """A cell in which a reference contradicts readers who agree."""

    exam = serializers.CharField()
    reference = serializers.IntegerField(help_text="Index in `references`.")
    is_marked = serializers.BooleanField(help_text="Whether the reference marked the class.")
    n_votes = serializers.IntegerField(help_text="Number of readers who agree.")

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class RuleComparisonShape(Shape):
    """All consensus rules on the same readings. A marked cell is an exam and class that somebody
    marked.
    """

    rule = serializers.CharField(help_text="The rule of the study.")
    n_exams = serializers.IntegerField()
    n_marked = serializers.IntegerField(help_text="Number of marked cells.")
    n_adjudicated = serializers.IntegerField(help_text="Number of exams with an adjudication.")
    seconds_per_exam = serializers.FloatField(help_text="Assumed for adjudication.")
    n_measured = serializers.IntegerField(
        help_text="Number of adjudications that this time is the mean of; 0 for the default."
    )
    classes = serializers.ListField(child=serializers.CharField())
    readers = serializers.ListField(child=serializers.CharField())
    references = serializers.ListField(child=serializers.CharField())
    states = serializers.ListField(child=serializers.ChoiceField(choices=ClassState.choices))
    rules = ComparedRuleShape(many=True)
    contradictions = ContradictionShape(many=True)


class RuleComparisonStateShape(Shape):
    """The progress of a comparison that a worker computes."""

    state = serializers.ChoiceField(["waiting", "computing"])
    n_done = serializers.IntegerField(help_text="Number of rules compared, out of n_total.")
    n_total = serializers.IntegerField()


class StudyRuleComparison(ApiView):
    required_permissions = {"GET": "view_consensus"}

    @extend_schema(
        operation_id="consensus_comparison",
        responses={
            200: RuleComparisonShape,
            202: OpenApiResponse(RuleComparisonStateShape, "A worker computes it."),
        },
    )
    def get(self, request: UserRequest, slug: str) -> Response:
        """Compare all consensus rules on the readings of closed batches.

        The comparison of a large study takes a while: then the response is 202, and you should
        retry after Retry-After seconds. Hidden from readers of the study, like its consensus.
        """
        study = Study.objects.visible_to(request.user).get(slug=slug)
        refuse_readers(study, request.user)
        comparisons.refuse_hidden(study, request.user)
        now = timezone.now()
        row = comparisons.request(study=study, actor=request.user, now=now)
        if not row.is_ready:
            tasks.nudge(tasks.compare_rules)
            state = {
                "state": comparisons.state_name(row),
                "n_done": row.n_done,
                "n_total": row.n_total,
            }
            response = Response(state, status=status.HTTP_202_ACCEPTED)
            response["Retry-After"] = str(RETRY_AFTER_S)
            response["Cache-Control"] = "no-store"
            return response
        results_seen.results_of_study(study=study, user=request.user, now=now)
        return Response(
            comparison_document.document(
                comparisons.results_of(row),
                study=study,
                user=request.user,
                pace=comparisons.pace_of(study),
            )
        )
