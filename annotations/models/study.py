"""Studies: their phase and the protocol in force."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from ecgreview.consensus import DEFAULT_K, DEFAULT_RULE, DEFAULT_THRESHOLD, Choice

from .protocol import (
    AdjudicationMode,
    BreakGlass,
    ClinicalInformation,
    Phase,
    PriorExam,
    QtCorrection,
    ResultsOpen,
    StudyReader,
    StudyReaderStatus,
    SuggestionPolicy,
)
from .taxonomy import Taxonomy
from .withheld import HasWithheld, SeedField

if TYPE_CHECKING:
    from .people import User

# One for each of the number keys 1 to 9.
MAX_FREQUENT_CLASSES = 9


def new_seed() -> str:
    """Return a random secret that determines readers' orders, arms and pseudonyms."""
    return secrets.token_hex(32)


class StudyQuerySet(models.QuerySet["Study"]):
    def visible_to(self, user: User) -> StudyQuerySet:
        """Return the studies that ``user`` may see: all with the permission, or none."""
        return self if user.has_perm("annotations.view_study") else self.none()

    def open(self) -> StudyQuerySet:
        """Return studies in which exams are being read."""
        return self.filter(phase=Phase.OPEN)

    def serving(self, user: User) -> StudyQuerySet:
        """Return open studies in which ``user`` is an active reader, so they get exams."""
        return self.open().filter(readers__user=user, readers__status=StudyReaderStatus.ACTIVE)

    def blinding(self, user: User) -> StudyQuerySet:
        """Return studies whose results are hidden from ``user`` because they read in them.

        This applies from the day they join the study until it is locked, even if no exams are
        waiting for them, unless they broke the glass. It also applies to an account while the
        person who vouches for it reads, so nobody can get around blinding with a second account.
        """
        glass = BreakGlass.objects.filter(study=OuterRef("study"), user=OuterRef("user"))
        lines = StudyReader.objects.filter(study=OuterRef("pk"), user__in=user.blinded_with)
        return self.filter(Exists(lines.exclude(Exists(glass))), phase__in=UNSETTLED)


SETTLED = (Phase.LOCKED, Phase.RELEASED)
UNSETTLED = (Phase.DRAFT, Phase.OPEN)


