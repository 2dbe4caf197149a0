"""Response serializers for readers. They define the schema; tests check every response."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from annotations.models import (
    AdjudicationStage,
    Answer,
    Certainty,
    Evidence,
    Quality,
    ReaderKind,
    ReadingOutcome,
    RevisionReason,
    Sex,
    Stage,
    TokenScope,
    Verdict,
    WorkState,
)
from annotations.services.suggestions.offers import Offer
from ecgreview.criteria import Outcome, Reason, State


@extend_schema_field(OpenApiTypes.OBJECT)
class Anything(serializers.JSONField):
    """A JSON object with varying keys, for example class codes."""


class Shape(serializers.Serializer[Any]):
    """Base class of the objects in responses."""


def page_of(item: type[Shape]) -> Any:
    """Return the serializer of one page of a list."""
    return inline_serializer(
        f"{item.__name__}Page",
        {
            "results": item(many=True),
            "next": serializers.CharField(
                allow_null=True, help_text="Send it as `after` to get the next page."
            ),
        },
    )


class ProblemShape(Shape):
    """A problem document (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    hint = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Add ``errors``, which is an attribute of every serializer."""
        messages = serializers.ListField(child=serializers.CharField())
        return {**super().get_fields(), "errors": serializers.DictField(child=messages)}


class ClassShape(Shape):
    """A diagnostic class and its relations."""

    code = serializers.CharField()
    abbreviation = serializers.CharField()
    name = serializers.CharField()
    name_pt = serializers.CharField()
    group = serializers.CharField()
    group_name = serializers.CharField()
    group_name_pt = serializers.CharField()
    definition = serializers.CharField()
    definition_pt = serializers.CharField()
    is_exclusive = serializers.BooleanField()
    excludes = serializers.ListField(child=serializers.CharField())
    implies = serializers.ListField(child=serializers.CharField())
    soft_conflicts = serializers.ListField(child=serializers.CharField())
    synonyms = serializers.ListField(child=serializers.CharField())
    position = serializers.IntegerField()
    codes = Anything()
    evidence = serializers.ChoiceField(choices=Evidence.choices)
    sources = serializers.ListField(child=serializers.CharField())


class TaxonomyShape(Shape):
    """An installed version of a taxonomy."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.CharField()
    status = serializers.CharField()
    banner = serializers.CharField()
    banner_pt = serializers.CharField()
    n_classes = serializers.IntegerField()


class MeShape(Shape):
    """The signed-in person."""

    username = serializers.CharField()
    name = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())


class TokenShape(Shape):
    """A new token. Its secret is shown only in this response."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
    name = serializers.CharField()
    scope = serializers.ChoiceField(choices=TokenScope.choices)


class OwnTokenShape(Shape):
    """One of your tokens, without its secret."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    scope = serializers.ChoiceField(choices=TokenScope.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Accurate to the minute.")


class LocalizationShape(Shape):
    """Where a finding is visible: the tracing, leads and interval in seconds."""

    tracing = serializers.IntegerField()
    leads = serializers.ListField(child=serializers.CharField())
    from_s = serializers.FloatField()
    to_s = serializers.FloatField()


class MeasurementShape(Shape):
    """A caliper measurement of a finding."""

    kind = serializers.CharField()
    tracing = serializers.IntegerField()
    lead = serializers.CharField(allow_null=True)
    from_s = serializers.FloatField()
    to_s = serializers.FloatField()
    value = serializers.FloatField(help_text="In ms for an interval, in mV for an amplitude.")
    n_cycles = serializers.IntegerField(required=False)


