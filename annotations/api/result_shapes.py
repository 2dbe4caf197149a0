"""The shape of what is answered to those who manage studies; tests hold every answer to it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.api.shapes import Anything, Shape, TracingLinkShape
from annotations.models import (
    Adjudication,
    Arm,
    ClassState,
    ClinicalInformation,
    OpenReason,
    Outcome,
    Phase,
    PriorExam,
    QtCorrection,
    ReaderKind,
    ReaderLevel,
    ResultsOpen,
    Sex,
    SuggestionPolicy,
)
from annotations.services.agreement.paired_errors import Caution, Missing
from ecgreview.agreement.accuracy.paired_errors import Undefined


class DatasetShape(Shape):
    """Where exams come from."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    licence = serializers.CharField()
    attribution = serializers.CharField()
    is_synthetic = serializers.BooleanField()
    n_exams = serializers.IntegerField()


class TracingShape(TracingLinkShape):
    """A tracing and what the import noticed about it."""

    sampling_rate_hz = serializers.FloatField()
    n_samples = serializers.IntegerField()
    missing_leads = serializers.ListField(child=serializers.CharField())
    remarks = serializers.ListField(child=serializers.JSONField())


class ExamShape(Shape):
    """An exam with its origin, for those who manage it."""

    code = serializers.CharField()
    dataset = serializers.IntegerField()
    source_key = serializers.CharField()
    age_years = serializers.FloatField(allow_null=True)
    sex = serializers.ChoiceField(choices=Sex.choices, allow_null=True)
    tracings = TracingShape(many=True)


class ArmShape(Shape):
    """One way of showing suggestions, and its share."""

    arm = serializers.ChoiceField(choices=Arm.choices)
    weight = serializers.IntegerField()


class QualificationShape(Shape):
    """Whether readers pass a set with reference answers first."""

    pass_mark = serializers.FloatField()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; a serializer keeps the word ``required`` for itself."""
        return {"required": serializers.BooleanField(), **super().get_fields()}


class StudyShape(Shape):
    """A study's phase, and the protocol that is in force."""

    slug = serializers.CharField()
    name = serializers.CharField()
    taxonomy = serializers.IntegerField()
    phase = serializers.ChoiceField(choices=Phase.choices)
    protocol_version = serializers.IntegerField()
    consensus_rule = serializers.CharField()
    readers_per_exam = serializers.IntegerField()
    results_open = serializers.ChoiceField(choices=ResultsOpen.choices)
    clinical_information = serializers.ChoiceField(choices=ClinicalInformation.choices)
    prior_exam = serializers.ChoiceField(choices=PriorExam.choices)
    suggestion_policy = serializers.ChoiceField(choices=SuggestionPolicy.choices)
    suggestion_arms = ArmShape(many=True)
    qt_correction = serializers.ChoiceField(choices=QtCorrection.choices)
    adjudication = serializers.ChoiceField(choices=Adjudication.choices)
    repeat_fraction = serializers.FloatField()
    washout_days = serializers.IntegerField()
    washout_exams = serializers.IntegerField()
    patient_gap = serializers.IntegerField()
    undo_window_s = serializers.IntegerField()
    minimum_reader_level = serializers.ChoiceField(choices=ReaderLevel.choices)
    qualification = QualificationShape()
    frequent_classes = serializers.ListField(child=serializers.CharField())
    order_seed_sha256 = serializers.CharField(help_text="Commits to the secret of the orders.")
    is_demo = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class BatchShape(Shape):
    """A batch; how far it is stays hidden from those who read in the study."""

    id = serializers.IntegerField()
    study = serializers.CharField()
    name = serializers.CharField()
    is_open = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    n_exams = serializers.IntegerField()
    n_readers = serializers.IntegerField()
    n_assigned = serializers.IntegerField()
    n_submitted = serializers.IntegerField(allow_null=True)


class ReaderProgressShape(Shape):
    """How far one reader is."""

    username = serializers.CharField(allow_null=True, help_text="Null but for coordinators.")
    name = serializers.CharField(help_text="A pseudonym within the study but for coordinators.")
    kind = serializers.ChoiceField(choices=ReaderKind.choices)
    n_assigned = serializers.IntegerField()
    n_submitted = serializers.IntegerField()


class ProgressShape(Shape):
    """How far the readers of a batch are."""

    readers = ReaderProgressShape(many=True)


class ReasonsField(serializers.DictField):
    """What the reasons of an answer mean."""

    def __init__(self, **options: Any) -> None:
        texts = "What each reason or caution of this answer means, by its code; in Accept-Language."
        super().__init__(child=serializers.CharField(), help_text=texts, **options)