class Study(HasWithheld):
    """A study, and the protocol that is currently in force.

    The rules of a draft may change. Once the study is open they are frozen: a trigger
    (migration 0006) only accepts a change together with a new ``ProtocolVersion``.
    """

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(max_length=60)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.DRAFT)
    protocol_version = models.PositiveSmallIntegerField(default=1)
    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="studies")
    consensus_rule = models.CharField(max_length=60, default=DEFAULT_RULE)
    consensus_k = models.PositiveSmallIntegerField(
        default=DEFAULT_K, help_text="For the rule k_of_n: readers who must mark a class."
    )
    consensus_threshold = models.FloatField(
        default=DEFAULT_THRESHOLD,
        help_text="For rules with a posterior: the least posterior of a present class.",
    )
    readers_per_exam = models.PositiveSmallIntegerField(default=2)
    results_open = models.CharField(
        max_length=20, choices=ResultsOpen, default=ResultsOpen.BATCH_CLOSED
    )
    clinical_information = models.CharField(
        _("clinical information"),
        max_length=20,
        choices=ClinicalInformation,
        default=ClinicalInformation.AGE_AND_SEX,
    )
    prior_exam = models.CharField(max_length=10, choices=PriorExam, default=PriorExam.HIDDEN)
    suggestion_policy = models.CharField(
        _("suggestions"),
        max_length=20,
        choices=SuggestionPolicy,
        default=SuggestionPolicy.AFTER_COMMIT,
    )
    suggestion_arms = models.JSONField(
        default=list, blank=True, help_text="[{arm, weight}], under RANDOMISED only."
    )
    qt_correction = models.CharField(
        max_length=15, choices=QtCorrection, default=QtCorrection.BAZETT
    )
    adjudication = models.CharField(
        max_length=20, choices=AdjudicationMode, default=AdjudicationMode.MASKED
    )
    repeat_fraction = models.FloatField(default=0.0)
    gold_fraction = models.FloatField(
        default=0.0, help_text="Share of each reader's exams that are hidden gold exams."
    )
    washout_days = models.PositiveSmallIntegerField(default=14)
    washout_exams = models.PositiveSmallIntegerField(default=50)
    patient_gap = models.PositiveSmallIntegerField(default=10)
    undo_window_s = models.PositiveIntegerField(default=60)
    minimum_reader_level = models.PositiveSmallIntegerField(default=1)
    qualification_required = models.BooleanField(default=False)
    pass_mark = models.FloatField(default=0.8)
    frequent_classes = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    seed = SeedField(max_length=64, default=new_seed, editable=False)
    is_demo = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    objects = StudyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.UniqueConstraint(name="study_slug_once", fields=["slug"]),
            models.CheckConstraint(name="study_has_a_name", condition=~Q(name="") & ~Q(slug="")),
            models.CheckConstraint(
                name="study_suggestion_policy_is_known",
                condition=Q(suggestion_policy__in=SuggestionPolicy.values),
            ),
            models.CheckConstraint(
                name="study_clinical_information_is_known",
                condition=Q(clinical_information__in=ClinicalInformation.values),
            ),
            models.CheckConstraint(
                name="study_prior_exam_is_known", condition=Q(prior_exam__in=PriorExam.values)
            ),
            models.CheckConstraint(
                name="study_qt_correction_is_known",
                condition=Q(qt_correction__in=QtCorrection.values),
            ),
            models.CheckConstraint(
                name="study_phase_is_known", condition=Q(phase__in=Phase.values)
            ),
            models.CheckConstraint(
                name="study_phase_matches_its_dates",
                condition=Q(phase=Phase.DRAFT, opened_at=None)
                | Q(phase=Phase.OPEN, opened_at__isnull=False, locked_at=None)
                | Q(
                    phase=Phase.LOCKED,
                    locked_at__gte=F("opened_at"),
                    released_at=None,
                )
                | Q(phase=Phase.RELEASED, released_at__gte=F("locked_at")),
            ),
            models.CheckConstraint(
                name="study_has_readers_per_exam", condition=Q(readers_per_exam__gte=1)
            ),
            models.CheckConstraint(
                name="study_consensus_parameters_are_valid",
                condition=Q(
                    consensus_k__gte=1, consensus_threshold__gte=0.5, consensus_threshold__lt=1
                ),
            ),
            models.CheckConstraint(
                name="study_repeats_at_most_half",
                condition=Q(repeat_fraction__gte=0, repeat_fraction__lte=0.5),
            ),
            models.CheckConstraint(
                name="study_gold_at_most_a_fifth",
                condition=Q(gold_fraction__gte=0, gold_fraction__lte=0.2),
            ),
            models.CheckConstraint(
                name="study_pass_mark_is_a_fraction",
                condition=Q(pass_mark__gte=0, pass_mark__lte=1),
            ),
            models.CheckConstraint(
                name="study_arms_when_randomised",
                condition=Q(suggestion_policy=SuggestionPolicy.RANDOMIZED) ^ Q(suggestion_arms=[]),
            ),
            models.CheckConstraint(
                name="study_results_open_is_known", condition=Q(results_open__in=ResultsOpen.values)
            ),
            models.CheckConstraint(
                name="study_adjudication_is_known",
                condition=Q(adjudication__in=AdjudicationMode.values),
            ),
            models.CheckConstraint(
                name="study_frequent_classes_fit_the_keys",
                condition=Q(frequent_classes__len__lte=MAX_FREQUENT_CLASSES),
            ),
        ]
        permissions = [("export_study", "Can export a study's consensus and readings")]

    def __str__(self) -> str:
        return self.name

    @property
    def consensus_choice(self) -> Choice:
        """The consensus rule with its parameters."""
        return Choice(self.consensus_rule, self.consensus_k, self.consensus_threshold)

    @property
    def is_draft(self) -> bool:
        """Whether its rules may still be changed without an amendment."""
        return self.phase == Phase.DRAFT

    @property
    def is_open(self) -> bool:
        return self.phase == Phase.OPEN

    @property
    def is_settled(self) -> bool:
        """Whether the study is locked or released, so nobody reads in it anymore."""
        return self.phase in SETTLED
