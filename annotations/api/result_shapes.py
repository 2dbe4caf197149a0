"""Response serializers for people who manage studies. Tests check every response."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotations.api.shapes import Anything, DecidedShape, Shape, TracingLinkShape
from annotations.models import (
    AdjudicationMode,
    Arm,
    CaseKind,
    CellBasis,
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
    SignalQuality,
    SuggestionPolicy,
)
from ecgreview.agreement.accuracy.paired_errors import Caution, Missing, Undefined


class DatasetShape(Shape):
    """A data set of exams."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    licence = serializers.CharField()
    attribution = serializers.CharField()
    is_synthetic = serializers.BooleanField()
    n_exams = serializers.IntegerField()


class TracingShape(TracingLinkShape):
    """A tracing with the remarks made at import."""

    sampling_rate_hz = serializers.FloatField()
    n_samples = serializers.IntegerField()
    missing_leads = serializers.ListField(child=serializers.CharField())
    remarks = serializers.ListField(child=serializers.JSONField())


class ExamShape(Shape):
    """An exam with its origin, for users with permission to view exams."""

    code = serializers.CharField()
    dataset = serializers.IntegerField()
    source_key = serializers.CharField()
    age_years = serializers.FloatField(allow_null=True)
    sex = serializers.ChoiceField(choices=Sex.choices, allow_null=True)
    tracings = TracingShape(many=True)


class ArmShape(Shape):
    """One arm of a randomized suggestion policy."""

    arm = serializers.ChoiceField(choices=Arm.choices)
    weight = serializers.IntegerField()


class QualificationShape(Shape):
    """Whether readers must pass a qualification set before they read, and the pass mark."""

    pass_mark = serializers.FloatField()

    def get_fields(self) -> dict[str, Any]:
        """Add ``required``, which is an attribute of every serializer."""
        return {"required": serializers.BooleanField(), **super().get_fields()}


class StudyShape(Shape):
    """A study with its phase and its current protocol."""

    slug = serializers.CharField()
    name = serializers.CharField()
    taxonomy = serializers.IntegerField()
    phase = serializers.ChoiceField(choices=Phase.choices)
    protocol_version = serializers.IntegerField()
    consensus_rule = serializers.CharField()
    consensus_k = serializers.IntegerField()
    consensus_threshold = serializers.FloatField()
    readers_per_exam = serializers.IntegerField()
    results_open = serializers.ChoiceField(choices=ResultsOpen.choices)
    clinical_information = serializers.ChoiceField(choices=ClinicalInformation.choices)
    prior_exam = serializers.ChoiceField(choices=PriorExam.choices)
    suggestion_policy = serializers.ChoiceField(choices=SuggestionPolicy.choices)
    suggestion_arms = ArmShape(many=True)
    qt_correction = serializers.ChoiceField(choices=QtCorrection.choices)
    adjudication = serializers.ChoiceField(choices=AdjudicationMode.choices)
    repeat_fraction = serializers.FloatField()
    gold_fraction = serializers.FloatField()
    washout_days = serializers.IntegerField()
    washout_exams = serializers.IntegerField()
    patient_gap = serializers.IntegerField()
    undo_window_s = serializers.IntegerField()
    minimum_reader_level = serializers.ChoiceField(choices=ReaderLevel.choices)
    qualification = QualificationShape()
    frequent_classes = serializers.ListField(child=serializers.CharField())
    order_seed_sha256 = serializers.CharField(
        help_text="Commitment to the secret seed of all orders."
    )
    is_demo = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class BatchShape(Shape):
    """A batch; its progress is hidden from readers of the study."""

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
    """Progress of one reader."""

    username = serializers.CharField(
        allow_null=True, help_text="Null unless you are a coordinator."
    )
    name = serializers.CharField(
        help_text="A pseudonym within the study, unless you are a coordinator."
    )
    kind = serializers.ChoiceField(choices=ReaderKind.choices)
    n_assigned = serializers.IntegerField()
    n_submitted = serializers.IntegerField()


