"""Incremental counts of the readers' answers for each class, from which agreement is computed.

A scope is a batch, with the classes of the batch, or a whole study (``batch`` is null), with
the classes in force and one vote per reader. Counts are kept per set of readers. A class that
all readers of an exam call absent has no row; its count follows by subtraction.

The indexes of the constraints start with the study, so the foreign key needs none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length

from .batch import Batch
from .exam import Exam
from .study import Study
from .taxonomy import DiagnosticClass, Taxonomy


@dataclass(frozen=True, slots=True)
class Scope:
    """What agreement is computed for: a batch, or a whole study if ``batch_id`` is None."""

    study_id: int
    batch_id: int | None = None

    @property
    def is_study(self) -> bool:
        return self.batch_id is None

    def __str__(self) -> str:
        return f"study {self.study_id}" if self.is_study else f"batch {self.batch_id}"


def in_scope(scope: Scope) -> Q:
    """Return the condition for rows of ``scope``. Their model has a study and a nullable batch."""
    return Q(study=scope.study_id, batch=scope.batch_id)


class UncountedExam(models.Model):
    """An exam of a batch that has to be counted because its readings or the classes changed.

    Triggers (migration 0021) insert these rows together with the change, possibly several per
    exam, so that people who submit at the same time never wait for each other. A worker counts
    the exam and deletes its rows.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="uncounted")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="+")
    n_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        indexes = [models.Index(name="uncounted_exam_next", fields=["n_attempts", "id"])]

    def __str__(self) -> str:
        return f"exam {self.exam_id} of batch {self.batch_id}, uncounted"


class ExamPattern(models.Model):
    """The answers that were counted for one exam. They are subtracted when it is counted again.

    ``states`` has one digit per reader, in the order of ``readers``: 0 not assessable,
    1 absent, 2 present. Classes that all of them call absent are left out.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="+")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="+")
    taxonomy = models.ForeignKey(
        Taxonomy, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    readers = ArrayField(
        models.BigIntegerField(), help_text="Ids of the readers who could read it, sorted."
    )
    states = models.JSONField(default=dict, help_text="{class: digits}")
    n_unreadable = models.PositiveSmallIntegerField(default=0)
    n_abstained = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="exam_pattern_once", fields=["study", "batch", "exam"], nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"pattern of exam {self.exam_id}"


class ReaderSetCount(models.Model):
    """How many exams of a scope were readable for exactly this set of readers."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="+")
    taxonomy = models.ForeignKey(
        Taxonomy, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    readers = ArrayField(models.BigIntegerField())
    n_exams = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="reader_set_once",
                fields=["study", "batch", "taxonomy", "readers"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="reader_set_has_readers", condition=~Q(readers__len=0)),
            models.CheckConstraint(name="reader_set_has_exams", condition=Q(n_exams__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.n_exams} exams of {self.readers}"


class PatternCount(models.Model):
    """In how many exams of a scope a set of readers gave certain answers about a class."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="+")
    diagnostic_class = models.ForeignKey(
        DiagnosticClass, on_delete=models.PROTECT, related_name="+"
    )
    readers = ArrayField(models.BigIntegerField())
    pattern = models.TextField(help_text="A digit for each reader, never all 1.")
    n_exams = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="pattern_count_once",
                fields=["study", "batch", "diagnostic_class", "readers", "pattern"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="pattern_count_has_exams", condition=Q(n_exams__gte=1)),
            models.CheckConstraint(
                name="pattern_is_of_known_states", condition=Q(pattern__regex=r"^[012]+$")
            ),
            models.CheckConstraint(
                name="pattern_is_not_all_absent", condition=~Q(pattern__regex=r"^1+$")
            ),
            models.CheckConstraint(
                name="pattern_has_a_state_for_each_reader",
                condition=Q(readers__len=Length("pattern")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.n_exams} times {self.pattern} of {self.readers}"
