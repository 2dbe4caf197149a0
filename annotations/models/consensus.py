"""The labels that the study's consensus rule derives from its readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import BooleanField, F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from ecgreview.consensus import MIN_READINGS, Basis, Quality, Reason, State

from .batch import Batch
from .exam import Exam
from .protocol import ResultsOpen
from .study import UNSETTLED, Study
from .taxonomy import DiagnosticClass

if TYPE_CHECKING:
    from .people import User


class Outcome(models.TextChoices):
    """How the consensus on an exam was reached, or why there is none yet."""

    AGREEMENT = "agreement", _("All readers marked the same classes")
    MAJORITY = "majority", _("Decided by votes")
    DISPUTED = "disputed", _("Readers disagree")
    INCOMPLETE = "incomplete", _("Readings are missing")
    UNREADABLE = "unreadable", _("Unreadable")


class ClassState(models.TextChoices):
    PRESENT = State.PRESENT.value, _("Present")
    ABSENT = State.ABSENT.value, _("Absent")
    UNDECIDED = State.UNDECIDED.value, _("Undecided: readers disagree")
    INCOMPLETE = State.INCOMPLETE.value, _("Open: readings are missing")
    NOT_ASSESSED = State.NOT_ASSESSED.value, _("Not assessed")


class OpenReason(models.TextChoices):
    """Why an exam is disputed or incomplete."""

    READINGS_MISSING = Reason.READINGS_MISSING.value, _("Fewer readings than the protocol asks for")
    REREAD_PENDING = Reason.REREAD_PENDING.value, _("To be reread with the new classes")
    CLASSES_DISPUTED = Reason.CLASSES_DISPUTED.value, _("Readers disagree on a class")
    EXCLUSIVE_CLASSES = (
        Reason.EXCLUSIVE_CLASSES.value,
        _("Classes that exclude each other all have enough votes"),
    )
    IMPLIED_CLASS = (
        Reason.IMPLIED_CLASS.value,
        _("A class has enough votes, but not the class that it implies"),
    )
    READABILITY_DISPUTED = (
        Reason.READABILITY_DISPUTED.value,
        _("One of two readers marked the exam unreadable"),
    )
    NO_CLASS_SHARED = Reason.NO_CLASS_SHARED.value, _("No two readers marked the same class")


class CellBasis(models.TextChoices):
    """Why a class has its state."""

    UNANIMOUS = Basis.UNANIMOUS.value, _("All votes agree")
    MAJORITY = Basis.MAJORITY.value, _("Majority of the votes")
    ENOUGH_VOTES = Basis.ENOUGH_VOTES.value, _("As many votes as the rule asks for")
    TOO_FEW_VOTES = Basis.TOO_FEW_VOTES.value, _("Fewer votes than the rule asks for")
    SKILL = Basis.SKILL.value, _("Votes weighted by skill")
    POSTERIOR = Basis.POSTERIOR.value, _("Posterior probability")
    ADJUDICATION = Basis.ADJUDICATION.value, _("Adjudication")
    OVERRULED = Basis.OVERRULED.value, _("Agreement overruled in adjudication")
    TIE = Basis.TIE.value, _("Votes are tied")
    DISAGREEMENT = Basis.DISAGREEMENT.value, _("Readers disagree")
    SINGLE_VOTE = Basis.SINGLE_VOTE.value, _("Only one vote, and it is for the class")
    UNCERTAIN = Basis.UNCERTAIN.value, _("Posterior probability between the thresholds")
    NOT_IDENTIFIED = (
        Basis.NOT_IDENTIFIED.value,
        _("Votes are tied, and the readings do not support a posterior probability"),
    )
    EXCLUDED = Basis.EXCLUDED.value, _("A class that excludes it has enough votes too")
    IMPLIED = Basis.IMPLIED.value, _("A class has enough votes, but not the class that it implies")
    NO_CLASS_SHARED = Basis.NO_CLASS_SHARED.value, _("No two readers marked the same class")
    READABILITY = Basis.READABILITY.value, _("Readers disagree about whether the exam is readable")
    READINGS_MISSING = Basis.READINGS_MISSING.value, _("Readings are missing")
    REREAD_PENDING = Basis.REREAD_PENDING.value, _("To be reread with the new classes")
    NO_SECOND_VOTE = Basis.NO_SECOND_VOTE.value, _("Fewer than two readers assessed the class")
    NOT_DECIDABLE = Basis.NOT_DECIDABLE.value, _("Not decidable, according to adjudication")
    UNREADABLE = Basis.UNREADABLE.value, _("The exam is unreadable")


class CaseKind(models.TextChoices):
    """Why a class of an exam is in the dispute queue."""

    DISPUTE = "dispute", _("In dispute")
    MODEL = "model", _("A model contradicts unanimous readers")
    # The published label differs from what all readers answered, and nobody recorded why.
    REFERENCE = "reference", _("Overruled without a record")
    CONTRADICTION = "contradiction", _("Submitted with a class that excludes it")
    # Drawn at random from the exams with unanimous readers. Not stored; see Consensus.draw.
    SAMPLE = "sample", _("Random slice of unanimous exams")


STORED_KINDS = tuple(kind for kind in CaseKind if kind != CaseKind.SAMPLE)


class SignalQuality(models.TextChoices):
    """The consensus on the signal quality of an exam: a level, or why there is none."""

    GOOD = Quality.GOOD.value, _("Good")
    ACCEPTABLE = Quality.ACCEPTABLE.value, _("Acceptable")
    POOR = Quality.POOR.value, _("Poor")
    UNREADABLE = Quality.UNREADABLE.value, _("Unreadable")
    DISPUTED = Quality.DISPUTED.value, _("Readers disagree")
    INCOMPLETE = Quality.INCOMPLETE.value, _("Readings are missing")


# The outcomes that still need a decision.
OPEN = (Outcome.DISPUTED, Outcome.INCOMPLETE)


_SHA256 = "^[0-9a-f]{64}$"


def _has_values(name: str, conditions: str) -> Func:
    """Return the condition that column ``name`` is a JSON object with values as in a JSON path."""
    return Func(
        F(name),
        Value(f'strict $.type() == "object" && !exists($.* ? (!({conditions})))'),
        function="jsonb_path_match",
        output_field=BooleanField(),
    )


_IS_COUNT = '@.type() == "number" && @ >= 1'


def _is_one_of(choices: type[models.TextChoices]) -> str:
    return " || ".join(f'@ == "{value}"' for value in choices.values)


class ConsensusQuerySet(models.QuerySet["Consensus"]):
    def visible_to(self, user: User) -> ConsensusQuerySet:
        """Return the rows that ``user`` may see.

        They need the permission, the study's policy must have opened the results, and they must
        not be blinded (``BatchQuerySet.not_read_by``).
        """
        if not user.has_perm("annotations.view_consensus"):
            return self.none()
        opened = Batch.objects.all().with_open_results().not_read_by(user)
        return self.with_open_results().filter(study__in=opened.values("study"))

    def with_open_results(self) -> ConsensusQuerySet:
        """Return rows of studies in which all closed data batches have open results.

        Consensus combines all of these batches, so it would reveal results of a hidden one.
        """
        hidden = (
            Batch.objects.closed()
            .of_data()
            .filter(results_open=ResultsOpen.STUDY_LOCKED, study__phase__in=UNSETTLED)
        )
        return self.exclude(study__in=hidden.values("study"))


class Consensus(models.Model):
    """The outcome for one exam in one study. Derived from readings, never edited."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="consensus")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="consensus")
    rule = models.CharField(max_length=60)
    outcome = models.CharField(max_length=20, choices=Outcome)
    reason = models.CharField(max_length=30, choices=OpenReason, blank=True)
    n_readings = models.PositiveSmallIntegerField()
    n_wanted = models.PositiveSmallIntegerField(
        default=MIN_READINGS, help_text="Number of readings required, without adjudication."
    )
    n_unreadable = models.PositiveSmallIntegerField(default=0)
    not_assessable = models.JSONField(
        default=dict, blank=True, help_text="How many readings called each class not assessable."
    )
    unassessed = models.JSONField(
        default=dict, blank=True,
        help_text="How many readable readings and adjudications have no vote on each class.",
    )  # fmt: skip
    class_states = models.JSONField(
        default=dict, blank=True, help_text="State by class, where it is not rest_state."
    )
    rest_state = models.CharField(
        max_length=15, choices=ClassState, help_text="State of every other class."
    )
    bases = models.JSONField(
        default=dict,
        blank=True,
        help_text="Why each class that a reader marked, or that is in class_states, has its state.",
    )
    rest_basis = models.CharField(
        max_length=20, choices=CellBasis, blank=True, help_text="Why the others have rest_state."
    )
    posteriors = models.JSONField(
        default=dict,
        blank=True,
        help_text="P(present | votes) by class, for rules that estimate it.",
    )
    adjudicated = ArrayField(
        models.CharField(max_length=60),
        default=list,
        blank=True,
        help_text="Classes that were in dispute until adjudication decided them.",
    )
    quality = models.CharField(
        max_length=10,
        choices=SignalQuality,
        blank=True,
        help_text="Consensus on the signal quality; blank if computed before this was stored.",
    )
    quality_votes = models.JSONField(
        default=dict, blank=True, help_text="Number of readings by signal quality."
    )
    problem_states = models.JSONField(
        default=dict,
        blank=True,
        help_text="State of each signal problem that a reading names: noise, noise:V1 and so on.",
    )
    problem_votes = models.JSONField(
        default=dict, blank=True, help_text="How many readings name each signal problem."
    )
    inputs = models.CharField(
        max_length=64,
        blank=True,
        help_text="SHA-256 of what the row was computed from. The row is due when it differs.",
    )
    digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the row with its labels."
    )
    computed_at = models.DateTimeField()
    # Pages of the dispute queue sort and filter by these columns. A worker fills them in for rows
    # that were computed before they existed.
    expected_errors = models.FloatField(
        null=True, blank=True, help_text="Expected wrong labels among the marked classes."
    )
    n_disputed = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Number of classes in dispute."
    )
    n_cases = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Number of cases in the dispute queue."
    )
    draw = models.FloatField(
        null=True, blank=True, help_text="In the random slice if below the slice's share."
    )

    objects = ConsensusQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "consensus"
        constraints = [
            models.UniqueConstraint(name="consensus_once_per_exam", fields=["study", "exam"]),
            models.CheckConstraint(
                name="consensus_outcome_is_known", condition=Q(outcome__in=Outcome.values)
            ),
            models.CheckConstraint(
                name="consensus_open_gives_its_reason",
                condition=Q(outcome__in=OPEN, reason__in=OpenReason.values)
                | (~Q(outcome__in=OPEN) & Q(reason="")),
            ),
            models.CheckConstraint(
                name="consensus_rest_state_is_known", condition=Q(rest_state__in=ClassState.values)
            ),
            models.CheckConstraint(
                name="consensus_class_states_are_known",
                condition=_has_values("class_states", _is_one_of(ClassState)),
            ),
            models.CheckConstraint(
                name="consensus_bases_are_known",
                condition=_has_values("bases", _is_one_of(CellBasis))
                & (Q(rest_basis="") | Q(rest_basis__in=CellBasis.values)),
            ),
            models.CheckConstraint(
                name="consensus_posteriors_are_probabilities",
                condition=_has_values("posteriors", '@.type() == "number" && @ >= 0 && @ <= 1'),
            ),
            models.CheckConstraint(
                name="consensus_place_in_queue_is_whole",
                condition=Q(expected_errors=None, n_disputed=None, n_cases=None, draw=None)
                | Q(
                    expected_errors__isnull=False,
                    n_disputed__isnull=False,
                    n_cases__isnull=False,
                    draw__isnull=False,
                    expected_errors__gte=0,
                    n_cases__gte=F("n_disputed"),
                    draw__gte=0,
                    draw__lt=1,
                ),
            ),
            models.CheckConstraint(
                name="consensus_quality_is_known",
                condition=Q(quality="") | Q(quality__in=SignalQuality.values),
            ),
            models.CheckConstraint(
                name="consensus_signal_votes_are_counts",
                condition=_has_values("quality_votes", _IS_COUNT)
                & _has_values("problem_votes", _IS_COUNT),
            ),
            models.CheckConstraint(
                name="consensus_problem_states_are_known",
                condition=_has_values("problem_states", _is_one_of(ClassState)),
            ),
            models.CheckConstraint(
                name="consensus_digests_are_sha256",
                condition=Q(inputs="", digest="") | Q(inputs__regex=_SHA256, digest__regex=_SHA256),
            ),
        ]
        indexes = [
            models.Index(
                name="consensus_by_errors",
                fields=["study", "-expected_errors", "exam"],
                condition=Q(n_cases__gt=0),
            ),
            models.Index(
                name="consensus_by_disputes",
                fields=["study", "-n_disputed", "exam"],
                condition=Q(n_cases__gt=0),
            ),
            models.Index(
                name="consensus_by_draw",
                fields=["study", "draw"],
                condition=Q(outcome=Outcome.AGREEMENT),
            ),
            models.Index(name="consensus_not_queued", fields=["study"], condition=Q(n_cases=None)),
        ]

    def __str__(self) -> str:
        return f"consensus of {self.exam.code}"

    def state(self, code: str) -> str:
        """Return the state of one class, a value of ``ClassState``."""
        state: str = self.class_states.get(code, self.rest_state)
        return state

    def basis(self, code: str) -> str:
        """Return why one class has its state; empty if it was computed before this was stored."""
        basis: str = self.bases.get(code, self.rest_basis)
        return basis