class ProgressShape(Shape):
    """Progress of the readers of a batch."""

    readers = ReaderProgressShape(many=True)


class ReasonsField(serializers.DictField):
    """Sentences for the reason codes in a response."""

    def __init__(self, **options: Any) -> None:
        texts = "Explanation of each reason and caution code, in the language of Accept-Language."
        super().__init__(child=serializers.CharField(), help_text=texts, **options)


class AgreementShape(Shape):
    """The latest agreement report that you may see; `results` is null if there is none."""

    study = serializers.CharField()
    batch = serializers.IntegerField(allow_null=True, help_text="Null for a whole study.")
    is_due = serializers.BooleanField(help_text="Whether newer readings are waiting to be counted.")
    version = serializers.IntegerField(allow_null=True)
    computed_at = serializers.DateTimeField(allow_null=True)
    taxonomy = serializers.CharField(allow_null=True)
    protocol_version = serializers.IntegerField(allow_null=True)
    inputs_digest = serializers.CharField(allow_null=True, help_text="SHA-256 of the input data.")
    n_readings = serializers.IntegerField()
    results = Anything(allow_null=True)
    reasons = ReasonsField()


class AgreementPairsShape(Shape):
    """One entry per pair of readers: its 2 x 2 table and all measures with confidence intervals."""

    version = serializers.IntegerField(allow_null=True)
    pairs = serializers.ListField(child=serializers.JSONField())
    reasons = ReasonsField()


class ErrorTestShape(Shape):
    """McNemar's test of two readers' errors in one class against one reference.

    The test assumes independent exams; `cautions` says where they may not be.
    """

    readers = serializers.ListField(child=serializers.CharField(), help_text="Two pseudonyms.")
    kinds = serializers.ListField(child=serializers.ChoiceField(choices=ReaderKind.choices))
    against = serializers.ChoiceField(choices=["reference", "consensus"])
    reference = serializers.CharField(help_text="A pseudonym; empty means the consensus.")
    n_exams = serializers.IntegerField(
        help_text="Exams that both readers read and that have a reference."
    )
    n = serializers.IntegerField(
        help_text="Exams, of n_exams, in which all three could assess the class."
    )
    both_right = serializers.IntegerField()
    first_right = serializers.IntegerField(
        help_text="Exams in which only the first reader is right."
    )
    second_right = serializers.IntegerField(
        help_text="Exams in which only the second reader is right."
    )
    both_wrong = serializers.IntegerField()
    chi2 = serializers.FloatField(allow_null=True, help_text="Without continuity correction.")
    p = serializers.FloatField(
        allow_null=True, help_text="P value of chi2 with one degree of freedom."
    )
    exact_p = serializers.FloatField(
        allow_null=True, help_text="P value of the two-sided binomial test."
    )
    holm_p = serializers.FloatField(
        allow_null=True, help_text="exact_p after Holm's adjustment for the classes of this pair."
    )
    undefined = serializers.ChoiceField(
        choices=[reason.value for reason in Undefined],
        allow_null=True,
        help_text="Why there is no test.",
    )
    cautions = serializers.ListField(
        child=serializers.ChoiceField(choices=[caution.value for caution in Caution])
    )

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class AgreementErrorsShape(Shape):
    """A test per pair of readers, reference and class, if at least one of the three reported it."""

    version = serializers.IntegerField(allow_null=True)
    why_none = serializers.ChoiceField(
        choices=[reason.value for reason in Missing],
        allow_null=True,
        help_text="Why there are no tests.",
    )
    tests = ErrorTestShape(many=True)
    reasons = ReasonsField()