class AgreementShape(Shape):
    """The agreement as last computed; `results` is null before the first time."""

    study = serializers.CharField()
    batch = serializers.IntegerField(allow_null=True, help_text="Null of a whole study.")
    is_due = serializers.BooleanField(help_text="Readings came in since; it is being recomputed.")
    version = serializers.IntegerField(allow_null=True)
    computed_at = serializers.DateTimeField(allow_null=True)
    taxonomy = serializers.CharField(allow_null=True)
    protocol_version = serializers.IntegerField(allow_null=True)
    inputs_digest = serializers.CharField(allow_null=True, help_text="SHA-256 of what was counted.")
    n_readings = serializers.IntegerField()
    results = Anything(allow_null=True)
    reasons = ReasonsField()


class AgreementPairsShape(Shape):
    """A line for each two readers: their table, and every measure with its interval."""

    version = serializers.IntegerField(allow_null=True)
    pairs = serializers.ListField(child=serializers.JSONField())
    reasons = ReasonsField()


class ErrorTestShape(Shape):
    """Two readers held against one reference in one class: McNemar on right and wrong.

    The tests take exams to be independent; `cautions` says where they are not.
    """

    readers = serializers.ListField(child=serializers.CharField(), help_text="Two pseudonyms.")
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=ReaderKind.choices))
    against = serializers.ChoiceField(choices=["reference", "consensus"])
    reference = serializers.CharField(help_text="A pseudonym; empty for the consensus.")
    n_exams = serializers.IntegerField(help_text="Both have read, and the reference tells of.")
    n = serializers.IntegerField(help_text="Of these, all three could assess the class.")
    both_right = serializers.IntegerField()
    first_right = serializers.IntegerField(help_text="Only the first is right.")
    second_right = serializers.IntegerField(help_text="Only the second is right.")
    both_wrong = serializers.IntegerField()
    chi2 = serializers.FloatField(allow_null=True, help_text="Without continuity correction.")
    p = serializers.FloatField(allow_null=True, help_text="Of chi2, one degree of freedom.")
    exact_p = serializers.FloatField(allow_null=True, help_text="Two-sided binomial.")
    holm_p = serializers.FloatField(
        allow_null=True, help_text="exact_p adjusted by Holm for the classes of this pair."
    )
    undefined = serializers.ChoiceField(
        choices=[one.value for one in Undefined], allow_null=True, help_text="Why there is no test."
    )
    cautions = serializers.ListField(
        child=serializers.ChoiceField(choices=[one.value for one in Caution])
    )

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; ``class`` is a word that Python keeps for itself."""
        return {"class": serializers.CharField(), **super().get_fields()}


class AgreementErrorsShape(Shape):
    """A line for each two readers, reference and class that any of the three gave."""

    version = serializers.IntegerField(allow_null=True)
    why_none = serializers.ChoiceField(
        choices=[one.value for one in Missing],
        allow_null=True,
        help_text="Why nobody is held against a reference.",
    )
    tests = ErrorTestShape(many=True)
    reasons = ReasonsField()


class ConsensusLabelShape(Shape):
    """A class that somebody gave, by how many, and whether the rule keeps it."""

    n_positive = serializers.IntegerField()
    n_readings = serializers.IntegerField()
    is_present = serializers.BooleanField()
    state = serializers.ChoiceField(choices=ClassState.choices)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; ``class`` is a word that Python keeps for itself."""
        return {"class": serializers.CharField(), **super().get_fields()}


class ConsensusShape(Shape):
    """What the rule of the study makes of an exam's readings."""

    exam = serializers.CharField()
    rule = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    reason = serializers.ChoiceField(
        choices=OpenReason.choices, allow_blank=True, help_text="Of a disputed or incomplete exam."
    )
    n_readings = serializers.IntegerField()
    n_wanted = serializers.IntegerField(help_text="Readings that are enough, adjudication aside.")
    n_unreadable = serializers.IntegerField()
    class_states = serializers.DictField(
        child=serializers.ChoiceField(choices=ClassState.choices),
        help_text="State by class, where it is not `rest_state`.",
    )
    rest_state = serializers.ChoiceField(
        choices=ClassState.choices, help_text="State of every other class."
    )
    adjudicated = serializers.ListField(
        child=serializers.CharField(), help_text="Disputed classes that adjudication decided."
    )
    computed_at = serializers.DateTimeField()
    labels = ConsensusLabelShape(many=True)