class FindingShape(Shape):
    """A class reported as present."""

    certainty = serializers.ChoiceField(choices=Certainty.choices)
    localisations = LocalizationShape(many=True)
    measurements = MeasurementShape(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class SignalProblemShape(Shape):
    """A signal quality problem."""

    kind = serializers.CharField()
    leads = serializers.ListField(child=serializers.CharField())


class ContentShape(Shape):
    """The content of a draft."""

    findings = FindingShape(many=True)
    not_assessable = serializers.ListField(child=serializers.CharField())
    quality = serializers.ChoiceField(choices=Quality.choices, allow_blank=True)
    problems = SignalProblemShape(many=True)
    comment = serializers.CharField()


class DraftVersionShape(Shape):
    """The version to base the next change on."""

    version = serializers.IntegerField()


class DraftShape(DraftVersionShape):
    """The stored draft."""

    content = ContentShape()


class StaleDraftShape(ProblemShape):
    """The refusal of an outdated change, with the stored draft."""

    draft = DraftShape(allow_null=True)


class DecisionShape(Shape):
    """The reader's decision on a suggestion."""

    verdict = serializers.ChoiceField(choices=Verdict.choices)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class SignedShape(Shape):
    """Your own reading as submitted; its id is the Idempotency-Key."""

    id = serializers.UUIDField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    outcome = serializers.ChoiceField(choices=ReadingOutcome.choices)
    findings = FindingShape(many=True)
    not_assessable = serializers.ListField(child=serializers.CharField())
    quality = serializers.ChoiceField(
        choices=Quality.choices, allow_blank=True, help_text="Blank only if the reader abstained."
    )
    problems = SignalProblemShape(many=True)
    comment = serializers.CharField()
    reason = serializers.ChoiceField(
        choices=RevisionReason.choices, allow_blank=True, help_text="Blank unless it is a revision."
    )
    decisions = DecisionShape(many=True)
    confirmed = serializers.ListField(
        child=serializers.CharField(),
        help_text="Classes of suggestions confirmed without a revision.",
    )
    submitted_at = serializers.DateTimeField()


class ReadingShape(SignedShape):
    """A reading you may see."""

    exam = serializers.CharField()
    batch = serializers.IntegerField()
    reader = serializers.CharField(help_text="A pseudonym within the study, or `me`.")
    reader_kind = serializers.ChoiceField(choices=ReaderKind.choices)


class TracingLinkShape(Shape):
    """Address of the samples of a tracing."""

    position = serializers.IntegerField()
    href = serializers.CharField()


class PreviousExamShape(Shape):
    """The previous exam of the same patient, for comparison."""

    days_before = serializers.IntegerField()
    tracings = TracingLinkShape(many=True)


class BlindExamShape(Shape):
    """An exam as its readers see it."""

    code = serializers.CharField()
    age_years = serializers.FloatField(allow_null=True)
    sex = serializers.ChoiceField(choices=Sex.choices, allow_null=True)
    tracings = TracingLinkShape(many=True)
    prior = PreviousExamShape(
        allow_null=True, help_text="Null where the study hides it from readers."
    )


class BatchNameShape(Shape):
    """The batch that an assignment belongs to."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    is_open = serializers.BooleanField()


class StudyNameShape(Shape):
    """The study that an assignment belongs to."""

    slug = serializers.CharField()
    name = serializers.CharField()
    frequent_classes = serializers.ListField(child=serializers.CharField())


class QueueShape(Shape):
    """Your progress in the batch."""

    position = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True, help_text="Null in a pooled batch.")
    submitted = serializers.IntegerField()


class AssignmentShape(Shape):
    """An exam to read, with the draft or reading."""

    id = serializers.IntegerField()
    exam = BlindExamShape()
    batch = BatchNameShape()
    study = StudyNameShape()
    state = serializers.ChoiceField(choices=WorkState.choices)
    draft = DraftShape(allow_null=True)
    reading = SignedShape(allow_null=True)
    undo_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when the reading can be corrected; null if it cannot."
    )
    revision = SignedShape(
        allow_null=True, help_text="The revision made after seeing the suggestions."
    )
    is_deferred = serializers.BooleanField(
        help_text="Whether it was skipped and moved to the end of the queue."
    )
    next = serializers.IntegerField(allow_null=True)
    queue = QueueShape()
    is_shown_suggestions = serializers.BooleanField(
        help_text="Whether this arm shows a model's suggestions during the reading."
    )
    suggestions = serializers.ChoiceField(
        choices=[offer.value for offer in Offer],
        help_text="Offered: you can request them; the reading is final from then on.",
    )


class AssignmentSummaryShape(Shape):
    """An entry of your worklist."""

    id = serializers.IntegerField()
    exam = serializers.CharField()
    batch = BatchNameShape()
    study = serializers.CharField()
    state = serializers.ChoiceField(choices=WorkState.choices)
    is_deferred = serializers.BooleanField()


class NextShape(Shape):
    """The next assignment; null if there is none."""

    next = serializers.IntegerField(allow_null=True)


class AcceptedShape(NextShape):
    """The submitted reading."""

    id = serializers.UUIDField()
    submitted_at = serializers.DateTimeField()
    undo_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when it can be corrected; null if it cannot."
    )


class RevisedShape(NextShape):
    """The submitted revision."""

    id = serializers.UUIDField()
    submitted_at = serializers.DateTimeField()


class ConfirmationShape(Shape):
    """The confirmed suggestion."""

    confirmed_at = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class ViewingShape(Shape):
    """The recorded viewing time."""

    shown_ms = serializers.IntegerField()


class MarksShape(Shape):
    """Where the evidence of a suggestion is visible; intervals in seconds from the first sample."""

    tracing = serializers.IntegerField()
    text = serializers.CharField()
    leads = serializers.ListField(child=serializers.CharField(), help_text="Empty means all leads.")
    intervals_s = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="Start and end; equal for an instant.",
    )


class SuggestionShape(Shape):
    """A class that a model suggests."""

    evidence = serializers.CharField()
    marks = MarksShape(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class CheckShape(Shape):
    """A measurement compared with a limit."""

    measurement = serializers.CharField()
    comparison = serializers.ChoiceField(choices=["above", "below", "at_least", "at_most"])
    limit = serializers.FloatField()
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    decimals = serializers.IntegerField()
    n_beats = serializers.IntegerField()
    n_beats_found = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    missing = serializers.CharField(allow_null=True, help_text="Why there is no value.")


class VerdictShape(Shape):
    """What a model concludes about a class, and the measurements that decide it."""

    state = serializers.ChoiceField(choices=[state.value for state in State])
    reason = serializers.ChoiceField(choices=[reason.value for reason in Reason], allow_null=True)
    checks = CheckShape(many=True)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, and ``source``, an attribute of every serializer."""
        names = ("class", "source")
        return {**{name: serializers.CharField() for name in names}, **super().get_fields()}


class SuggestionsShape(Shape):
    """Suggestions of a model for an exam. The model checks only classes in `covered_classes`."""

    model = serializers.CharField()
    version = serializers.CharField()
    qt_correction = serializers.CharField(
        allow_blank=True,
        help_text="Blank if the model does not use the protocol's QT correction.",
    )
    covered_classes = serializers.ListField(child=serializers.CharField())
    suggestions = SuggestionShape(many=True)
    verdicts = VerdictShape(many=True, help_text="Empty if the model gives no verdicts.")
    measurements = Anything()


class AnswerShape(Shape):
    """The decision on a class."""

    answer = serializers.ChoiceField(choices=Answer.choices)
    overrules = serializers.BooleanField(
        help_text="Whether the readers agreed on the opposite answer."
    )
    reason = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class DecidedShape(Shape):
    """A decision on an exam."""

    stage = serializers.ChoiceField(choices=AdjudicationStage.choices)
    is_unreadable = serializers.BooleanField()
    answers = AnswerShape(many=True)
    comment = serializers.CharField()