class ConsensusLabelShape(Shape):
    """A class that readers reported, with the votes and the consensus."""

    n_positive = serializers.IntegerField()
    n_readings = serializers.IntegerField()
    is_present = serializers.BooleanField()
    state = serializers.ChoiceField(choices=ClassState.choices)

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, a Python keyword, which cannot be declared as an attribute."""
        return {"class": serializers.CharField(), **super().get_fields()}


class AdjudicationShape(DecidedShape):
    """What an adjudicator decided about an exam."""

    adjudicator = serializers.CharField(help_text="A pseudonym within the study.")
    mode = serializers.ChoiceField(choices=AdjudicationMode.choices)


class ConsensusShape(Shape):
    """The consensus of an exam under the rule of the study."""

    exam = serializers.CharField()
    rule = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    reason = serializers.ChoiceField(
        choices=OpenReason.choices,
        allow_blank=True,
        help_text="Set for disputed and incomplete exams.",
    )
    n_readings = serializers.IntegerField()
    n_wanted = serializers.IntegerField(
        help_text="Number of readings required, without adjudication."
    )
    n_unreadable = serializers.IntegerField()
    class_states = serializers.DictField(
        child=serializers.ChoiceField(choices=ClassState.choices),
        help_text="State of each class that differs from `rest_state`.",
    )
    rest_state = serializers.ChoiceField(
        choices=ClassState.choices, help_text="State of all other classes."
    )
    bases = serializers.DictField(
        child=serializers.ChoiceField(choices=CellBasis.choices),
        help_text="Why each class that a reader marked, or in `class_states`, has its state.",
    )
    rest_basis = serializers.ChoiceField(
        choices=CellBasis.choices,
        allow_blank=True,
        help_text="Why all other classes have `rest_state`.",
    )
    posteriors = serializers.DictField(
        child=serializers.FloatField(),
        help_text="P(present | votes) by class, for rules that estimate it.",
    )
    adjudicated = serializers.ListField(
        child=serializers.CharField(), help_text="Disputed classes decided by adjudication."
    )
    adjudications = AdjudicationShape(many=True, help_text="What adjudicators decided, in order.")
    quality = serializers.ChoiceField(
        choices=SignalQuality.choices,
        allow_blank=True,
        help_text="Consensus on the signal quality; empty if computed before this was stored.",
    )
    quality_votes = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="Number of readings by signal quality, without adjudications.",
    )
    problem_states = serializers.DictField(
        child=serializers.ChoiceField(choices=ClassState.choices),
        help_text="State of each signal problem that a reader named: `noise`, `noise:V1`.",
    )
    problem_votes = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="How many readers named each signal problem, without adjudications.",
    )
    computed_at = serializers.DateTimeField()
    labels = ConsensusLabelShape(many=True)


class CaseShape(Shape):
    """A class of an exam in the dispute queue."""

    kind = serializers.ChoiceField(choices=CaseKind.choices, help_text="Why it is listed.")
    basis = serializers.ChoiceField(
        choices=CellBasis.choices, allow_blank=True, help_text="Why the class has its state."
    )
    n_marked = serializers.IntegerField(help_text="Number of votes for the class.")
    n_votes = serializers.IntegerField(help_text="Number of votes for or against it.")
    posterior = serializers.FloatField(
        allow_null=True, help_text="P(present | votes), for rules that estimate it."
    )

    def get_fields(self) -> dict[str, Any]:
        """Add ``class``, which is a keyword."""
        code = serializers.CharField(
            allow_blank=True, help_text="Blank if the exam as a whole is listed."
        )
        return {"class": code, **super().get_fields()}


class DisputeShape(Shape):
    """An exam in the dispute queue of a study."""

    exam = serializers.CharField()
    dataset = serializers.CharField()
    source_key = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    n_disputed = serializers.IntegerField(help_text="Number of classes in dispute.")
    expected_errors = serializers.FloatField(
        help_text="Expected number of wrong labels among the classes that a reader marked."
    )
    is_sent = serializers.BooleanField(help_text="Whether it was assigned to an adjudicator.")
    cases = CaseShape(many=True)
