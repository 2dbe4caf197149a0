"""The labels that follow from the readings by the rule of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ecgreview.consensus import LEAST_READINGS

from .batch import Batch
from .exam import Exam
from .protocol import ResultsOpen
from .study import UNSETTLED, Study
from .taxonomy import DiagnosticClass

if TYPE_CHECKING:
    from .people import User


class Outcome(models.TextChoices):
    """How the rule came to the labels of an exam."""

    AGREEMENT = "agreement", _("All readers gave the same classes")
    MAJORITY = "majority", _("Classes given by at least two readers")
    UNDECIDED = "undecided", _("Undecided: needs another reading")
    UNREADABLE = "unreadable", _("Unreadable")


class ConsensusQuerySet(models.QuerySet["Consensus"]):
    """Which consensus rows."""

    def visible_to(self, user: User) -> ConsensusQuerySet:
        """Return those ``user`` may see.

        By permission, when the policy of the study opens them, and of studies that they do not
        read in.
        """
        if not user.has_perm("annotations.view_consensus"):
            return self.none()
        opened = Batch.objects.all().with_open_results().not_read_by(user)
        return self.with_open_results().filter(study__in=opened.values("study"))

    def with_open_results(self) -> ConsensusQuerySet:
        """Return those of studies all of whose closed batches have open results.

        A consensus is made from all of them: one that must be hidden would be told by the others.
        """
        hidden = (
            Batch.objects.closed()
            .of_data()
            .filter(results_open=ResultsOpen.STUDY_LOCKED, study__phase__in=UNSETTLED)
        )
        return self.exclude(study__in=hidden.values("study"))


class Consensus(models.Model):
    """The outcome of one exam in one study; derived from readings, never edited."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="consensus")
    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="consensus")
    rule = models.CharField(max_length=60)
    outcome = models.CharField(max_length=20, choices=Outcome)
    reason = models.TextField(blank=True)
    n_readings = models.PositiveSmallIntegerField()
    n_unreadable = models.PositiveSmallIntegerField(default=0)
    not_assessable = models.JSONField(
        default=dict, blank=True, help_text="By how many readings, for each class that any said."
    )
    computed_at = models.DateTimeField()

    objects = ConsensusQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "consensus"
        constraints = [
            models.UniqueConstraint(name="consensus_once_per_exam", fields=["study", "exam"]),
            models.CheckConstraint(
                name="consensus_outcome_is_known", condition=Q(outcome__in=Outcome.values)
            ),
        ]

    def __str__(self) -> str:
        return f"consensus of {self.exam.code}"

    def is_told(self, code: str) -> bool:
        """Whether enough readings could tell if the class is present: fewer decide nothing."""
        n_untold: int = self.not_assessable.get(code, 0)
        return not n_untold or self.n_readings - self.n_unreadable - n_untold >= LEAST_READINGS


class ConsensusLabel(models.Model):
    """A class that readers gave to the exam: how many did, and whether the rule keeps it.

    Its ``n_readings`` are those that could tell: who said that the class is not assessable is none
    of them.
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