class ConsensusScope(models.Model):
    """What the consensus on all exams of a study depended on when it was last computed.

    Only the owner of the tables can select these rows: they would reveal that others have read.
    """

    study = models.OneToOneField(
        Study, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="consensus_scope_is_a_digest", condition=Q(digest__regex="^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return f"scope of {self.study}"


class ConsensusLabel(models.Model):
    """A class that at least one reader marked in the exam, with its votes and the decision.

    ``n_readings`` counts readings with a vote on the class. It excludes those that call the
    exam unreadable or the class not assessable, and includes adjudicators only where the class
    was in dispute.
    """

    consensus = models.ForeignKey(Consensus, on_delete=models.CASCADE, related_name="labels")
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="consensus_labels"
    )
    n_positive = models.PositiveSmallIntegerField()
    n_readings = models.PositiveSmallIntegerField()
    is_present = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="consensus_label_once", fields=["consensus", "diagnostic_class"]
            ),
            models.CheckConstraint(
                name="consensus_votes_are_possible",
                condition=Q(n_positive__gte=1, n_positive__lte=F("n_readings")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.diagnostic_class.code} {self.n_positive}/{self.n_readings}"


class QueuedCase(models.Model):
    """A class of an exam that deserves a second look, and why.

    Derived with the consensus, never edited. ``diagnostic_class`` is null if the readability of
    the whole exam is in dispute.
    """

    # The study of the consensus, by which row-level security decides without a join.
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+", db_index=False)
    consensus = models.ForeignKey(Consensus, on_delete=models.CASCADE, related_name="cases")
    kind = models.CharField(max_length=15, choices=CaseKind)
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="queued_case_once",
                fields=["consensus", "kind", "diagnostic_class"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="queued_case_kind_is_stored", condition=Q(kind__in=STORED_KINDS)
            ),
            models.CheckConstraint(
                name="queued_case_has_a_class",
                condition=Q(diagnostic_class__isnull=False) | Q(kind=CaseKind.DISPUTE),
            ),
        ]
        indexes = [
            models.Index(name="queued_case_by_class", fields=["study", "diagnostic_class", "kind"]),
            models.Index(name="queued_case_by_kind", fields=["study", "kind"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} in consensus {self.consensus_id}"
