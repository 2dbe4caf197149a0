"""What is counted of the readings now, in which way readers divided themselves over the classes.

A scope is a batch, in the classes of the batch, or a whole study, in those that are in force and
with one vote of each reader (``batch`` is null). Counts are kept for sets of readers: a class of
which all readers of an exam say that it is absent has no row, and follows by subtraction.
The indexes of the constraints begin with the study, so that it needs none of its own.
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
    """Whose agreement: that of a batch, or with ``batch_id`` None that of a whole study."""

    study_id: int
    batch_id: int | None = None

    @property
    def is_study(self) -> bool:
        """Whether it is the whole study."""
        return self.batch_id is None

    def __str__(self) -> str:
        return f"study {self.study_id}" if self.is_study else f"batch {self.batch_id}"


def in_scope(scope: Scope) -> Q:
    """Return the condition for rows of ``scope``, which have a study and perhaps a batch."""
    return Q(study=scope.study_id, batch=scope.batch_id)


class UncountedExam(models.Model):
    """An exam of a batch whose readings changed and are to be counted anew.

    Triggers (migration 0021) insert these rows with the change itself, many for one exam if need
    be, so that people who submit at once never wait for each other. A worker counts and deletes.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="uncounted")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="+")
    n_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        indexes = [models.Index(name="uncounted_exam_next", fields=["n_attempts", "id"])]

    def __str__(self) -> str:
        return f"exam {self.exam_id} of batch {self.batch_id}, uncounted"


class ExamPattern(models.Model):
    """What is counted of one exam: the marker that makes every reading count once.

    ``states`` has one digit for each of ``readers``, in their order: 0 not assessable, 1 absent,
    2 present; and only those classes that not all of them call absent.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, null=True, related_name="+")
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="+")
    taxonomy = models.ForeignKey(
        Taxonomy, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    readers = ArrayField(models.BigIntegerField(), help_text="Who could read it, sorted.")
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
    """How many exams of a scope just these readers could read."""

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
    """In how many exams of a scope these readers said this of a class."""

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
